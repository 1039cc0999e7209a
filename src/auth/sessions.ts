/**
 * Sessions: one a login, ended by logout, by age, or when a stolen refresh token gives itself away.
 *
 * A refresh token is used once. Its owner and a thief can't both hold the newest one, so a token older than the one
 * just replaced means that two parties use the family, and the family ends. The one just replaced is answered with
 * the same successor for a short while: parallel tabs and lost answers are not theft.
 */
import { v7 } from "uuid";
import type { Principal, Role } from "../platform/http/route.ts";
import type { Logger } from "../platform/logger.ts";
import type { Queryable } from "../platform/postgres.ts";
import { ACCESS_SECONDS, type AccessTokens } from "./access-tokens.ts";
import type { RefreshToken, RefreshTokens } from "./refresh-tokens.ts";
import type { Revocations } from "./revocations.ts";
import type { Store } from "./store.ts";

const SESSION_SECONDS = 30 * 24 * 60 * 60;
const REPLAY_SECONDS = 30;

/** What a client gets that proves its session. */
export interface Credentials {
  readonly sessionId: string;
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  /** The `Set-Cookie` value of the refresh token. */
  readonly cookie: string;
}

export type RefreshOutcome =
  | { readonly ok: true; readonly credentials: Credentials }
  | { readonly ok: false; readonly reason: "REFRESH_INVALID" };

export interface Sessions {
  open(on: Queryable, userId: string, role: Role): Promise<Credentials>;
  refresh(token: RefreshToken): Promise<RefreshOutcome>;
  /** Ends a session here at once and on the other gateways with their next poll; ending it twice is no error. */
  end(sessionId: string): Promise<void>;
}

export interface SessionDeps {
  readonly store: Store;
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly revocations: Pick<Revocations, "add">;
  readonly log: Logger;
}

const INVALID: RefreshOutcome = { ok: false, reason: "REFRESH_INVALID" };

export function createSessions({
  store,
  accessTokens,
  refreshTokens,
  revocations,
  log,
}: SessionDeps): Sessions {
  function issue(principal: Principal, generation: number, secondsLeft: number): Credentials {
    return {
      sessionId: principal.sessionId,
      accessToken: accessTokens.sign("access", principal, ACCESS_SECONDS),
      expiresInSeconds: ACCESS_SECONDS,
      cookie: refreshTokens.toCookie({ sessionId: principal.sessionId, generation }, secondsLeft),
    };
  }

  async function revoke(sessionId: string, reason: "logout" | "reuse"): Promise<void> {
    const revocation = await store.revokeSession(sessionId, reason);
    if (revocation) revocations.add(revocation);
  }

  return {
    async open(on, userId, role) {
      const sessionId = v7();
      await store.insertSession(on, sessionId, userId, SESSION_SECONDS);
      return issue({ userId, role, sessionId }, 0, SESSION_SECONDS);
    },

    async refresh({ sessionId, generation }) {
      const successor = generation + 1;
      const rotated = await store.rotateSession(sessionId, generation);
      if (rotated) {
        const { userId, role, secondsLeft } = rotated;
        return { ok: true, credentials: issue({ userId, role, sessionId }, successor, secondsLeft) };
      }
      const session = await store.findSession(sessionId);
      // A number above the newest is ours too: the database was restored from a backup. Nobody stole anything.
      if (!session?.live || session.generation < successor) return INVALID;
      if (session.generation === successor && session.secondsSinceRotation <= REPLAY_SECONDS) {
        const { userId, role, secondsLeft } = session;
        return { ok: true, credentials: issue({ userId, role, sessionId }, successor, secondsLeft) };
      }
      await revoke(sessionId, "reuse");
      log.warn("a replaced refresh token was used again; its session was ended", {
        sessionId,
        userId: session.userId,
      });
      return INVALID;
    },

    end: (sessionId) => revoke(sessionId, "logout"),
  };
}
