import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { v7 } from "uuid";
import { signWebhook } from "../../src/payments/index.ts";
import { type Fan, type Hall, openWorld, tally, WEBHOOK_KEY, type World } from "../reservations/world.ts";

describe("refunds", () => {
  let world: World;
  let hall: Hall;
  let fan: Fan;
  let paid: string;

  before(async () => {
    world = await openWorld();
  });
  beforeEach(async () => {
    hall = await world.makeHall({ rows: 1 });
    fan = await world.makeFan();
    paid = (await world.held(fan, hall, [0, 1])).id;
    await world.pay(fan, paid);
  });
  afterEach(() => world.expectInvariants());
  after(() => world.close());

  it("refund · paid · 201, the seats are free at once, the tickets are void, the money follows", async () => {
    const answer = await world.refund(fan, paid);
    expect([answer.status, answer.body.status, answer.body.reservation.status]).to.deep.equal([
      201,
      "pending",
      "REFUNDING",
    ]);
    expect(answer.body.reservation).to.not.have.property("tickets");
    expect(await world.letters(hall)).to.equal("AAAAAAAAAA");
    await world.held(await world.makeFan(), hall, [0]);
    await world.payments.reconcile(10);
    expect(await world.statusOf(paid)).to.equal("REFUNDED");
    const { rows } = await world.db.raw(
      "SELECT count(*)::int AS void FROM tickets WHERE reservation_id = ? AND voided_at IS NOT NULL",
      [paid],
    );
    expect(rows[0].void).to.equal(2);
  });

  it("F22 · refund · 20 at once with different keys, beside a cancel · one refund of the whole payment", async () => {
    const [answers] = await Promise.all([
      Promise.all(Array.from({ length: 20 }, () => world.refund(fan, paid))),
      world.request("DELETE", `/reservations/${paid}`, fan),
    ]);
    expect(tally(answers)).to.deep.equal({ "201": 1, "409 NOT_REFUNDABLE": 19 });
    const refunds = await world.db("refunds").where({ reservation_id: paid });
    expect(refunds.map(({ amount }) => amount)).to.deep.equal([100_000]);
  });

  it("refund · 20 at once with one key, and again · one effect, the same answer", async () => {
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 20 }, () => world.refund(fan, paid, key)));
    const again = await world.refund(fan, paid, key);
    const made = answers.filter(({ status }) => status === 201);
    expect(made).to.not.have.length(0);
    expect(new Set([...made, again].map(({ text }) => text)).size).to.equal(1);
    expect(again.headers.get("idempotent-replayed")).to.equal("true");
    expect(tally(answers.filter(({ status }) => status !== 201))).to.satisfy((rest: object) =>
      Object.keys(rest).every((kind) => kind === "409 IDEMPOTENCY_IN_PROGRESS"),
    );
  });

  it("refund · a ticket was used · NOT_REFUNDABLE, and nothing changes", async () => {
    await world.db.raw("UPDATE tickets SET checked_in_at = now() WHERE reservation_id = ? AND ordinal = 1", [
      paid,
    ]);
    expect((await world.refund(fan, paid)).body.code).to.equal("NOT_REFUNDABLE");
    expect(await world.statusOf(paid)).to.equal("CONFIRMED");
  });

  it("refund · the performance has begun · NOT_REFUNDABLE", async () => {
    const begun = await world.makeHall({ rows: 1, startsAt: new Date(Date.now() - 1_000) });
    const { id } = await world.held(fan, begun, [0]);
    await world.pay(fan, id);
    expect((await world.refund(fan, id)).body.code).to.equal("NOT_REFUNDABLE");
  });

  it("refund · held, being paid, refunded already · NOT_REFUNDABLE", async () => {
    const held = await world.held(fan, hall, [2]);
    expect((await world.refund(fan, held.id)).body.code).to.equal("NOT_REFUNDABLE");
    await world.pay(fan, held.id, "undecided");
    expect((await world.refund(fan, held.id)).body.code).to.equal("NOT_REFUNDABLE");
    await world.refund(fan, paid);
    expect((await world.refund(fan, paid)).body.code).to.equal("NOT_REFUNDABLE");
    expect((await world.request("DELETE", `/reservations/${paid}`, fan)).body.code).to.equal(
      "ALREADY_CONFIRMED",
    );
  });

  it("refund · no key 400, another fan's 404, never was 404, a body that is not empty 400", async () => {
    expect((await world.request("POST", `/reservations/${paid}/refunds`, fan)).body.code).to.equal(
      "IDEMPOTENCY_KEY_REQUIRED",
    );
    expect((await world.refund(await world.makeFan(), paid)).status).to.equal(404);
    expect((await world.refund(fan, v7())).status).to.equal(404);
    const headers = { "Idempotency-Key": randomUUID() };
    expect(
      (await world.request("POST", `/reservations/${paid}/refunds`, fan, { headers, body: { amount: 1 } }))
        .status,
    ).to.equal(400);
  });

  it("refund · the provider does not answer · is sent again until it does", async () => {
    let refusals = 2;
    const shaky = await openWorld({
      beside: world,
      timing: { callTimeoutMs: 100 },
      providers: (sandbox) => [
        {
          ...sandbox,
          refund: (refund, signal) =>
            refusals-- > 0 ? new Promise(() => undefined) : sandbox.refund(refund, signal),
        },
      ],
    });
    await world.refund(fan, paid);
    for (let round = 0; round < 3; round += 1) {
      await shaky.payments.reconcile(10);
      await world.db.raw("UPDATE refunds SET next_attempt_at = now() WHERE reservation_id = ?", [paid]);
    }
    expect(await world.statusOf(paid)).to.equal("REFUNDED");
    await shaky.close();
  });

  it("refund.succeeded · before our own call was answered · refunded, once", async () => {
    await world.refund(fan, paid);
    const { id: paymentId } = await world.db("payments").where({ reservation_id: paid }).first("id");
    const body = JSON.stringify({ id: randomUUID(), type: "refund.succeeded", data: { paymentId } });
    const headers = { "FastPass-Signature": signWebhook(WEBHOOK_KEY, body, Math.floor(Date.now() / 1_000)) };
    await Promise.all([
      world.request("POST", "/payments/webhooks/sandbox", null, { body, headers }),
      world.request("POST", "/payments/webhooks/sandbox", null, { body, headers }),
      world.payments.reconcile(10),
    ]);
    expect(await world.statusOf(paid)).to.equal("REFUNDED");
  });
});
