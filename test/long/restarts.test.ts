/** Rolling restarts in the middle of a surge: real processes, ended in order and killed. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { type Process, startProgram } from "../faults/processes.ts";
import { type House, type Inside, openClient, openHouse, type Show } from "../support/house.ts";
import { eventually } from "../support/wait.ts";

describe("restarts", () => {
  let house: House;
  let show: Show;
  const processes: Process[] = [];

  before(async function () {
    this.timeout(60_000);
    house = await openHouse();
    show = await house.makeShow({
      performance: { holdSeconds: 5 },
      sections: [{ name: "Floor", rows: 10, seatsPerRow: 20, amount: 9_000 }],
    });
  });
  after(async () => {
    await Promise.all(processes.splice(0).map((one) => one.kill()));
    expect(await house.invariants()).to.deep.equal([]);
    await house.close();
  });

  const enter = async (count: number): Promise<Inside[]> => {
    const fans = await house.fans(count);
    return Promise.all(fans.map((fan) => house.enter(fan, show)));
  };
  const seats = (...ordinals: number[]) => ({ seatIds: ordinals.map((ordinal) => show.seatIds[ordinal]) });

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
