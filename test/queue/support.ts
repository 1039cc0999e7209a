/** A queue on real Redis and PostgreSQL, without HTTP: what the tests of this room build on. */
import { randomUUID } from "node:crypto";
import { v7 as uuidv7 } from "uuid";
import { loadConfig } from "../../src/config.ts";
import { createAdvisoryLocks } from "../../src/platform/advisory-locks.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import { type Database, openDatabase } from "../../src/platform/postgres.ts";
import {
  closeRedis,
  openRedis,
  openSubscriber,
  type RedisClient,
  type RedisSettings,
} from "../../src/platform/redis.ts";
import { createReleaser } from "../../src/platform/releaser.ts";
import type { ScriptFolder } from "../../src/platform/scripts.ts";
import { createQueue, type Queue } from "../../src/queue/index.ts";
import { type NewQueueSettings, newSettings } from "../../src/queue/settings.ts";
import { type TestDatabase, testServers } from "../support/servers.ts";

export interface QueueHouse {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly db: Database;
  readonly redis: RedisClient;
  /** A gateway's or a worker's view of the queues, with connections of its own. */
  openQueue(scripts?: ScriptFolder): Promise<OpenQueue>;
  /** A performance with a queue, loaded into Redis. */
  newQueue(settings?: Partial<NewQueueSettings>): Promise<{ queueId: string; performanceId: string }>;
  /** The same, not loaded yet. */
  newQueueRow(
    settings?: Partial<NewQueueSettings>,
    drawSeed?: Buffer,
  ): Promise<{ queueId: string; performanceId: string }>;
  close(): Promise<void>;
}

export interface OpenQueue {
  readonly queue: Queue;
  /** Ticks and journals until it is closed. */
  startWorker(): { close(): Promise<void> };
  close(): Promise<void>;
}

const log = createLogger("test", "silent");

/** @param own another Redis than that of the run, or a cluster. */
export async function openHouse(own?: RedisSettings): Promise<QueueHouse> {
  const servers = await testServers();
  const database: TestDatabase = await servers.createDatabase();
  const releaser = createReleaser();
  releaser.add("database", () => database.drop());
  const db = openDatabase(database.url, 5, "test-queue");
  releaser.add("pool", () => db.destroy());
  const settings = own ?? { redisUrl: servers.redisUrl, redisCluster: [] };
  const redis = await openRedis(settings, log);
  releaser.add("redis", () => closeRedis(redis));
  const setUp = await openQueue();
  releaser.add("queue", () => setUp.close());

  async function openQueue(scripts?: ScriptFolder): Promise<OpenQueue> {
    const inner = createReleaser();
    const config = loadConfig({ DATABASE_URL: database.url, REDIS_URL: servers.redisUrl, NODE_ENV: "test" });
    const ownRedis = await openRedis(settings, log);
    inner.add("redis", () => closeRedis(ownRedis));
    const subscriber = await openSubscriber(settings, log);
    inner.add("subscriber", () => closeRedis(subscriber));
    const queue = createQueue({
      db,
      redis: ownRedis,
      subscriber,
      config,
      log,
      metrics: createMetrics(),
      releaseHolds: async () => ({ ok: true }),
      liveHolds: async () => [],
      ...(scripts ? { scripts } : {}),
    });
    inner.add("queue", () => queue.stop());
    return {
      queue,
      startWorker() {
        const locks = createAdvisoryLocks(database.url, log);
        const worker = queue.startAdmission(locks);
        let stopped: Promise<void> | undefined;
        const close = () => {
          stopped ??= worker.close().then(() => locks.close());
          return stopped;
        };
        inner.add("worker", close);
        return { close };
      },
      close: () => inner.release(),
    };
  }

  async function newQueueRow(overrides: Partial<NewQueueSettings> = {}, drawSeed?: Buffer) {
    const queueId = uuidv7();
    const performanceId = uuidv7();
    const made = newSettings({
      opensAt: new Date(Date.now() - 60_000).toISOString(),
      ratePerMinute: 600,
      maxActive: 100,
      arrivalSeconds: 30,
      sessionSeconds: 60,
      graceSeconds: 30,
      ...overrides,
    });
    if (!made.ok) throw new Error(JSON.stringify(made.errors));
    await db.transaction(async (trx) => {
      const eventId = uuidv7();
      await trx("events").insert({ id: eventId, title: "Test", venue: "Here" });
      await trx("performances").insert({
        id: performanceId,
        event_id: eventId,
        starts_at: new Date(Date.now() + 86_400_000),
        currency: "KRW",
        hold_seconds: 60,
        max_seats_per_fan: 4,
        seat_count: 100,
        queue_id: queueId,
      });
      const { settings } = made;
      await setUp.queue.createQueue(trx, {
        queueId,
        performanceId,
        settings,
        ...(drawSeed ? { drawSeed } : {}),
      });
    });
    return { queueId, performanceId };
  }

  return {
    databaseUrl: database.url,
    redisUrl: servers.redisUrl,
    db,
    redis,
    openQueue,
    newQueueRow,
    async newQueue(overrides = {}) {
      const made = await newQueueRow(overrides);
      await setUp.queue.initialise(made.queueId);
      return made;
    },
    close: () => releaser.release(),
  };
}

export const newFan = (): string => randomUUID();
