import { expect } from "chai";
import { runInvariants } from "../../src/reservations/index.ts";
import { type Fan, type Hall, openWorld, type World } from "./world.ts";

describe("INV", () => {
  let world: World;
  let hall: Hall;
  let fan: Fan;
  let held: string;
  let paid: string;
  let refunding: string;
  let paying: string;

  before(async () => {
    world = await openWorld();
    hall = await world.makeHall({ maxSeatsPerFan: 8 });
    fan = await world.makeFan();
    held = (await world.held(fan, hall, [0, 1])).id;
    paid = (await world.held(fan, hall, [2, 3])).id;
    await world.pay(fan, paid);
    refunding = (await world.held(fan, hall, [4])).id;
    await world.pay(fan, refunding);
    await world.refund(fan, refunding);
    paying = (await world.held(fan, hall, [5])).id;
    await world.pay(fan, paying, "undecided");
  });
  after(() => world.close());

  it("sweep · a sound database · finds nothing", async () => {
    await world.expectInvariants();
  });

  /** What must be noticed, and how it is broken; foreign keys, triggers and indexes stand aside for that. */
  const breaks: readonly [string, string, () => string][] = [
    [
      "I1",
      "a seat in two live reservations",
      () =>
        `INSERT INTO reservation_seats SELECT '${held}', performance_id, 2, amount FROM reservation_seats WHERE reservation_id = '${paid}' AND ordinal = 2`,
    ],
    [
      "I2",
      "a seat occupied by nobody's reservation",
      () =>
        `UPDATE seat_states SET status = 'OCCUPIED', reservation_id = gen_random_uuid() WHERE ordinal = 9`,
    ],
    [
      "I2",
      "a seat held by a paid reservation",
      () => `UPDATE seat_states SET status = 'HELD' WHERE reservation_id = '${paid}'`,
    ],
    [
      "I3",
      "a paid reservation without its seat",
      () => `UPDATE seat_states SET status = 'AVAILABLE', reservation_id = NULL WHERE ordinal = 2`,
    ],
    [
      "I3",
      "an ended reservation that keeps its seats",
      () => `UPDATE reservations SET status = 'EXPIRED' WHERE id = '${held}'`,
    ],
    [
      "I3",
      "a reservation of nothing",
      () => `DELETE FROM reservation_seats WHERE reservation_id = '${held}'`,
    ],
    [
      "I4",
      "a hold that nobody ended",
      () => `UPDATE reservations SET expires_at = now() - interval '10 seconds' WHERE id = '${held}'`,
    ],
    ["I5", "a seat without a state", () => `DELETE FROM seat_states WHERE ordinal = 19`],
    [
      "I6",
      "a transition that was not written down",
      () => `UPDATE seat_states SET version = version + 1 WHERE ordinal = 9`,
    ],
    ["I6", "a gap in the history", () => `DELETE FROM seat_history WHERE ordinal = 2 AND version = 1`],
    [
      "I7",
      "a sold seat that was never held",
      () => `UPDATE seat_history SET from_status = 'AVAILABLE' WHERE ordinal = 2 AND version = 2`,
    ],
    [
      "I8",
      "a reservation's transition not written down",
      () => `UPDATE reservations SET version = version + 1 WHERE id = '${held}'`,
    ],
    [
      "I8",
      "a gap in a reservation's history",
      () => `DELETE FROM reservation_history WHERE reservation_id = '${paid}' AND version = 2`,
    ],
    [
      "I9",
      "paid without paying",
      () =>
        `UPDATE reservation_history SET from_status = 'HELD' WHERE reservation_id = '${paid}' AND to_status = 'CONFIRMED'`,
    ],
    [
      "I10",
      "paying nothing",
      () => `UPDATE payments SET status = 'failed', settled_at = now() WHERE reservation_id = '${paying}'`,
    ],
    ["I11", "confirmed without money", () => `DELETE FROM payments WHERE reservation_id = '${paid}'`],
    ["I11", "money kept for nothing", () => `DELETE FROM refunds`],
    [
      "I11",
      "paid twice",
      () =>
        `INSERT INTO payments (id, reservation_id, user_id, provider, method, amount, currency, status, idempotency_key, body_hash, started_at, settled_at, next_check_at) SELECT gen_random_uuid(), reservation_id, user_id, provider, method, amount, currency, status, 'again', body_hash, started_at, settled_at, next_check_at FROM payments WHERE reservation_id = '${paid}'`,
    ],
    ["I12", "more given back than paid", () => `UPDATE refunds SET amount = amount + 1`],
    ["I12", "refunded without a word", () => `UPDATE refunds SET status = 'succeeded'`],
    [
      "I13",
      "a seat paid for without a ticket",
      () => `DELETE FROM tickets WHERE reservation_id = '${paid}' AND ordinal = 2`,
    ],
    [
      "I13",
      "a good ticket for a refunded seat",
      () => `UPDATE tickets SET voided_at = NULL WHERE reservation_id = '${refunding}'`,
    ],
    [
      "I14",
      "a total that does not add up",
      () => `UPDATE reservations SET total_amount = 1 WHERE id = '${held}'`,
    ],
    ["I15", "more seats than the cap", () => `UPDATE performances SET max_seats_per_fan = 4`],
    [
      "I16",
      "a hold without an end",
      () => `UPDATE reservations SET expires_at = created_at + interval '3 minutes' WHERE id = '${held}'`,
    ],
  ];

  for (const [number, what, sql] of breaks) {
    it(`sweep · ${what} · ${number} finds it`, async () => {
      const rolledBack = new Error("rolled back");
      const found: string[] = [];
      await world.db
        .transaction(async (trx) => {
          await trx.raw("SET LOCAL session_replication_role = replica");
          await trx.raw("DROP INDEX reservation_seats_live");
          await trx.raw(sql());
          found.push(...(await runInvariants(trx)).map(({ invariant }) => invariant));
          throw rolledBack;
        })
        .catch((fault) => {
          if (fault !== rolledBack) throw fault;
        });
      expect(
        found.some((invariant) => invariant.startsWith(`${number} `)),
        found.join("; ") || "nothing",
      ).to.equal(true);
    });
  }
});
