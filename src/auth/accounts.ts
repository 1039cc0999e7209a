/**
 * Sign-up and login.
 *
 * A login must not tell whether an account exists: unknown emails are looked up, hashed against a decoy and counted
 * exactly as known ones with a wrong password. (Sign-up does tell, by EMAIL_TAKEN; its limit by address bounds that.)
 */
import { v7 } from "uuid";
import type { Counter } from "../platform/metrics.ts";
import { type Database, DEFAULT_LIMITS, inTransaction } from "../platform/postgres.ts";
import type { LimitState, LoginFailures } from "./login-failures.ts";
import type { Busy, PasswordHasher } from "./passwords.ts";
import type { Credentials, Sessions } from "./sessions.ts";
import type { Store, User, UserWithHash } from "./store.ts";

export type SignUpOutcome =
  | { readonly ok: true; readonly user: User; readonly credentials: Credentials }
  | { readonly ok: false; readonly reason: "EMAIL_TAKEN" }
  | Busy;

export type LogInOutcome =
  | { readonly ok: true; readonly user: User; readonly credentials: Credentials }
  | {
      readonly ok: false;
      readonly reason: "BAD_CREDENTIALS" | "RATE_LIMITED";
      readonly limit: LimitState | null;
    }
  | Busy;

export interface Accounts {
  signUp(input: { email: string; password: string; name: string }): Promise<SignUpOutcome>;
  /** @param input the email in its one spelling; `address` is the client's. */
  logIn(input: { email: string; password: string; address: string }): Promise<LogInOutcome>;
}

export interface AccountDeps {
  readonly db: Database;
  readonly store: Store;
  readonly hasher: PasswordHasher;
  readonly sessions: Sessions;
  readonly failures: LoginFailures;
  /** Labelled `outcome`: ok, bad_credentials, rate_limited, busy. */
  readonly logins: Counter<"outcome">;
}

export function createAccounts({ db, store, hasher, sessions, failures, logins }: AccountDeps): Accounts {
  async function checkPassword(email: string, password: string): Promise<LogInOutcome> {
    const found = await store.findUserByEmail(email);
    const checked = await hasher.verify(found?.passwordHash ?? null, password);
    if (!checked.ok) return checked;
    if (!found || !checked.matches) return { ok: false, reason: "BAD_CREDENTIALS", limit: null };
    const user = withoutHash(found);
    return { ok: true, user, credentials: await sessions.open(db, user.id, user.role) };
  }

  async function logIn({
    email,
    password,
    address,
  }: Parameters<Accounts["logIn"]>[0]): Promise<LogInOutcome> {
    const attempt = await failures.begin(email, address);
    if (!attempt.allowed) return { ok: false, reason: "RATE_LIMITED", limit: attempt.state };
    let result: "right" | "wrong" | "undecided" = "undecided";
    try {
      const outcome = await checkPassword(email, password);
      if (outcome.ok) result = "right";
      if (outcome.ok || outcome.reason !== "BAD_CREDENTIALS") return outcome;
      result = "wrong";
      return { ...outcome, limit: attempt.state };
    } finally {
      await attempt.settle(result);
    }
  }

  return {
    async signUp({ email, password, name }) {
      // Asked first: an address that is taken needs no hash. The insert decides.
      if (await store.findUserByEmail(email)) return { ok: false, reason: "EMAIL_TAKEN" };
      const hashed = await hasher.hash(password);
      if (!hashed.ok) return hashed;
      const user: User = { id: v7(), email, name, role: "fan" };
      const credentials = await inTransaction(db, DEFAULT_LIMITS, async (trx) => {
        const inserted = await store.insertUser(trx, { ...user, passwordHash: hashed.hash });
        return inserted ? sessions.open(trx, user.id, user.role) : null;
      });
      return credentials ? { ok: true, user, credentials } : { ok: false, reason: "EMAIL_TAKEN" };
    },
    async logIn(input) {
      const outcome = await logIn(input);
      logins.inc({ outcome: outcome.ok ? "ok" : outcome.reason.toLowerCase() });
      return outcome;
    },
  };
}

function withoutHash({ passwordHash: _, ...user }: UserWithHash): User {
  return user;
}
