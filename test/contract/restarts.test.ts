/**
 * Places survive the restart of every process, whether it was asked to end or killed: gateway, worker, and Redis with
 * its append-only file. Each by itself, and a Redis that lost everything, stand in test/long.
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
  after(() => durable.close());

  it("gateway, worker and Redis killed · the places are kept, and so is the order of admission", async () => {
    const line = await durable.lineOf(6);
    await Promise.all([durable.gateway.kill(), durable.worker.kill(), durable.redis.kill()]);
    await durable.redis.restart();
    await durable.startMembers();
    await durable.expectKept(line);
  });

  it("all asked to end · members exit with 0, the fan's socket is told 1012, places are kept", async () => {
    const { house, gateway, worker } = durable;
    const line = await durable.lineOf(4);
    const { body } = await house.ticketOf(line.waiting[3] as Fan, line.show, durable.client);
    const path = `/ws/v1/queues/${line.show.queueId}`;
    const stream = house.stream(path, body.ticket, { on: durable.client });
    await stream.next("state");
    for (const program of [gateway, worker]) program.signal("SIGTERM");
    expect((await stream.ended(10_000)).code).to.equal(1012);
    for (const { code, output } of await Promise.all([gateway.ended, worker.ended]))
      expect(code, output).to.equal(0);
    await durable.redis.stop();
    await durable.redis.restart();
    await durable.startMembers();
    await durable.expectKept(line);
  });
});
