/** What every room stands on, opened together and closed through one releaser. */
import type { Config } from "../config.ts";
import { type Availability, watchAvailability } from "./http/availability.ts";
import { createLockService, type LockService } from "./lock.ts";
import { createLogger, type ProcessLogger } from "./logger.ts";
import { createMetrics, type Metrics, NO_LABELS } from "./metrics.ts";
import { type Database, openDatabase, poolState } from "./postgres.ts";
import {
  closeRedis,
  measureRoundTrips,
  openRedis,
  openSubscriber,
  type RedisClient,
  refuseEviction,
} from "./redis.ts";
import type { Releaser } from "./releaser.ts";
import { StartError } from "./start-error.ts";
import { startTracing } from "./tracing/index.ts";

export interface Platform {
  readonly config: Config;
  readonly log: ProcessLogger;
  readonly metrics: Metrics;
  readonly db: Database;
  /** Commands; refused at once while Redis is away. */
  readonly redis: RedisClient;
  /** Subscriptions only. */
  readonly subscriber: RedisClient;
  readonly locks: LockService;
  /** Whether both stores answer. */
  readonly availability: Availability;
  readonly releaser: Releaser;
}

/** More than the longest statement takes; a ping, less: its connection says first that PostgreSQL is there again. */
const SILENCE_MS = 90_000;
const PING_SILENCE_MS = 10_000;

/**
 * Connects to PostgreSQL and Redis.
 * @param service names the process in logs and in `pg_stat_activity`: `gateway` or `worker`.
 * @param releaser gets the closing of all that was opened, also when a later step fails.
 * @throws StartError with what to do when one of them can't be used.
 */
export async function openPlatform(config: Config, service: string, releaser: Releaser): Promise<Platform> {
  const log = createLogger(service, config.logLevel);
  const metrics = createMetrics();
  if (config.traces) {
    const tracing = await startTracing(config.traces, service, config.tracesShare);
    releaser.add("traces", () => tracing.stop());
  }
  const name = `fastpass-${service}`;
  const db = openDatabase(config.databaseUrl, config.databasePoolSize, name, log, SILENCE_MS);
  releaser.add("postgres", () => db.destroy());
  metrics.postgres.pool.watch(() => {
    const { used, free } = poolState(db);
    return [
      [{ state: "used" }, used],
      [{ state: "free" }, free],
    ];
  });
  metrics.postgres.waiting.watch(() => [[NO_LABELS, poolState(db).waiting]]);
  await connected("PostgreSQL", "DATABASE_URL", () => db.raw("SELECT 1"));
  const redis = await connected("Redis", "REDIS_URL", () => openRedis(config, log));
  releaser.add("redis", () => closeRedis(redis));
  measureRoundTrips(redis, metrics.redis.roundTripSeconds);
  await connected("Redis", "REDIS_URL", () => refuseEviction(redis, log));
  const subscriber = await connected("Redis", "REDIS_URL", () => openSubscriber(config, log));
  releaser.add("redis subscriber", () => closeRedis(subscriber));
  const locks = createLockService({
    urls: config.redlockUrls.length > 0 ? config.redlockUrls : [config.redisUrl],
    cluster: config.redlockUrls.length > 0 ? [] : config.redisCluster,
    enabled: config.redlock,
    log,
    waitSeconds: metrics.locks.waitSeconds,
    attempts: metrics.locks.attempts,
  });
  releaser.add("lock nodes", () => locks.close());
  // A connection of its own: a pool that is merely busy must not look like a database that is away.
  const pingDb = openDatabase(config.databaseUrl, 1, `${name}-ping`, log, PING_SILENCE_MS);
  releaser.add("postgres ping", () => pingDb.destroy());
  const availability = watchAvailability({
    database: async () => pingDb.raw("SELECT 1"),
    queue: () => redis.ping(),
  });
  releaser.add("availability", () => availability.stop());
  return { config, log, metrics, db, redis, subscriber, locks, availability, releaser };
}

async function connected<T>(what: string, setting: string, open: () => PromiseLike<T>): Promise<T> {
  try {
    return await open();
  } catch (cause) {
    if (cause instanceof StartError) throw cause;
    throw new StartError(
      `${what} does not answer (${(cause as Error).message}); start it or correct ${setting}.`,
      { cause },
    );
  }
}
