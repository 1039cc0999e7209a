/**
 * The auth room: accounts, sessions and the tokens that prove them.
 *
 * It owns the tables `users` and `sessions` and the Redis keys under `fastpass:auth:`. Other rooms ask it who is
 * calling (`authenticate`, `verifyAccessToken`) and use a fan's row as the lock that orders what one fan does.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Config } from "../config.ts";
import { Problem } from "../platform/errors.ts";
import type { Principal, Route } from "../platform/http/route.ts";
import type { Logger } from "../platform/logger.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Database, Transaction } from "../platform/postgres.ts";
import type { RedisClient } from "../platform/redis.ts";
import { bearerToken, createAccessTokens, STREAM_SECONDS, type TokenOutcome } from "./access-tokens.ts";
import { createAccounts } from "./accounts.ts";
import { type Administration, createAdministration, type Fan } from "./administration.ts";
import { createLoginFailures, DEFAULT_RULE, type FailureRule, noLoginLimit } from "./login-failures.ts";
import { createPageSessions, type PageSessions } from "./page-sessions.ts";
import { createPasswordHasher, DEFAULT_BOUNDS, type HashingBounds } from "./passwords.ts";
import { createPruner } from "./pruner.ts";
import { createRefreshTokens } from "./refresh-tokens.ts";
import { createRevocations } from "./revocations.ts";
import { createRoutes } from "./routes.ts";
import { createSessions } from "./sessions.ts";
import { createStore } from "./store.ts";

export type { TokenOutcome, TokenRefusal } from "./access-tokens.ts";
export type { Administration, CreateAccountOutcome, Fan, NewAccount } from "./administration.ts";
export type { FailureRule } from "./login-failures.ts";
export type { PageLogin, PageSessions } from "./page-sessions.ts";
export type { HashingBounds } from "./passwords.ts";
export type { StaffMember, User } from "./store.ts";

export type OperatorOutcome = "created" | "exists" | "not_operator";

export interface Auth {
  readonly routes: readonly Route[];
  /** For pages without script. */
  readonly pageSessions: PageSessions;
  /** @throws Problem (401) when the bearer token is missing, no good, or its session was ended. */
  authenticate(request: { readonly headers: IncomingHttpHeaders }): Principal;
  /** The same for a bare access token, as sockets carry it; the refusal is a value. */
  verifyAccessToken(token: string): TokenOutcome;
  /** A token for the operator's stream, good for 60 s; it ends with the session it was made in. */
  issueStreamToken(principal: Principal): { readonly token: string; readonly expiresInSeconds: number };
  /** Only the signature, the audience and the session are judged; the role is for the caller to look at. */
  verifyStreamToken(token: string): TokenOutcome;
  /**
   * Locks the fan's row until the transaction ends, so that what one fan does happens one after another.
   * @throws Problem (401) when the account no longer exists.
   */
  lockFan(trx: Transaction, userId: string): Promise<void>;
  /** The same for several, waiting for nobody. @returns those whose row was there and could be locked. */
  lockFans(trx: Transaction, userIds: readonly string[]): Promise<string[]>;
  /** @returns null for an unknown account. */
  nameOf(userId: string): Promise<string | null>;
  /**
   * Makes the operator account if its email is free. An account that exists is left as it is, whatever its role or
   * password: it may belong to a stranger who signed up with that address. That case is logged and answered
   * `not_operator`.
   * @throws Error naming the setting when the email or the password can't be used.
   */
  ensureOperator(email: string, password: string): Promise<OperatorOutcome>;
  /** Fans for load tests, with access tokens good for a day. @throws in production. */
  createFans(count: number): Promise<Fan[]>;
  /** Loads the revoked sessions and begins to follow them. @throws when the database can't be read. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface AuthDeps {
  readonly db: Database;
  readonly redis: RedisClient;
  readonly config: Pick<Config, "accessKey" | "refreshKey" | "environment" | "limits">;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, "accounts">;
  /** How much hashing is taken on at once; made small by tests. */
  readonly hashing?: HashingBounds;
  /** When repeated wrong passwords are refused; made small by tests. */
  readonly loginFailures?: FailureRule;
}

export function createAuth(deps: AuthDeps): Auth {
  const { db, redis, config, log, metrics } = deps;
  const production = config.environment === "production";
  const store = createStore(db);
  const hasher = createPasswordHasher(deps.hashing ?? DEFAULT_BOUNDS, (count) =>
    metrics.accounts.hashQueue.set(count),
  );
  const revocations = createRevocations(store, log);
  const pruner = createPruner(store, log);
  const accessTokens = createAccessTokens(config.accessKey, revocations.has);
  const refreshTokens = createRefreshTokens(config.refreshKey, production);
  const sessions = createSessions({ store, accessTokens, refreshTokens, revocations, log });
  const failures = config.limits
    ? createLoginFailures(redis, log, deps.loginFailures ?? DEFAULT_RULE)
    : noLoginLimit;
  const accounts = createAccounts({ db, store, hasher, sessions, failures, logins: metrics.accounts.logins });
  const administration = createAdministration({ db, store, hasher, accessTokens, production });
  const verifyAccessToken = (token: string) => accessTokens.verify("access", token);

  return {
    routes: createRoutes({ accounts, sessions, refreshTokens, store, verifyAccessToken }),
    authenticate({ headers }) {
      const token = bearerToken(headers.authorization);
      if (!token) throw new Problem("UNAUTHENTICATED");
      const outcome = verifyAccessToken(token);
      if (!outcome.ok) throw new Problem(outcome.reason);
      return outcome.principal;
    },
    pageSessions: createPageSessions({
      key: config.refreshKey,
      secure: production,
      accounts,
      sessions,
      store,
    }),
    verifyAccessToken,
    issueStreamToken: (principal) => ({
      token: accessTokens.sign("stream", principal, STREAM_SECONDS),
      expiresInSeconds: STREAM_SECONDS,
    }),
    verifyStreamToken: (token) => accessTokens.verify("stream", token),
    async lockFan(trx, userId) {
      if (!(await store.lockUser(trx, userId))) {
        throw new Problem("TOKEN_REVOKED", { detail: "The account no longer exists." });
      }
    },
    lockFans: (trx, userIds) => store.lockUsers(trx, userIds),
    nameOf: async (userId) => (await store.findUser(userId))?.name ?? null,
    ensureOperator: (email, password) => ensureOperator(administration, log, email, password),
    async createFans(count) {
      const fans: Fan[] = [];
      for await (const batch of administration.makeFans(count)) fans.push(...batch);
      return fans;
    },
    async start() {
      await Promise.all([revocations.start(), hasher.prepare()]);
      pruner.start();
    },
    async close() {
      await Promise.all([revocations.stop(), pruner.stop()]);
    },
  };
}

async function ensureOperator(
  administration: Administration,
  log: Logger,
  email: string,
  password: string,
): Promise<OperatorOutcome> {
  const outcome = await administration.createAccount({ email, password, name: "Operator", role: "operator" });
  if (outcome.ok) {
    log.info("operator account made", { userId: outcome.userId });
    return "created";
  }
  if (outcome.reason === "VALIDATION_FAILED") {
    throw new Error(
      `FASTPASS_OPERATOR_EMAIL and FASTPASS_OPERATOR_PASSWORD can't be used: ${outcome.message}`,
    );
  }
  if (outcome.reason === "BUSY") throw new Error("the hashing queue is full");
  if (outcome.role === "operator") return "exists";
  log.warn("FASTPASS_OPERATOR_EMAIL names an account that is no operator; it was left as it is", {
    role: outcome.role,
  });
  return "not_operator";
}

/** What the command line needs of this room: no Redis, no polling. */
export function createAccountAdministration(
  db: Database,
  config: Pick<Config, "accessKey" | "environment">,
): Administration {
  return createAdministration({
    db,
    store: createStore(db),
    hasher: createPasswordHasher(DEFAULT_BOUNDS, () => undefined),
    accessTokens: createAccessTokens(config.accessKey, () => false),
    production: config.environment === "production",
  });
}
