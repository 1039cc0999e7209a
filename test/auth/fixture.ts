/** The auth room as one gateway has it, on the run's real PostgreSQL and Redis. */
import { randomBytes } from "node:crypto";
import request from "supertest";
import { type Auth, type AuthDeps, createAuth } from "../../src/auth/index.ts";
import { type Config, loadConfig } from "../../src/config.ts";
import { createLogger, type Logger } from "../../src/platform/logger.ts";
import { createMetrics, type Metrics } from "../../src/platform/metrics.ts";
import { type Database, openDatabase } from "../../src/platform/postgres.ts";
import { closeRedis, openRedis, type RedisClient } from "../../src/platform/redis.ts";
import { serveRoutes } from "../support/http.ts";

export interface Gateway {
  readonly auth: Auth;
  readonly url: string;
  readonly db: Database;
  readonly redis: RedisClient;
  readonly config: Config;
  readonly metrics: Metrics;
  close(): Promise<void>;
}

export interface GatewayOptions extends Pick<AuthDeps, "hashing" | "loginFailures"> {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly limits?: boolean;
  readonly environment?: Config["environment"];
  readonly trustProxy?: boolean;
  /** Silent when absent. */
  readonly log?: Logger;
}

export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const settings = loadConfig({
    NODE_ENV: "test",
    DATABASE_URL: options.databaseUrl,
    REDIS_URL: options.redisUrl,
  });
  const config = { ...settings, limits: options.limits ?? false, environment: options.environment ?? "test" };
  const log = options.log ?? createLogger("test", "silent");
  const metrics = createMetrics();
  const db = openDatabase(config.databaseUrl, 5, "auth-test");
  const redis = await openRedis(config, log);
  const { hashing, loginFailures } = options;
  const auth = createAuth({ db, redis, config, log, metrics, hashing, loginFailures });
  await auth.start();
  const served = await serveRoutes(auth.routes, auth.authenticate, {
    limits: config.limits,
    trustProxy: options.trustProxy,
  });
  return {
    auth,
    url: served.url,
    db,
    redis,
    config,
    metrics,
    close: async () => {
      await served.close();
      await auth.close();
      await closeRedis(redis);
      await db.destroy();
    },
  };
}

export const PASSWORD = "correct horse battery";

export function newEmail(): string {
  return `${randomBytes(8).toString("hex")}@example.com`;
}

export interface SignedUp {
  readonly userId: string;
  readonly email: string;
  readonly accessToken: string;
  /** As a `Cookie` header. */
  readonly cookie: string;
}

export async function signUp(url: string): Promise<SignedUp> {
  const email = newEmail();
  const { body, headers } = await post(url, "/auth/signup")
    .send({ email, password: PASSWORD, name: "Fan" })
    .expect(201);
  return { userId: body.user.id, email, accessToken: body.accessToken, cookie: cookieOf(headers) };
}

export function post(url: string, path: string) {
  return request(url).post(`/api/v1${path}`);
}

export function me(url: string, accessToken: string) {
  return request(url).get("/api/v1/me").set("Authorization", `Bearer ${accessToken}`);
}

/** The refresh cookie an answer sets, as the client sends it back. */
export function cookieOf(headers: Record<string, unknown>): string {
  const [cookie = ""] = headers["set-cookie"] as string[];
  return cookie.slice(0, cookie.indexOf(";"));
}
