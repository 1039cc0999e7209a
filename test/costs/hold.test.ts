import { expect } from "chai";
import { Redis } from "ioredis";
import { type House, type Inside, openHouse, type Show } from "../support/house.ts";
import { eventually } from "../support/wait.ts";
import { type Command, type Monitor, openMonitor } from "./monitor.ts";

const SEATS = 20;

describe("D3 · what a hold asks of Redis", () => {
  let house: House;
  let monitor: Monitor;
  let redis: Redis;
  let show: Show;
  let inside: Inside;

  before(async () => {
    house = await openHouse();
    monitor = await openMonitor(house.environment.REDIS_URL as string);
    redis = new Redis(house.environment.REDIS_URL as string);
    show = await house.makeShow({
      performance: { maxSeatsPerFan: SEATS },
      sections: [{ name: "Floor", rows: 3, seatsPerRow: SEATS, amount: 9_000 }],
    });
    inside = await house.enter(await house.fan(), show);
    // The scripts are sent whole once.
    for (const what of [{ seatIds: [show.seatIds[0]] }, { bestAvailable: { quantity: 1 } }]) await held(what);
  });
  after(async () => {
    monitor.close();
    redis.disconnect();
    await house.close();
  });

  /** Holds, waits until all is told, and gives back. @returns what was asked for this hold, in order. */
  async function held(what: object): Promise<string[]> {
    await monitor.take();
    const { body } = await house.hold(inside, what, { expect: 201 });
    await queueKnows(true);
    const seen = (await monitor.take()).flatMap(kindOf);
    const path = `/reservations/${body.id}`;
    await house.client.api("DELETE", path, { token: inside.fan.token, expect: 204 });
    await queueKnows(false);
    return seen;
  }

  const queueKnows = (holds: boolean) =>
    eventually(
      async () => (await redis.sismember(`{q:${show.queueId}}:holding`, inside.fan.userId)) === Number(holds),
      { what: "the news to the queue" },
    );

  /** `slot` or `lock` by the keys it names; what else the queue writes down about the same fan meanwhile is no part of a hold. */
  function kindOf({ name, args }: Command): string[] {
    const about = (key: string) => args.some((arg) => arg.startsWith(key));
    const kind = about(`{perf:${show.id}}:lock`) ? "lock" : about(`{q:${show.queueId}}:active`) && "slot";
    if (!kind || (kind === "slot" && !args.includes(inside.fan.userId))) return [];
    return [name === "evalsha" ? kind : `${kind} by ${name}`];
  }

  for (const count of [1, SEATS]) {
    it(`hold · ${count} seats by name · one round trip for the pass, one for the locks, one to give them back`, async () => {
      const seatIds = show.seatIds.slice(SEATS, SEATS + count);
      expect(await held({ seatIds })).to.deep.equal(["slot", "lock", "lock", "slot"]);
    });
  }

  it("hold · the best available · one round trip for the pass, and no lock", async () => {
    expect(await held({ bestAvailable: { quantity: SEATS } })).to.deep.equal(["slot", "slot"]);
  });
});
