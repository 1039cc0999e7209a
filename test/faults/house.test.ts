/** The whole of Fast Pass while parts of it stop, are killed, and come back. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { type PrivateRedis, privateRedis } from "../platform/support.ts";
import { type House, type Inside, openClient, openHouse, type Show } from "../support/house.ts";
import { eventually } from "../support/wait.ts";
import { type Process, startProgram } from "./processes.ts";

describe("faults of the whole", () => {
  let redis: PrivateRedis;
  let house: House;
  let show: Show;
  const processes: Process[] = [];

  before(async function () {
    this.timeout(60_000);
    redis = await privateRedis(["--appendonly", "yes", "--appendfsync", "always"]);
    house = await openHouse({ redisUrl: redis.url });
    show = await house.makeShow({
      performance: { holdSeconds: 5 },
      sections: [{ name: "Floor", rows: 10, seatsPerRow: 20, amount: 9_000 }],
    });
  });
  afterEach(async () => {
    await Promise.all(processes.splice(0).map((one) => one.kill()));
    expect(await house.invariants()).to.deep.equal([]);
  });
  after(async () => {
    await house?.close();
    await redis?.remove();
  });

  const enter = async (count: number, at = show): Promise<Inside[]> => {
    const fans = await house.fans(count);
    return Promise.all(fans.map((fan) => house.enter(fan, at)));
  };
  const seats = (...ordinals: number[]) => ({ seatIds: ordinals.map((ordinal) => show.seatIds[ordinal]) });

  it("F5 · Redis is away for three seconds · holding is refused at once, paying and expiry go on, and all is well after", async function () {
    this.timeout(40_000);
    const [payer, idler, third] = (await enter(3)) as [Inside, Inside, Inside];
    const paid = await house.hold(payer, seats(0, 1), { expect: 201 });
    const idle = await house.hold(idler, seats(2), { expect: 201 });
    await redis.stop();
    const refused = await house.hold(third, seats(3));
    expect([refused.status, refused.body.code]).to.deep.equal([503, "QUEUE_UNAVAILABLE"]);
    expect(refused.tookMs).to.be.below(2_500);
    const payment = await house.pay(payer.fan, paid.body.id);
    expect([payment.status, payment.tookMs < 2_500]).to.deep.equal([201, true]);
    await eventually(
      async () =>
        (await house.db("reservations").where({ id: idle.body.id }).first("status"))?.status === "EXPIRED",
      { timeoutMs: 10_000, what: "the end of the unpaid hold, without a job" },
    );
    await redis.restart();
    await eventually(async () => (await house.hold(third, seats(2))).status === 201, {
      timeoutMs: 15_000,
      intervalMs: 300,
      what: "a hold after its return",
    });
  });

  it("F29 · gateways and workers are restarted in a surge, by SIGTERM and by SIGKILL · none exits in anger, no seat is lost or sold twice", async function () {
    this.timeout(60_000);
    const start = (program: "gateway" | "worker") => {
      const one = startProgram(program, house.environment);
      processes.push(one);
      return one;
    };
    const ready = (one: Process) => one.said("is ready", 20_000);
    const first = [start("gateway"), start("worker"), start("worker")] as const;
    const [said] = await Promise.all(first.map(ready));
    const doomed = await openClient(`http://127.0.0.1:${/"port":(\d+)/.exec(said ?? "")?.[1]}`);
    const inside = await enter(40);
    let surging = true;
    let servedByDoomed = 0;
    const surge = inside.map(async (one, index) => {
      let at = index % 2 === 0 ? doomed : house.client;
      for (let turn = 0; surging; turn += 1) {
        const wanted = seats(5 + ((index * 7 + turn * 13) % 190));
        // A balancer would do the same: the next gateway when one is gone.
        const held = await house.hold(one, wanted, {}, at).catch(() => null);
        if (held === null) at = house.client;
        if (held === null) continue;
        if (at === doomed) servedByDoomed += 1;
        if (held.status === 201 && (index + turn) % 3 === 0) await house.pay(one.fan, held.body.id);
        await sleep(50);
      }
    });
    const [gateway, gentle, killed] = first;
    await eventually(() => servedByDoomed > 20, { what: "a surge" });
    gateway.signal("SIGTERM");
    gentle.signal("SIGTERM");
    killed.signal("SIGKILL");
    const second = start("worker");
    expect(await gateway.ended(), "the gateway").to.equal(0);
    expect(await gentle.ended(), "the worker").to.equal(0);
    await ready(second);
    second.signal("SIGTERM");
    expect(await second.ended(), "the second worker").to.equal(0);
    surging = false;
    await Promise.all(surge);
    doomed.close();
    await eventually(async () => (await house.db("reservations").where({ status: "HELD" })).length === 0, {
      timeoutMs: 15_000,
      what: "the end of every unpaid hold",
    });
    const sold = await house.db("seat_states").where({ performance_id: show.id, status: "OCCUPIED" });
    expect(sold.length).to.be.above(10);
  });
});
