/**
 * Places survive the restart of every process, whether it was asked to end or killed: gateway, worker, and Redis with
 * its append-only file. The other ways round, and a Redis that lost everything, stand in test/long.
 */
import { expect } from "chai";
import { type DurableHouse, openDurableHouse } from "../support/house/durable.ts";
import type { Fan } from "../support/house.ts";

describe("contract · restarts", function () {
  this.timeout(90_000);
  let durable: DurableHouse;
  before(async () => {
    durable = await openDurableHouse();
  });
  after(() => durable?.close());

  it("gateway asked to end, worker and Redis killed · it exits 0 and tells 1012; the places are kept", async () => {
    const { house, gateway, worker, redis } = durable;
    const line = await durable.lineOf(6);
    const { body } = await house.ticketOf(line.waiting[3] as Fan, line.show, durable.client);
    const path = `/ws/v1/queues/${line.show.queueId}`;
    const stream = house.stream(path, body.ticket, { on: durable.client });
    await stream.next("state");
    gateway.signal("SIGTERM");
    expect((await stream.ended(10_000)).code).to.equal(1012);
    const { code, output } = await gateway.ended;
    expect(code, output).to.equal(0);
    await Promise.all([worker.kill(), redis.kill()]);
    await redis.restart();
    await durable.startMembers();
    await durable.expectKept(line);
  });
});
