/** What the suite looks at, in short: each statement by itself, the stories of fans, races, and at last INV and the money. */
import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { v7 } from "uuid";
import { createStore as createPaymentStore } from "../../src/payments/store.ts";
import type { Transaction } from "../../src/platform/postgres.ts";
import { runInvariants } from "../../src/reservations/index.ts";
import { loadReservationStatements } from "../../src/reservations/statements.ts";
import { createStore } from "../../src/reservations/store.ts";
import { type Fan, openWorld, tally, type World, type WorldOptions } from "../reservations/world.ts";

interface Stage {
  readonly world: World;
  readonly options: WorldOptions;
}

type Check = (stage: Stage) => Promise<void>;

/** Runs every check on rooms with these options. @returns what is wrong with them; null when nothing is. */
export async function findFault(options: WorldOptions): Promise<string | null> {
  // What is not lost must be answered within it, on a busy machine too: a payment is undecided otherwise.
  const world = await openWorld({ timing: { callTimeoutMs: 1_000, firstCheckSeconds: 0.1 }, ...options });
  try {
    for (const check of CHECKS) await check({ world, options });
    return null;
  } catch (fault) {
    return (fault as Error).message;
  } finally {
    await world.close();
  }
}

const inv: Check = async ({ world }) => {
  expect(await runInvariants(world.db, { graceSeconds: 3_600 }), "INV").to.deep.equal([]);
};

/** Both sides' books: what the provider has taken is what we say was paid. */
const money: Check = async ({ world }) => {
  await world.db.raw(
    "UPDATE payments SET next_check_at = now(), started_at = started_at - interval '10 seconds' WHERE status = 'pending'",
  );
  await world.payments.reconcile(100);
  const { rows } = await world.db.raw(
    `SELECT p.id, p.status AS ours, c.status AS theirs FROM payments p JOIN sandbox_charges c ON c.payment_id = p.id
     WHERE (p.status = 'succeeded') <> (c.status = 'succeeded')`,
  );
  expect(rows, "the provider's books").to.deep.equal([]);
};

/** Every conditional statement, told a state or a version that is not there, changes nothing. */
const statements: Check = async ({ world, options }) => {
  const store = createStore(loadReservationStatements(options.statements));
  const payments = createPaymentStore(options.statements);
  const hall = await world.makeHall({ rows: 1, seatsPerRow: 6 });
  const fan = await world.makeFan();
  const held = await world.held(fan, hall, [0, 1]);
  const paid = await world.held(fan, hall, [2]);
  expect((await world.pay(fan, paid.id)).status).to.equal(201);
  const now = new Date();
  const take = (seat: number, version: number) => ({
    ...{ id: v7(), performanceId: hall.id, ...fan, totalAmount: 1, currency: "KRW", expiresAt: now, now },
    ...{ ordinals: [seat], versions: [version], amounts: [1] },
  });
  const ending = { from: "HELD", to: "EXPIRED", cause: "job", now } as const;
  const dry = async (what: string, expected: unknown, run: (trx: Transaction) => Promise<unknown>) => {
    const rolledBack = new Error("rolled back");
    let answer: unknown;
    await world.db
      .transaction(async (trx) => {
        answer = await run(trx);
        throw rolledBack;
      })
      .catch((fault) => {
        if (fault !== rolledBack) throw fault;
      });
    expect(answer, what).to.deep.equal(expected);
  };
  const taken = (trx: Transaction, seat: number, version: number) =>
    store.takeSeats(trx, take(seat, version)).then((row) => row.taken);
  await dry("a free seat at another version", 0, (trx) => taken(trx, 4, 7));
  await dry("a held seat at its version", 0, (trx) => taken(trx, 0, 1));
  const grouped = async (trx: Transaction, seat: number, maxSeatsPerFan: number) => {
    const terms = { maxSeatsPerFan, holdSeconds: 60, currency: "KRW", claim: null };
    const seats = [{ ordinal: seat, amount: 1 }];
    const [row] = await store.takeGroup(trx, hall.id, [{ id: v7(), ...fan, ...terms, seats }]);
    return [row?.made, row?.taken];
  };
  await dry("a free seat, in a group", [true, 1], (trx) => grouped(trx, 4, 4));
  await dry("a held seat, in a group", [false, 0], (trx) => grouped(trx, 0, 8));
  await dry("a free seat beyond the cap, in a group", [false, 0], (trx) => grouped(trx, 4, 3));
  await dry("a release of a paid one", [], (trx) =>
    store.endReservations(trx, [{ id: paid.id, version: 3 }], ending),
  );
  await dry("a release at an old version", [], (trx) =>
    store.endReservations(trx, [{ id: held.id, version: 9 }], ending),
  );
  await dry("a release before the deadline", [], (trx) =>
    store.endReservations(trx, [{ id: held.id, version: 1 }], { ...ending, onlyLapsed: true }),
  );
  const row = (id: string, version: number, at: Date) => ({ id, version, now: at }) as never;
  const afterwards = new Date(Date.parse(held.expiresAt) + 1);
  await dry("a payment after the deadline", undefined, (trx) =>
    store.beginPayment(trx, row(held.id, 1, afterwards), 60),
  );
  await dry("a payment at another version", undefined, (trx) =>
    store.beginPayment(trx, row(held.id, 2, now), 60),
  );
  await dry("a second extension", true, async (trx) => {
    const later = new Date(now.getTime() + 20_000);
    await store.beginPayment(trx, row(held.id, 1, now), 60);
    const first = (await store.readById(trx, held.id, null))?.extendedUntil;
    await store.move(
      trx,
      { id: held.id, version: 2 },
      { from: "PAYING", to: "HELD", cause: "payment_declined", now },
    );
    await store.beginPayment(trx, row(held.id, 3, later), 60);
    return first?.getTime() === (await store.readById(trx, held.id, null))?.extendedUntil?.getTime();
  });
  await dry("a confirmation of what is not being paid", undefined, (trx) => {
    const ticketIds = [v7(), v7()];
    return store.confirm(
      trx,
      { id: held.id, version: 1 },
      { from: "PAYING", cause: "payment", now, ticketIds },
    );
  });
  const { id: paymentId } = await world.db("payments").where({ reservation_id: paid.id }).first("id");
  const settle = { from: "pending", to: "failed", now, providerId: null } as const;
  await dry("a settlement of a settled payment", false, (trx) => payments.settle(trx, paymentId, settle));
  await dry("the same event again", [true, false], async (trx) => {
    const event = { provider: "sandbox", eventId: "once", type: "payment.succeeded", paymentId };
    return [await payments.recordEvent(trx, event), await payments.recordEvent(trx, event)];
  });
};

const stories: Check = async ({ world }) => {
  const hall = await world.makeHall({ rows: 2, maxSeatsPerFan: 8 });
  const [fan, other] = (await world.makeFans(2)) as [Fan, Fan];
  const answered = async (what: string, answer: Promise<{ status: number }>, status: number) =>
    expect((await answer).status, what).to.equal(status);
  const cancel = (who: Fan, id: string) => world.request("DELETE", `/reservations/${id}`, who);

  const one = await world.held(fan, hall, [0, 1, 2]);
  await answered("another's hold can't be cancelled", cancel(other, one.id), 404);
  await answered("nor paid", world.pay(other, one.id), 404);
  await answered("a held seat can't be held", world.hold(other, hall, [2, 3]), 409);
  await answered("declined", world.pay(fan, one.id, "declined"), 402);
  await answered("paid", world.pay(fan, one.id), 201);
  await answered("paid is not cancelled", cancel(fan, one.id), 409);

  const lapsed = await world.held(fan, hall, [5, 6, 7]);
  await world.lapse(lapsed.id);
  await answered("a lapsed hold is not paid", world.pay(fan, lapsed.id), 409);
  await answered("its seats are free", world.hold(other, hall, [5, 6]), 201);
  const again = await world.held(fan, hall, [8, 9]);
  await world.lapse(again.id);
  const taken = await world.held(other, hall, [8]);
  await world.reservations.expire(again.id);
  await world.reservations.sweep(10);
  expect(await world.statusOf(taken.id), "a late job touches no other's hold").to.equal("HELD");

  const undecided = await world.held(fan, hall, [12]);
  await answered(
    "undecided",
    world.pay(fan, undecided.id, { type: "sandbox", card: "undecided", settleAfterSeconds: 600 }),
    202,
  );
  await world.lapse(undecided.id);
  await world.reservations.sweep(10);
  expect(await world.statusOf(undecided.id), "released while undecided").to.equal("PAYING");

  await answered("refunded", world.refund(fan, one.id), 201);
  await answered("once", world.refund(fan, one.id), 409);
  await world.payments.reconcile(100);
  await world.reservations.sweep(10);

  const lost = await world.held(other, hall, [14]);
  await world.pay(other, lost.id, "lost_reply");
  const key = randomUUID();
  const first = await world.hold(other, hall, [15], { "Idempotency-Key": key });
  const second = await world.hold(other, hall, [15], { "Idempotency-Key": key });
  expect([second.status, second.text], "the same key").to.deep.equal([201, first.text]);
};

const races: Check = async ({ world }) => {
  for (let round = 0; round < 3; round += 1) {
    const hall = await world.makeHall({ rows: 2, maxSeatsPerFan: 4 });
    const fans = await world.makeFans(20);
    const crowd = tally(await Promise.all(fans.map((fan) => world.hold(fan, hall, [3]))));
    expect(crowd["201"], `one seat, twenty fans: ${JSON.stringify(crowd)}`).to.equal(1);
    const greedy = await world.makeFan();
    const seats = Array.from({ length: 14 }, (_, seat) => seat + 5);
    const counts = tally(await Promise.all(seats.map((seat) => world.hold(greedy, hall, [seat]))));
    expect(counts["201"], `one fan, at most four: ${JSON.stringify(counts)}`).to.equal(4);
  }
};

const CHECKS: readonly Check[] = [stories, inv, races, inv, money, inv, statements];
