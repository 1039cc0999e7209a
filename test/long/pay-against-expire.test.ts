/** A payment against the end of its hold, at the same instant, a thousand times. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { type Fan, openWorld, type World } from "../reservations/world.ts";

const ROUNDS = 1_000;
const AT_ONCE = 5;

describe("pay against expire, often", () => {
  let world: World;

  before(async () => {
    world = await openWorld();
  });
  after(() => world.close());

  it("F11 · pay against expire at the same instant, 1,000 times · one outcome each, money and seats agree", async () => {
    const hall = await world.makeHall({ rows: ROUNDS / 20, seatsPerRow: 20 });
    const fans = await world.makeFans(ROUNDS);
    const outcomes = { paid: 0, expired: 0 };
    // The deadline is moved to where the two meet: later after a hold that lapsed, earlier after one that was paid.
    let deadlineMs = 30;
    const race = async (fan: Fan, seat: number) => {
      const { id } = await world.held(fan, hall, [seat]);
      await world.db.raw(
        "UPDATE reservations SET expires_at = clock_timestamp() + make_interval(secs => ?) WHERE id = ?",
        [deadlineMs / 1_000, id],
      );
      const expire = async () => {
        while (!(await world.reservations.expire(id)).done) await sleep(2);
      };
      const [answer] = await Promise.all([world.pay(fan, id), expire()]);
      const status = await world.statusOf(id);
      expect(["201 CONFIRMED", "409 EXPIRED"]).to.include(`${answer.status} ${status}`);
      outcomes[status === "CONFIRMED" ? "paid" : "expired"] += 1;
      deadlineMs = Math.max(1, deadlineMs * (status === "CONFIRMED" ? 0.95 : 1.05));
    };
    for (let round = 0; round < ROUNDS; round += AT_ONCE) {
      const lanes = Array.from({ length: AT_ONCE }, (_, lane) => round + lane);
      await Promise.all(lanes.map((seat) => race(fans[seat] as Fan, seat)));
    }
    process.stdout.write(`        ${outcomes.paid} paid, ${outcomes.expired} expired\n`);
    expect(outcomes.paid + outcomes.expired).to.equal(ROUNDS);
    expect(Math.min(outcomes.paid, outcomes.expired)).to.be.above(100);
    expect((await world.letters(hall)).replaceAll("A", "").length).to.equal(outcomes.paid);
    const { rows } = await world.db.raw(
      "SELECT count(*)::int AS charged FROM sandbox_charges WHERE status = 'succeeded'",
    );
    expect(rows[0].charged).to.equal(outcomes.paid);
    await world.expectInvariants();
  });
});
