import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { signWebhook } from "../../src/payments/index.ts";
import { type Fan, type Hall, openWorld, WEBHOOK_KEY, type World } from "../reservations/world.ts";

describe("late money", () => {
  let world: World;
  let hall: Hall;
  let fan: Fan;

  before(async () => {
    world = await openWorld();
  });
  beforeEach(async () => {
    hall = await world.makeHall({ rows: 1, maxSeatsPerFan: 3 });
    fan = await world.makeFan();
  });
  afterEach(async () => {
    await world.db.raw("UPDATE refunds SET next_attempt_at = now() WHERE status = 'pending'");
    await world.payments.reconcile(20);
    await world.expectInvariants();
  });
  after(() => world.close());

  /** A payment that was declined first; the provider says later that it was paid after all. */
  async function declined(seats: readonly number[], who = fan) {
    const held = await world.held(who, hall, seats);
    await world.pay(who, held.id, "declined");
    const { id } = await world.db("payments").where({ reservation_id: held.id }).first("id");
    return { reservationId: held.id, paymentId: id as string };
  }

  const succeeded = async (paymentId: string) => {
    const body = JSON.stringify({ id: randomUUID(), type: "payment.succeeded", data: { paymentId } });
    const header = signWebhook(WEBHOOK_KEY, body, Math.floor(Date.now() / 1_000));
    const answer = await world.request("POST", "/payments/webhooks/sandbox", null, {
      body,
      headers: { "FastPass-Signature": header },
    });
    expect(answer.status).to.equal(200);
  };
  const passedThrough = async (id: string): Promise<string[]> =>
    (await world
      .db("reservation_history")
      .where({ reservation_id: id })
      .orderBy("version")
      .pluck("to_status")) as string[];
  const cancel = (id: string, who = fan) => world.request("DELETE", `/reservations/${id}`, who);

  it("F12 · the hold was cancelled, its seats are free · they are taken again, with tickets", async () => {
    const { reservationId, paymentId } = await declined([2, 3]);
    await cancel(reservationId);
    await succeeded(paymentId);
    const { body } = await world.get(fan, reservationId);
    expect([body.status, body.tickets.length]).to.deep.equal(["CONFIRMED", 2]);
    expect(await world.letters(hall)).to.equal("AAOOAAAAAA");
    expect((await passedThrough(reservationId)).slice(-3)).to.deep.equal([
      "CANCELLED",
      "PAID_LATE",
      "CONFIRMED",
    ]);
  });

  it("F12 · the hold expired, a seat is another's · nothing is taken, the money goes back, PAID_LATE is on record", async () => {
    const { reservationId, paymentId } = await declined([2, 3]);
    await world.lapse(reservationId);
    const other = await world.makeFan();
    await world.held(other, hall, [3]);
    await succeeded(paymentId);
    expect(await world.statusOf(reservationId)).to.equal("REFUNDING");
    expect(await world.letters(hall)).to.equal("AAAHAAAAAA");
    expect(world.warnings.at(-1)?.message).to.equal("late money goes back");
    await world.payments.reconcile(10);
    expect(await world.statusOf(reservationId)).to.equal("REFUNDED");
    expect((await passedThrough(reservationId)).slice(-4)).to.deep.equal([
      "EXPIRED",
      "PAID_LATE",
      "REFUNDING",
      "REFUNDED",
    ]);
    const payment = (await world.request("GET", `/payments/${paymentId}`, fan)).body;
    expect([payment.status, payment.refund.status, payment.refund.reason]).to.deep.equal([
      "succeeded",
      "succeeded",
      "late_payment",
    ]);
    expect(await world.db("sandbox_charges").where({ payment_id: paymentId }).first("refund_id")).to.include({
      refund_id: payment.refund.id,
    });
  });

  it("F12 · the seat is only in another's lapsed hold · that hold ends, the seats are taken again", async () => {
    const { reservationId, paymentId } = await declined([2]);
    await cancel(reservationId);
    const other = await world.held(await world.makeFan(), hall, [2, 5]);
    await world.lapse(other.id);
    await succeeded(paymentId);
    expect(await world.statusOf(reservationId)).to.equal("CONFIRMED");
    expect(await world.letters(hall)).to.equal("AAOAAAAAAA");
  });

  it("the fan has other seats by now, and these would be too many · the money goes back", async () => {
    const { reservationId, paymentId } = await declined([0, 1]);
    await cancel(reservationId);
    await world.held(fan, hall, [4, 5]);
    await succeeded(paymentId);
    expect(await world.statusOf(reservationId)).to.equal("REFUNDING");
  });

  it("the hold still lives · it is confirmed", async () => {
    const { reservationId, paymentId } = await declined([2]);
    await succeeded(paymentId);
    expect(await world.statusOf(reservationId)).to.equal("CONFIRMED");
    expect((await passedThrough(reservationId)).slice(-2)).to.deep.equal(["PAYING", "CONFIRMED"]);
  });

  it("the hold lapsed and nobody has ended it · it ends and is taken again", async () => {
    const { reservationId, paymentId } = await declined([2]);
    await world.lapse(reservationId);
    await succeeded(paymentId);
    expect((await passedThrough(reservationId)).slice(-3)).to.deep.equal([
      "EXPIRED",
      "PAID_LATE",
      "CONFIRMED",
    ]);
  });

  it("another payment stands, or is undecided · this money goes back, the reservation goes on", async () => {
    const paid = await declined([2]);
    await world.pay(fan, paid.reservationId);
    await succeeded(paid.paymentId);
    expect(await world.statusOf(paid.reservationId)).to.equal("CONFIRMED");
    const undecided = await declined([4]);
    await world.pay(fan, undecided.reservationId, "undecided");
    await succeeded(undecided.paymentId);
    expect(await world.statusOf(undecided.reservationId)).to.equal("PAYING");
    await world.payments.reconcile(10);
    const refunds = await world.db("refunds").whereIn("payment_id", [paid.paymentId, undecided.paymentId]);
    expect(refunds.map(({ status, ends_reservation }) => [status, ends_reservation])).to.deep.equal([
      ["succeeded", false],
      ["succeeded", false],
    ]);
    expect(await world.statusOf(paid.reservationId)).to.equal("CONFIRMED");
  });

  it("late money races a new holder, 20 times · the seat has one owner, and the money is accounted for", async () => {
    for (let round = 0; round < 20; round += 1) {
      const [one, other] = await world.makeFans(2);
      const seat = round % 10;
      const { reservationId, paymentId } = await declined([seat], one!);
      await cancel(reservationId, one!);
      const [held] = await Promise.all([world.hold(other!, hall, [seat]), succeeded(paymentId)]);
      const status = await world.statusOf(reservationId);
      expect([`201 REFUNDING`, `409 CONFIRMED`]).to.include(`${held.status} ${status}`);
      if (held.status === 201) await cancel(held.body.id, other!);
      else await world.refund(one!, reservationId);
    }
  });
});
