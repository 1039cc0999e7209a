/** The whole of Fast Pass while parts of it stop, are killed, and come back. */
import { expect } from "chai";
import { type PrivateRedis, privateRedis } from "../platform/support.ts";
import { type House, type Inside, openHouse, type Show } from "../support/house.ts";
import { eventually } from "../support/wait.ts";

describe("faults of the whole", () => {
  let redis: PrivateRedis;
  let house: House;
  let show: Show;

  before(async function () {
    this.timeout(60_000);
    redis = await privateRedis(["--appendonly", "yes", "--appendfsync", "always"]);
    house = await openHouse({ redisUrl: redis.url });
    show = await house.makeShow({
      sections: [{ name: "Floor", rows: 10, seatsPerRow: 20, amount: 9_000 }],
    });
  });
  afterEach(async () => {
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

  it("F5 · Redis is away · holding is refused at once, paying and expiry go on, and all is well after", async function () {
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
    await endsSoon(idle.body.id, "the end of the unpaid hold, without a job");
    await redis.restart();
    const again = await eventually(
      async () => {
        const held = await house.hold(third, seats(2));
        return held.status === 201 && held;
      },
      { timeoutMs: 15_000, intervalMs: 300, what: "a hold after its return" },
    );
    await endsSoon(again.body.id, "the end of that hold");
  });

  /** Moves its deadline to half a second from now. */
  async function endsSoon(id: string, what: string): Promise<void> {
    await house.db.raw(
      "UPDATE reservations SET expires_at = clock_timestamp() + interval '500 milliseconds' WHERE id = ?",
      [id],
    );
    await eventually(
      async () => (await house.db("reservations").where({ id }).first("status"))?.status === "EXPIRED",
      { timeoutMs: 10_000, what },
    );
  }
});
