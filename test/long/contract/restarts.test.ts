/** Each process restarted by itself, and a Redis that lost everything. */
import { expect } from "chai";
import { type DurableHouse, openDurableHouse } from "../../support/house/durable.ts";
import { eventually } from "../../support/wait.ts";

describe("contract · restarts, one by one", function () {
  this.timeout(120_000);
  let durable: DurableHouse;
  before(async () => {
    durable = await openDurableHouse();
  });
  after(() => durable?.close());

  it("gateway and worker killed · the places are kept", async () => {
    const line = await durable.lineOf(6);
    await Promise.all([durable.gateway.kill(), durable.worker.kill()]);
    await durable.startMembers();
    await durable.expectKept(line);
  });

  it("gateway killed, worker and Redis asked to end · the worker exits 0, the places are kept", async () => {
    const line = await durable.lineOf(6);
    const { gateway, worker, redis } = durable;
    await gateway.kill();
    worker.signal("SIGTERM");
    const { code, output } = await worker.ended;
    expect(code, output).to.equal(0);
    await redis.stop();
    await redis.restart();
    await durable.startMembers();
    await durable.expectKept(line);
  });

  it("Redis killed, the members live on · the places are kept", async () => {
    const line = await durable.lineOf(6);
    await durable.redis.kill();
    await durable.redis.restart();
    await durable.expectKept(line);
  });

  it("Redis emptied · the line is made again from the journal, in the same order, nobody is admitted twice", async () => {
    const { house } = durable;
    const line = await durable.lineOf(6);
    const joins = () => house.db("queue_journal").where({ queue_id: line.show.queueId, kind: "join" });
    await eventually(async () => (await joins()).length === 7, { timeoutMs: 10_000, what: "the journal" });
    await durable.emptyRedis();
    const inNewEpoch = async () =>
      (await durable.placesOf(line.show, line.waiting)).every(({ epoch }) => epoch === 2);
    await eventually(inNewEpoch, { timeoutMs: 25_000, intervalMs: 200, what: "a new epoch" });
    await durable.expectKept(line);
    const admissions = await house.db("queue_journal").where({ kind: "admit" }).select("ticket_id");
    expect(new Set(admissions.map(({ ticket_id }) => ticket_id)).size).to.equal(admissions.length);
  });

  it("asked to end while a store is frozen · the members still end with 0", async () => {
    process.kill(durable.redis.pid, "SIGSTOP");
    try {
      for (const program of [durable.gateway, durable.worker]) program.signal("SIGTERM");
      const ends = await Promise.all([durable.gateway.ended, durable.worker.ended]);
      for (const { code, output } of ends) expect(code, output.slice(-2_000)).to.equal(0);
    } finally {
      process.kill(durable.redis.pid, "SIGCONT");
    }
    await durable.startMembers();
  });
});
