import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { v7 } from "uuid";
import { type Fan, type Hall, openWorld, tally, type World } from "../reservations/world.ts";
import { eventually, latch } from "../support/wait.ts";

describe("paying", () => {
  let world: World;
  let hall: Hall;
  let fan: Fan;

  before(async () => {
    world = await openWorld();
  });
  beforeEach(async () => {
    hall = await world.makeHall({ rows: 1 });
    fan = await world.makeFan();
  });
  afterEach(() => world.expectInvariants());
  after(() => world.close());

  const paymentOf = async (answer: { headers: Headers }) =>
    (await world.request("GET", answer.headers.get("location")!.replace("/api/v1", ""), fan)).body;

  it("pay · success · 201, confirmed, a ticket for each seat, the seats are sold", async () => {
    const held = await world.held(fan, hall, [3, 4]);
    const answer = await world.pay(fan, held.id);
    expect(answer.status).to.equal(201);
    const { id, status, reservation } = answer.body;
    expect([status, reservation.status, reservation.version]).to.deep.equal(["succeeded", "CONFIRMED", 3]);
    expect(reservation.tickets).to.have.length(2);
    expect((await world.get(fan, held.id)).body).to.deep.equal(reservation);
    expect(await world.letters(hall)).to.equal("AAAOOAAAAA");
    const payment = await paymentOf(answer);
    expect(payment).to.include({
      id,
      reservationId: held.id,
      status: "succeeded",
      amount: 100_000,
      currency: "KRW",
      refund: null,
    });
  });

  it("pay · success, and nothing else is held · the queue is told that the purchase is finished", async () => {
    const held = await world.held(fan, hall, [0]);
    const other = await world.held(fan, hall, [1]);
    await world.reservations.close();
    world.queueCalls.length = 0;
    await world.pay(fan, held.id);
    await world.reservations.close();
    expect(world.queueCalls.at(-1)).to.deep.include({
      call: "holdsChanged",
      liveUntil: new Date(other.expiresAt),
    });
    await world.pay(fan, other.id);
    await eventually(() => world.queueCalls.at(-1)?.call === "endSession", {
      what: "the end of the session",
    });
  });

  it("pay · declined · 402, the hold stays and goes on, a new try needs a new key", async () => {
    const held = await world.held(fan, hall, [0]);
    const key = randomUUID();
    const declined = await world.pay(fan, held.id, "declined", key);
    expect([declined.status, declined.body.code]).to.deep.equal([402, "PAYMENT_DECLINED"]);
    expect(declined.headers.get("content-type")).to.include("application/problem+json");
    const again = await world.pay(fan, held.id, "declined", key);
    expect([again.status, again.text, again.headers.get("idempotent-replayed")]).to.deep.equal([
      402,
      declined.text,
      "true",
    ]);
    expect(await world.statusOf(held.id)).to.equal("HELD");
    expect((await world.pay(fan, held.id)).status).to.equal(201);
  });

  it("pay · declined after the deadline · the seats are free", async () => {
    const slow = await openWorld({
      beside: world,
      providers: (sandbox) => [
        {
          ...sandbox,
          async charge(charge, signal) {
            const { reservation_id } = await world
              .db("payments")
              .where({ id: charge.paymentId })
              .first("reservation_id");
            await world.lapse(reservation_id);
            return sandbox.charge(charge, signal);
          },
        },
      ],
    });
    const held = await world.held(fan, hall, [0]);
    expect((await slow.pay(fan, held.id, "declined")).status).to.equal(402);
    expect(await world.statusOf(held.id)).to.equal("EXPIRED");
    expect(await world.letters(hall)).to.equal("AAAAAAAAAA");
    await slow.close();
  });

  it("F21 · pay · the first time · extends the hold, once, up to an absolute cap", async () => {
    const held = await world.held(fan, hall, [0]);
    await world.pay(fan, held.id, "declined");
    const first = (await world.get(fan, held.id)).body;
    expect(Date.parse(first.extendedUntil)).to.be.within(
      Date.parse(held.expiresAt),
      Date.parse(held.expiresAt) + 60_000,
    );
    expect(first.expiresAt).to.equal(first.extendedUntil);
    for (let round = 0; round < 5; round += 1) await world.pay(fan, held.id, "declined");
    const last = (await world.get(fan, held.id)).body;
    expect([last.expiresAt, last.extendedUntil]).to.deep.equal([first.expiresAt, first.extendedUntil]);
    expect(last.version).to.equal(13);
  });

  it("pay · undecided · 202 with where and when to look, the seats stay taken", async () => {
    const held = await world.held(fan, hall, [0]);
    const answer = await world.pay(fan, held.id, "undecided");
    expect([answer.status, answer.body.status, answer.body.reservation.status]).to.deep.equal([
      202,
      "pending",
      "PAYING",
    ]);
    expect(Number(answer.headers.get("retry-after"))).to.be.above(0);
    expect((await paymentOf(answer)).status).to.equal("pending");
    expect((await world.pay(fan, held.id)).body.code).to.equal("PAYMENT_IN_PROGRESS");
  });

  it("F13 · pay · charged, and the answer never arrives · 202, the hold stays", async () => {
    const impatient = await openWorld({ beside: world, timing: { callTimeoutMs: 200 } });
    const held = await world.held(fan, hall, [0]);
    const answer = await impatient.pay(fan, held.id, "lost_reply");
    await impatient.close();
    expect([answer.status, answer.body.status]).to.deep.equal([202, "pending"]);
    expect(await world.statusOf(held.id)).to.equal("PAYING");
  });

  it("pay · over, cancelled, paid · HOLD_EXPIRED, ALREADY_CONFIRMED", async () => {
    const lapsed = await world.held(fan, hall, [0]);
    await world.lapse(lapsed.id);
    expect((await world.pay(fan, lapsed.id)).body.code).to.equal("HOLD_EXPIRED");
    expect(await world.statusOf(lapsed.id), "it is ended at once").to.equal("EXPIRED");
    expect((await world.pay(fan, lapsed.id)).body.code).to.equal("HOLD_EXPIRED");
    const cancelled = await world.held(fan, hall, [0]);
    await world.request("DELETE", `/reservations/${cancelled.id}`, fan);
    expect((await world.pay(fan, cancelled.id)).body.code).to.equal("HOLD_EXPIRED");
    const paid = await world.held(fan, hall, [0]);
    await world.pay(fan, paid.id);
    expect((await world.pay(fan, paid.id)).body.code).to.equal("ALREADY_CONFIRMED");
  });

  it("pay · another fan's, or one that never was · 404", async () => {
    const held = await world.held(fan, hall, [0]);
    expect((await world.pay(await world.makeFan(), held.id)).status).to.equal(404);
    expect((await world.pay(fan, v7())).status).to.equal(404);
  });

  it("pay · no key, a bad method · 400", async () => {
    const held = await world.held(fan, hall, [0]);
    const path = `/reservations/${held.id}/payments`;
    const body = { method: { type: "sandbox", card: "success" } };
    expect((await world.request("POST", path, fan, { body })).body.code).to.equal("IDEMPOTENCY_KEY_REQUIRED");
    for (const method of [
      { type: "cash" },
      { type: "sandbox" },
      { type: "sandbox", card: "gold" },
      { type: "sandbox", card: "success", more: 1 },
      { type: "sandbox", card: "undecided", settleAfterSeconds: 0 },
    ]) {
      const answer = await world.pay(fan, held.id, method);
      expect([answer.status, answer.body.code], JSON.stringify(method)).to.deep.equal([
        400,
        "VALIDATION_FAILED",
      ]);
    }
  });

  it("F14 · pay · 50 at once with one key, from two gateways · one charge, the same answer", async () => {
    const other = await openWorld({ beside: world });
    const held = await world.held(fan, hall, [0]);
    const key = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => (index % 2 ? world : other).pay(fan, held.id, "success", key)),
    );
    await other.close();
    const { "201": made = 0, ...rest } = tally(answers);
    expect(made).to.be.at.least(1);
    expect(Object.keys(rest).filter((kind) => kind !== "409 IDEMPOTENCY_IN_PROGRESS")).to.deep.equal([]);
    expect(new Set(answers.filter(({ status }) => status === 201).map(({ text }) => text)).size).to.equal(1);
    expect(await world.db("payments").where({ reservation_id: held.id })).to.have.length(1);
    const again = await world.pay(fan, held.id, "success", key);
    expect([again.status, again.headers.get("idempotent-replayed")]).to.deep.equal([201, "true"]);
  });

  it("F14 · pay · 20 at once with different keys · one charge, the others are told", async () => {
    const held = await world.held(fan, hall, [0]);
    const counts = tally(await Promise.all(Array.from({ length: 20 }, () => world.pay(fan, held.id))));
    const { "409 PAYMENT_IN_PROGRESS": inProgress = 0, "409 ALREADY_CONFIRMED": already = 0 } = counts;
    expect([counts["201"], inProgress + already]).to.deep.equal([1, 19]);
  });

  it("pay · the same key with another body · 422, while pending and after", async () => {
    const held = await world.held(fan, hall, [0]);
    const key = randomUUID();
    expect((await world.pay(fan, held.id, "undecided", key)).status).to.equal(202);
    expect((await world.pay(fan, held.id, "success", key)).status).to.equal(422);
    expect((await world.pay(fan, held.id, "undecided", key)).headers.get("idempotent-replayed")).to.equal(
      "true",
    );
  });

  it("pay · the gateway died after its claim · the retry is in progress, then told what became of it", async () => {
    const died = await openWorld({
      beside: world,
      timing: { callTimeoutMs: 200 },
      providers: (sandbox) => [{ ...sandbox, charge: () => new Promise(() => undefined) }],
    });
    const held = await world.held(fan, hall, [0]);
    const key = randomUUID();
    // The answer is thrown away with its record: as if the process had been killed while it waited.
    const lost = await died.pay(fan, held.id, "success", key);
    expect(lost.status).to.equal(202);
    await world.db("idempotency_keys").where({ key }).delete();
    expect((await world.pay(fan, held.id, "success", key)).body.code).to.equal("IDEMPOTENCY_IN_PROGRESS");
    await world.db.raw(
      "UPDATE payments SET started_at = started_at - interval '10 seconds' WHERE reservation_id = ?",
      [held.id],
    );
    expect((await world.pay(fan, held.id, "success", key)).status).to.equal(202);
    await world.db("idempotency_keys").where({ key }).delete();
    await world.db.raw("UPDATE payments SET next_check_at = now() WHERE reservation_id = ?", [held.id]);
    await world.payments.reconcile(10); // it never arrived there, so it is cancelled
    const told = await world.pay(fan, held.id, "success", key);
    expect([told.status, told.body.code]).to.deep.equal([402, "PAYMENT_DECLINED"]);
    expect((await world.pay(fan, held.id)).status).to.equal(201);
    await died.close();
  });

  /** The provider says no by webhook, and yes to our call: what the test does in between is `meanwhile`. */
  const saysNoThenYes = (reservationId: string, meanwhile: () => Promise<unknown>) =>
    openWorld({
      beside: world,
      providers: (sandbox) => [
        {
          ...sandbox,
          async charge(charge, signal) {
            const payable = await world.reservations.transitions.payable(reservationId);
            await world.db.transaction(async (trx) => {
              const row = await world.reservations.transitions.lock(trx, payable!);
              await world.reservations.transitions.paymentDeclined(trx, row);
              await trx("payments")
                .where({ id: charge.paymentId })
                .update({ status: "failed", settled_at: trx.fn.now() });
            });
            await meanwhile();
            return sandbox.charge(charge, signal);
          },
        },
      ],
    });

  it("pay · the money came when the seats were another's · 409 HOLD_EXPIRED and it goes back, a retry hears the same", async () => {
    const held = await world.held(fan, hall, [0]);
    const other = await world.makeFan();
    const late = await saysNoThenYes(held.id, async () => {
      await world.lapse(held.id);
      await world.held(other, hall, [0]);
    });
    const key = randomUUID();
    const answer = await late.pay(fan, held.id, "success", key);
    await late.close();
    expect([answer.status, answer.body.code]).to.deep.equal([409, "HOLD_EXPIRED"]);
    expect(answer.body.detail).to.include("goes back");
    const again = await world.pay(fan, held.id, "success", key);
    expect([again.status, again.text, again.headers.get("idempotent-replayed")]).to.deep.equal([
      409,
      answer.text,
      "true",
    ]);
    const payment = await paymentOf(answer);
    expect([payment.status, payment.refund.reason]).to.deep.equal(["succeeded", "late_payment"]);
    expect(await world.statusOf(held.id)).to.equal("REFUNDING");
    await world.payments.reconcile(10);
  });

  it("pay · the money came when another payment had been made · 409 ALREADY_CONFIRMED and this money goes back", async () => {
    const held = await world.held(fan, hall, [0]);
    const late = await saysNoThenYes(held.id, () => world.pay(fan, held.id));
    const answer = await late.pay(fan, held.id);
    await late.close();
    expect([answer.status, answer.body.code]).to.deep.equal([409, "ALREADY_CONFIRMED"]);
    expect((await paymentOf(answer)).refund.reason).to.equal("late_payment");
    expect((await world.get(fan, held.id)).body.tickets).to.have.length(1);
    await world.payments.reconcile(10);
  });

  it("F14 · pay · a retry was answered while the first request still waited for the provider · both hear the same", async () => {
    const [asked, answers] = [latch(), latch()];
    const slow = await openWorld({
      beside: world,
      timing: { callTimeoutMs: 60_000 },
      providers: (sandbox) => [
        {
          ...sandbox,
          async charge(charge, signal) {
            asked.open();
            await answers.opened;
            return sandbox.charge(charge, signal);
          },
        },
      ],
    });
    const held = await world.held(fan, hall, [0]);
    const key = randomUUID();
    const first = slow.pay(fan, held.id, "success", key);
    await asked.opened;
    await world.db.raw(
      "UPDATE payments SET started_at = started_at - interval '10 seconds' WHERE reservation_id = ?",
      [held.id],
    );
    const retried = await world.pay(fan, held.id, "success", key);
    expect(retried.status).to.equal(202);
    answers.open();
    expect([(await first).status, (await first).text]).to.deep.equal([202, retried.text]);
    await slow.close();
    expect(await world.statusOf(held.id)).to.equal("CONFIRMED");
  });

  it("payment · another fan's, or one that never was · 404", async () => {
    const held = await world.held(fan, hall, [0]);
    const { body } = await world.pay(fan, held.id);
    expect((await world.request("GET", `/payments/${body.id}`, await world.makeFan())).status).to.equal(404);
    expect((await world.request("GET", `/payments/${v7()}`, fan)).status).to.equal(404);
  });

  it("F11 · pay against expire at the same instant, 100 times · one outcome each, money and seats agree", async () => {
    const big = await world.makeHall({ rows: 10, seatsPerRow: 10, maxSeatsPerFan: 20 });
    const fans = await world.makeFans(100);
    const outcomes = { paid: 0, expired: 0 };
    // The deadline is moved to where the two meet: later after a hold that lapsed, earlier after one that was paid.
    let deadlineMs = 30;
    const race = async (one: Fan, seat: number) => {
      const { id } = await world.held(one, big, [seat]);
      await world.db.raw(
        "UPDATE reservations SET expires_at = clock_timestamp() + make_interval(secs => ?) WHERE id = ?",
        [deadlineMs / 1_000, id],
      );
      const expire = async () => {
        while (!(await world.reservations.expire(id)).done) await sleep(2);
      };
      const [answer] = await Promise.all([world.pay(one, id), expire()]);
      const status = await world.statusOf(id);
      expect(["201 CONFIRMED", "409 EXPIRED"]).to.include(`${answer.status} ${status}`);
      outcomes[status === "CONFIRMED" ? "paid" : "expired"] += 1;
      deadlineMs *= status === "CONFIRMED" ? 0.95 : 1.05;
    };
    for (let round = 0; round < 100; round += 5) {
      await Promise.all([0, 1, 2, 3, 4].map((lane) => race(fans[round + lane]!, round + lane)));
    }
    expect(Math.min(outcomes.paid, outcomes.expired), JSON.stringify(outcomes)).to.be.above(10);
    expect(outcomes.paid + outcomes.expired).to.equal(100);
    const sold = (await world.letters(big)).replaceAll("A", "").length;
    expect(sold).to.equal(outcomes.paid);
  }).timeout(60_000);
});
