/** The beat of a worker while Redis is away, and after Redis forgot what an operator had decided. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { loadConfig } from "../../src/config.ts";
import { createAdvisoryLocks } from "../../src/platform/advisory-locks.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import { COMMAND_TIMEOUT_MS, openSubscriber } from "../../src/platform/redis.ts";
import { loadScripts } from "../../src/platform/scripts.ts";
import { startAdmission } from "../../src/queue/admission.ts";
import { createCredentials } from "../../src/queue/credentials.ts";
import { createConductor } from "../../src/queue/draw/conductor.ts";
import { LUA_FOLDER } from "../../src/queue/index.ts";
import { KEY_NAMES, keyOf } from "../../src/queue/keys.ts";
import { createLineStore, type LineStore } from "../../src/queue/line-store.ts";
import { readHead } from "../../src/queue/log-head.ts";
import { eventually, latch } from "../support/wait.ts";
import { newFan, type OpenQueue, openHouse, type QueueHouse } from "./support.ts";

const log = createLogger("test", "silent");

describe("admission", () => {
  let house: QueueHouse;
  let gateway: OpenQueue;
  let store: LineStore;
  const config = loadConfig({
    DATABASE_URL: "postgres://unused",
    REDIS_URL: "redis://unused",
    NODE_ENV: "test",
  });
  const credentials = createCredentials(config.ticketKey, config.passPrivateKey);
  before(async () => {
    house = await openHouse();
    gateway = await house.openQueue();
    store = createLineStore(house.redis, loadScripts(LUA_FOLDER));
  });
  after(async () => {
    await gateway.close();
    await house.close();
  });

  /** @param change what of its store is not as it should be. */
  async function startWorker(change: Partial<LineStore> = {}) {
    const subscriber = await openSubscriber({ redisUrl: house.redisUrl, redisCluster: [] }, log);
    const locks = createAdvisoryLocks(house.databaseUrl, log);
    const { drawKey } = config;
    const worker = startAdmission({
      db: house.db,
      subscriber,
      store: { ...store, ...change },
      locks,
      conductor: createConductor({ db: house.db, store, drawKey, beaconSource: "", beaconSeconds: 5, log }),
      log,
      metrics: createMetrics(),
      credentials,
      liveHolds: async () => [],
    });
    return async () => {
      await worker.close();
      await locks.close();
      subscriber.disconnect();
    };
  }

  /** Queues whose part of Redis can't be reached: that is known after some milliseconds. */
  function without(away: ReadonlySet<string>, afterMs = 0): Partial<LineStore> {
    const unlessAway =
      <Rest extends unknown[], Answer>(ask: (queueId: string, ...rest: Rest) => Promise<Answer>) =>
      async (queueId: string, ...rest: Rest): Promise<Answer> => {
        if (!away.has(queueId)) return ask(queueId, ...rest);
        if (afterMs > 0) await sleep(afterMs);
        throw new Error("Connection is closed.");
      };
    return {
      time: unlessAway(store.time),
      tick: unlessAway(store.tick),
      configure: unlessAway(store.configure),
    };
  }

  const stateOf = async (queueId: string, field: string) =>
    Number(await house.redis.hget(keyOf(queueId, "state"), field));
  const nextTick = async (queueId: string) => {
    const since = await stateOf(queueId, "tickAt");
    await eventually(async () => (await stateOf(queueId, "tickAt")) > since, { what: "a tick" });
  };
  const rowOf = (queueId: string) => house.db("queues").where({ id: queueId }).first();

  async function join(queueId: string): Promise<string> {
    const fan = newFan();
    expect(await gateway.queue.room.join(queueId, fan, null)).to.include({ ok: true });
    return fan;
  }

  it("a closing put off while Redis is away · ends nobody when it is back after the hour that was set first", async () => {
    const closing = Date.now() + 2_000;
    const { queueId } = await house.newQueue({
      closesAt: new Date(closing).toISOString(),
      ratePerMinute: 1,
      maxActive: 1,
    });
    await join(queueId);
    const fan = await join(queueId);
    const away = new Set<string>();
    const close = await startWorker(without(away));
    try {
      await nextTick(queueId);
      away.add(queueId);
      // In force nowhere but in PostgreSQL.
      await house.db.transaction((trx) =>
        gateway.queue.changeSettings(trx, queueId, { closesAt: new Date(closing + 3_600_000).toISOString() }),
      );
      await eventually(() => Date.now() > closing + 500, { what: "the first closing" });
      away.delete(queueId);
      await nextTick(queueId);
      expect(await store.attach(queueId, fan, "")).to.have.nested.property("view.state", "W");
      expect(await stateOf(queueId, "version")).to.equal((await rowOf(queueId)).version);
    } finally {
      await close();
    }
  });

  it("a queue that can't be reached · does not keep the worker from those that can", async () => {
    const { queueId: unreachable } = await house.newQueue();
    const { queueId } = await house.newQueue();
    const close = await startWorker(without(new Set([unreachable])));
    try {
      await nextTick(queueId);
      expect(await stateOf(unreachable, "tick")).to.equal(0);
    } finally {
      await close();
    }
  });

  it("more queues than are served at once that answer late that they can't be reached · do not keep it either", async () => {
    const silent = new Set<string>();
    while (silent.size < 20) silent.add((await house.newQueue()).queueId);
    const { queueId } = await house.newQueue();
    const close = await startWorker(without(silent, COMMAND_TIMEOUT_MS));
    try {
      for (let ticks = 0; ticks < 3; ticks += 1) await nextTick(queueId);
    } finally {
      await close();
    }
  });

  it("ended queues that Redis lost, asked for all at once · keep no tick from a queue that goes on", async () => {
    const ended: string[] = [];
    while (ended.length < 20) ended.push((await house.newQueueRow()).queueId);
    await house.db("queues").whereIn("id", ended).update({ ended_at: house.db.fn.now() });
    const { queueId } = await house.newQueue();
    const [begun, goOn] = [latch(), latch()];
    const close = await startWorker({
      async beginRebuild(...args) {
        begun.open();
        await goOn.opened;
        return store.beginRebuild(...args);
      },
    });
    try {
      await nextTick(queueId);
      for (const id of ended) expect((await gateway.queue.status(id))?.phase).to.equal("recovering");
      await begun.opened;
      for (let ticks = 0; ticks < 3; ticks += 1) await nextTick(queueId);
      goOn.open();
      for (const id of ended) await eventually(() => store.isLoaded(id), { what: "an ended queue" });
    } finally {
      goOn.open();
      await close();
    }
  });

  it("a pause that Redis forgot · is in force again", async () => {
    const { queueId } = await house.newQueue();
    const close = await startWorker();
    try {
      await nextTick(queueId);
      const version = await stateOf(queueId, "version");
      await house.db.transaction((trx) => gateway.queue.setPaused(trx, queueId, true, "operator"));
      await gateway.queue.apply(queueId);
      const pausedAt = await stateOf(queueId, "pausedAt");
      await eventually(async () => (await stateOf(queueId, "tickAt")) > pausedAt + 2_000_000, {
        what: "a worker that has seen the pause",
      });
      await house.redis.hset(keyOf(queueId, "state"), { version, paused: 0, pausedAt: 0 });
      await eventually(async () => (await stateOf(queueId, "paused")) === 1, { what: "the pause" });
    } finally {
      await close();
    }
  });

  it("a queue that has ended · signed its whole log, and is made again for whoever asks when Redis lost it", async () => {
    const { queueId } = await house.newQueue({ ratePerMinute: 1, maxActive: 1 });
    const first = await join(queueId);
    const fan = await join(queueId);
    const close = await startWorker();
    try {
      await eventually(() => readHead(house.db, queueId), { what: "a first signed head" });
      await house.db.transaction((trx) => gateway.queue.close(trx, queueId, "operator"));
      await gateway.queue.apply(queueId);
      // Whoever is inside may stay after the closing.
      await gateway.queue.room.leave(queueId, first);
      await eventually(async () => (await rowOf(queueId)).ended_at !== null, {
        timeoutMs: 15_000,
        what: "the end",
      });
      const [, claims = ""] = ((await readHead(house.db, queueId)) ?? "").split(".");
      const { number } = JSON.parse(Buffer.from(claims, "base64url").toString());
      expect(number).to.equal((await rowOf(queueId)).journal_length);
      await house.redis.unlink(KEY_NAMES.map((name) => keyOf(queueId, name)));
      await eventually(async () => (await gateway.queue.status(queueId))?.phase === "closed", {
        what: "the queue",
      });
      expect(await store.attach(queueId, fan, "")).to.have.nested.property("view.state", "E");
    } finally {
      await close();
    }
  });
});
