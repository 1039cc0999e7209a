import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { type AdvisoryLocks, createAdvisoryLocks, lockKey } from "../../src/platform/advisory-locks.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { lockName } from "../../src/queue/admission.ts";
import { eventually, latch } from "../support/wait.ts";
import { newFan, type OpenQueue, openHouse, type QueueHouse } from "./support.ts";

describe("join", () => {
  let house: QueueHouse;
  let gateway: OpenQueue;
  before(async () => {
    house = await openHouse();
    gateway = await house.openQueue();
    gateway.startWorker();
  });
  after(async () => {
    await gateway.close();
    await house.close();
  });

  it("join · with room inside and nobody waiting · admits at once", async () => {
    const { queueId } = await house.newQueue();
    const outcome = await gateway.queue.room.join(queueId, newFan(), null);
    expect(outcome).to.have.nested.property("view.state", "admitted");
  });

  it("join · at once after a queue was made that a worker was already loading · is not refused", async () => {
    const { queueId } = await house.newQueueRow();
    const worker = await house.db.transaction();
    await worker.raw("SELECT pg_advisory_xact_lock(?::bigint)", [lockKey(lockName(queueId))]);
    let over = false;
    const made = gateway.queue.initialise(queueId).finally(() => {
      over = true;
    });
    await sleep(200);
    const wasOver = over;
    await worker.rollback();
    await made;
    expect(wasOver).to.equal(false);
    expect(await gateway.queue.room.join(queueId, newFan(), null)).to.include({ ok: true });
  });

  it("join · when the building is full · waits in the order of joining and is admitted as slots come free", async () => {
    const { queueId } = await house.newQueue({ maxActive: 2, ratePerMinute: 6_000 });
    const fans = Array.from({ length: 6 }, newFan);
    const views = [];
    for (const fan of fans) {
      const outcome = await gateway.queue.room.join(queueId, fan, null);
      if (!outcome.ok) throw new Error(outcome.reason);
      views.push(outcome.view);
    }
    expect(views.map(({ state }) => state)).to.deep.equal([
      "admitted",
      "admitted",
      "waiting",
      "waiting",
      "waiting",
      "waiting",
    ]);
    expect(views.map(({ position }) => position)).to.deep.equal([null, null, 1, 2, 3, 4]);
    await gateway.queue.room.leave(queueId, fans[0]!);
    await eventually(
      async () => {
        const view = await gateway.queue.room.view(queueId, fans[2]!);
        return view.ok && view.view.state === "admitted";
      },
      { timeoutMs: 5_000, what: "the third fan to be admitted" },
    );
    const fourth = await gateway.queue.room.view(queueId, fans[3]!);
    expect(fourth).to.have.nested.property("view.position", 1);
    const claim = await gateway.queue.room.claim(queueId, fans[2]!);
    expect(claim).to.include({ ok: true });
    expect(await gateway.queue.room.claim(queueId, fans[2]!)).to.deep.equal(claim);
  });

  it("join · when the account already waits · returns the same place", async () => {
    const { queueId } = await house.newQueue({ maxActive: 1 });
    await gateway.queue.room.join(queueId, newFan(), null);
    const fan = newFan();
    const first = await gateway.queue.room.join(queueId, fan, null);
    const second = await gateway.queue.room.join(queueId, fan, null);
    expect(second).to.include({ ok: true, isNew: false });
    expect(second).to.have.nested.property("view.ticketId", first.ok && first.view.ticketId);
    expect(second).to.have.nested.property("view.ticket", first.ok && first.view.ticket);
  });
});

describe("join · beside a worker that has just started", () => {
  let house: QueueHouse;
  let gateway: OpenQueue;
  before(async () => {
    house = await openHouse();
    gateway = await house.openQueue();
  });
  after(async () => {
    await gateway.close();
    await house.close();
  });

  it("join · after a worker saw that there is no queue yet, before it has its lock · is not forgotten by it", async () => {
    const { queueId } = await house.newQueueRow();
    const log = createLogger("test", "silent");
    const locks = createAdvisoryLocks(house.databaseUrl, log);
    const [asked, mayHold, held] = [latch(), latch(), latch()];
    const slow: AdvisoryLocks = {
      ...locks,
      async tryHold(name) {
        asked.open();
        await mayHold.opened;
        const isHeld = await locks.tryHold(name);
        if (isHeld) held.open();
        return isHeld;
      },
    };
    const { queue } = gateway;
    const worker = queue.startAdmission(slow);
    try {
      await asked.opened;
      await queue.initialise(queueId);
      const fan = newFan();
      const joined = await queue.room.join(queueId, fan, null);
      mayHold.open();
      await held.opened;
      await eventually(
        async () => (await house.db("queue_journal").where({ queue_id: queueId, kind: "join" })).length === 1,
        { what: "the join in the journal" },
      );
      const view = await queue.room.view(queueId, fan);
      expect(joined).to.include({ ok: true });
      expect(view).to.have.nested.property("view.epoch", 1);
    } finally {
      mayHold.open();
      await worker.close();
      await locks.close();
    }
  });
});
