import { expect } from "chai";
import { createAdvisoryLocks } from "../../src/platform/advisory-locks.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import { loadScripts } from "../../src/platform/scripts.ts";
import { LUA_FOLDER } from "../../src/queue/index.ts";
import { createJournaller } from "../../src/queue/journaller.ts";
import { KEY_NAMES, keyOf } from "../../src/queue/keys.ts";
import { createLineStore, type LineStore } from "../../src/queue/line-store.ts";
import { markEnded } from "../../src/queue/queue-store.ts";
import { eventually } from "../support/wait.ts";
import { newFan, type OpenQueue, openHouse, type QueueHouse } from "./support.ts";

const log = createLogger("test", "silent");

describe("journaller", () => {
  let house: QueueHouse;
  let gateway: OpenQueue;
  let store: LineStore;
  before(async () => {
    house = await openHouse();
    gateway = await house.openQueue();
    store = createLineStore(house.redis, loadScripts(LUA_FOLDER));
  });
  after(async () => {
    await gateway.close();
    await house.close();
  });

  const openJournaller = (on: LineStore) =>
    createJournaller({
      db: house.db,
      store: on,
      log,
      metrics: createMetrics(),
      liveHolds: async () => [],
      onCommitted: () => undefined,
    });

  async function join(queueId: string): Promise<string> {
    const fan = newFan();
    expect(await gateway.queue.room.join(queueId, fan, null)).to.include({ ok: true });
    return fan;
  }

  it("a rebuilding · of a queue that has been loaded meanwhile · leaves it as it is", async () => {
    const { queueId } = await house.newQueue();
    const fan = await join(queueId);
    expect(await store.beginRebuild(queueId, "token", 0)).to.equal(false);
    expect(await store.isLoaded(queueId)).to.equal(true);
    expect(await gateway.queue.room.view(queueId, fan)).to.include({ ok: true });
    expect(await store.beginRebuild(queueId, "token", 1)).to.equal(true);
    expect(await store.isLoaded(queueId)).to.equal(false);
  });

  it("a queue loaded, its answer lost on the way · is not made again under those who joined since", async () => {
    const { queueId } = await house.newQueueRow();
    let cuts = 0;
    const journaller = openJournaller({
      ...store,
      async load(...args) {
        const loaded = await store.load(...args);
        const isLast = args[3];
        if (isLast && cuts++ === 0) throw new Error("Connection is closed.");
        return loaded;
      },
    });
    const fault = await journaller.follow(queueId, await store.tick(queueId, 0)).catch(String);
    expect(fault).to.equal("Error: Connection is closed.");
    const fan = await join(queueId);
    for (let round = 0; round < 2; round += 1) await journaller.follow(queueId, await store.tick(queueId, 0));
    expect(await gateway.queue.room.view(queueId, fan)).to.have.nested.property("view.epoch", 1);
    expect(await house.db("queue_journal").where({ queue_id: queueId, kind: "join" })).to.have.length(1);
  });

  it("a queue that Redis lost · after its rebuilding was cut off · is made from the journal all the same", async () => {
    const { queueId } = await house.newQueue();
    const fan = await join(queueId);
    let cuts = 0;
    const journaller = openJournaller({
      ...store,
      async load(...args) {
        if (cuts++ === 0) throw new Error("Connection is closed.");
        return store.load(...args);
      },
    });
    await journaller.follow(queueId, await store.tick(queueId, 0));
    await house.redis.unlink(KEY_NAMES.map((name) => keyOf(queueId, name)));
    const fault = await journaller.follow(queueId, await store.tick(queueId, 0)).catch(String);
    expect(fault).to.equal("Error: Connection is closed.");
    for (let round = 0; round < 2; round += 1) await journaller.follow(queueId, await store.tick(queueId, 0));
    expect(await gateway.queue.room.view(queueId, fan)).to.include({ ok: true });
    expect((await store.summary(queueId))?.epoch).to.be.above(1);
  });

  it("a queue that Redis lost · back from an older file meanwhile · is made from the journal all the same", async () => {
    const { queueId } = await house.newQueue();
    const keys = KEY_NAMES.map((name) => keyOf(queueId, name));
    const journaller = openJournaller(store);
    await journaller.follow(queueId, await store.tick(queueId, 0));
    const file = await Promise.all(keys.map((key) => house.redis.dumpBuffer(key)));
    const fan = await join(queueId);
    await journaller.follow(queueId, await store.tick(queueId, 0));
    await house.redis.unlink(keys);
    const answer = await store.tick(queueId, 0);
    for (const [index, key] of keys.entries()) {
      const kept = file[index];
      if (kept) await house.redis.restore(key, 0, kept);
    }
    await journaller.follow(queueId, answer);
    expect((await store.summary(queueId))?.epoch).to.equal(2);
    expect(await gateway.queue.room.view(queueId, fan)).to.include({ ok: true });
  });

  it("an epoch that PostgreSQL has forgotten · is not used again", async () => {
    const { queueId } = await house.newQueue();
    await house.db("queues").where({ id: queueId }).update({ epoch: 0 });
    const fan = await join(queueId);
    await openJournaller(store).follow(queueId, await store.tick(queueId, 0));
    expect((await store.summary(queueId))?.epoch).to.equal(2);
    expect(await gateway.queue.room.view(queueId, fan)).to.include({ ok: true });
  });

  it("a closed queue · with other settings or another journal than those by which it is over · is not ended", async () => {
    const { queueId } = await house.newQueue();
    await house.db.transaction((trx) => gateway.queue.close(trx, queueId, "operator"));
    await gateway.queue.apply(queueId);
    const journaller = openJournaller(store);
    await journaller.follow(queueId, await store.tick(queueId, 0));
    const { isOver, version, epoch, tick, number } = await store.tick(queueId, 0);
    expect(isOver).to.equal(true);
    const end = { version, epoch, tick, journalLength: number };
    const isEnded = async () => (await house.db("queues").where({ id: queueId }).first()).ended_at !== null;
    for (const older of [
      { ...end, version: version - 1 },
      { ...end, epoch: epoch - 1 },
      { ...end, tick: tick - 1 },
      { ...end, journalLength: number - 1 },
    ]) {
      await markEnded(house.db, queueId, older);
      expect(await isEnded(), JSON.stringify(older)).to.equal(false);
    }
    await markEnded(house.db, queueId, end);
    expect(await isEnded()).to.equal(true);
  });

  it("an empty queue · is ended once its own clock closes it, not by that of a worker which is ahead", async () => {
    const closesAt = new Date(Date.now() + 3_600_000).toISOString();
    const { queueId } = await house.newQueue({ closesAt });
    const isEnded = async () => (await house.db("queues").where({ id: queueId }).first()).ended_at !== null;
    const { now } = Date;
    const locks = createAdvisoryLocks(house.databaseUrl, log);
    Date.now = () => now() + 7_200_000;
    const worker = gateway.queue.startAdmission(locks);
    try {
      const idleTicks = async () => Number(await house.redis.hget(keyOf(queueId, "state"), "tickAt"));
      const since = await idleTicks();
      await eventually(async () => (await idleTicks()) > since + 1_000_000, {
        timeoutMs: 15_000,
        what: "two ticks with nobody there",
      });
      expect(await isEnded()).to.equal(false);
      await house.db.transaction((trx) => gateway.queue.close(trx, queueId, "operator"));
      await gateway.queue.apply(queueId);
      await eventually(isEnded, { timeoutMs: 15_000, what: "the end of a closed queue" });
    } finally {
      Date.now = now;
      await worker.close();
      await locks.close();
    }
  });
});
