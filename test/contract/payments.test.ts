/** Paying, refunds and webhooks: money is never lost and never silent. */
import { createHmac, randomUUID } from "node:crypto";
import { expect } from "chai";
import { v7 } from "uuid";
import { atOnce } from "../support/house/at-once.ts";
import { type Answer, type Fan, type House, type Inside, openHouse, type Show } from "../support/house.ts";
import { eventually } from "../support/wait.ts";

const SECRET = "the-secret-that-providers-sign-their-webhooks-with";
const UNDECIDED = { type: "sandbox", card: "undecided", settleAfterSeconds: 600 };
const SOON = { timeoutMs: 15_000, intervalMs: 100 };

describe("contract · payments", function () {
  this.timeout(40_000);
  let house: House;
  let show: Show;
  const { over, start, settled } = atOnce();
  before(async () => {
    house = await openHouse({ gateways: 2, workers: 2, environment: { FASTPASS_WEBHOOK_SECRET: SECRET } });
    show = await house.makeShow({ sections: [{ name: "Floor", rows: 20, seatsPerRow: 20, amount: 9_000 }] });
    start();
  });
  after(async () => {
    await settled();
    try {
      expect(await house?.invariants()).to.deep.equal([]);
    } finally {
      await house?.close();
    }
  });

  let next = 0;
  /** A fan inside who holds a seat of their own. */
  async function holding(
    on = show,
  ): Promise<{ inside: Inside; fan: Fan; id: string; seatId: string; held: Answer }> {
    const inside = await house.enter(await house.fan(), on);
    const seatId = on.seatIds[next++ % on.seatIds.length] as string;
    const held = await house.hold(inside, { seatIds: [seatId] }, { expect: 201 });
    return { inside, fan: inside.fan, id: held.body.id, seatId, held };
  }
  const refusal = ({ status, body }: Answer) => [status, body.code];
  const statusOf = async (fan: Fan, id: string) => (await house.reservation(fan, id)).body.status;
  const becomes = (fan: Fan, id: string, status: string) =>
    eventually(async () => (await statusOf(fan, id)) === status, { ...SOON, what: `the status ${status}` });
  const payment = async (fan: Fan, id: string) =>
    (await house.client.api("GET", `/payments/${id}`, { token: fan.token, expect: 200 })).body;
  const refund = (fan: Fan, id: string, key: string = randomUUID()) =>
    house.client.api("POST", `/reservations/${id}/refunds`, { token: fan.token, idempotencyKey: key });

  describe("the cards", () => {
    it("success · 201 with the tickets, and the seats are sold", async () => {
      const { fan, id, seatId, held } = await holding();
      const paid = await house.pay(fan, id);
      expect(paid.status).to.equal(201);
      expect(paid.body).to.have.all.keys("id", "status", "reservation");
      expect(paid.body.status).to.equal("succeeded");
      const { reservation } = paid.body;
      expect([reservation.id, reservation.status]).to.deep.equal([id, "CONFIRMED"]);
      expect(reservation.version).to.be.greaterThan(held.body.version);
      expect(reservation.tickets).to.have.length(1);
      expect(reservation.tickets[0]).to.have.all.keys("id", "seatId", "code");
      expect(reservation.tickets[0].seatId).to.equal(seatId);
      expect((await house.reservation(fan, id)).body).to.deep.equal(reservation);
      const { body: mine } = await house.client.api("GET", "/me/reservations", { token: fan.token });
      expect(mine.items[0].tickets).to.deep.equal(reservation.tickets);
      const read = await payment(fan, paid.body.id);
      expect(read).to.include({ id: paid.body.id, reservationId: id, status: "succeeded", amount: 9_000 });
    });

    it("declined · 402 and the hold stays; the same key replays it, a new one may pay", async () => {
      const { fan, id } = await holding();
      const key = randomUUID();
      const declined = await house.pay(fan, id, "declined", key);
      expect(refusal(declined)).to.deep.equal([402, "PAYMENT_DECLINED"]);
      expect(await statusOf(fan, id)).to.equal("HELD");
      const again = await house.pay(fan, id, "declined", key);
      expect([again.status, again.text]).to.deep.equal([402, declined.text]);
      expect(again.headers["idempotent-replayed"]).to.equal("true");
      expect((await house.pay(fan, id)).status).to.equal(201);
    });
  });

  describe("what takes its time", () => {
    over("undecided · 202 with Location and Retry-After, settled by webhook", async () => {
      const { fan, id } = await holding();
      const key = randomUUID();
      const pending = await house.pay(fan, id, { ...UNDECIDED, settleAfterSeconds: 1 }, key);
      expect([pending.status, pending.body.status]).to.deep.equal([202, "pending"]);
      expect(pending.body.reservation.status).to.equal("PAYING");
      expect(pending.headers.location).to.equal(`/api/v1/payments/${pending.body.id}`);
      expect(Number(pending.headers["retry-after"])).to.be.at.least(1);
      await becomes(fan, id, "CONFIRMED");
      const again = await house.pay(fan, id, { ...UNDECIDED, settleAfterSeconds: 1 }, key);
      expect([again.status, again.text]).to.deep.equal([202, pending.text]);
      for (const name of ["location", "retry-after"])
        expect(again.headers[name], name).to.equal(pending.headers[name]);
      expect((await payment(fan, pending.body.id)).status).to.equal("succeeded");
      const events = await house.db("payment_events").where({ payment_id: pending.body.id });
      expect(events.map(({ type }) => type)).to.deep.equal(["payment.succeeded"]);
    });

    over("lost_reply · 202, and the money is found", async () => {
      const { fan, id } = await holding();
      const lost = await house.pay(fan, id, "lost_reply");
      expect([lost.status, lost.body.status]).to.deep.equal([202, "pending"]);
      await becomes(fan, id, "CONFIRMED");
    });

    over("a refund after the start · 409 NOT_REFUNDABLE", async () => {
      const startsAt = new Date(Date.now() + 2_000).toISOString();
      const tonight = await house.makeShow({ performance: { startsAt } });
      const late = await holding(tonight);
      expect((await house.pay(late.fan, late.id)).status).to.equal(201);
      await eventually(() => Date.now() > Date.parse(startsAt) + 100, { what: "the start" });
      expect(refusal(await refund(late.fan, late.id))).to.deep.equal([409, "NOT_REFUNDABLE"]);
    });
  });

  describe("refusals", () => {
    it("while one is undecided · 409 PAYMENT_IN_PROGRESS for another payment and for giving back", async () => {
      const { fan, id } = await holding();
      await house.pay(fan, id, UNDECIDED);
      expect(refusal(await house.pay(fan, id))).to.deep.equal([409, "PAYMENT_IN_PROGRESS"]);
      const path = `/reservations/${id}`;
      const removal = await house.client.api("DELETE", path, { token: fan.token });
      expect(refusal(removal)).to.deep.equal([409, "PAYMENT_IN_PROGRESS"]);
    });

    it("paid or given back · 409 ALREADY_CONFIRMED, HOLD_EXPIRED", async () => {
      const paid = await holding();
      await house.pay(paid.fan, paid.id);
      expect(refusal(await house.pay(paid.fan, paid.id))).to.deep.equal([409, "ALREADY_CONFIRMED"]);
      const given = await holding();
      await house.client.api("DELETE", `/reservations/${given.id}`, { token: given.fan.token, expect: 204 });
      expect(refusal(await house.pay(given.fan, given.id))).to.deep.equal([409, "HOLD_EXPIRED"]);
    });

    it("somebody else's · 404, for the payment and the refund too", async () => {
      const { fan, id } = await holding();
      const stranger = await house.fan();
      expect((await house.pay(stranger, id)).status).to.equal(404);
      const paid = await house.pay(fan, id);
      expect((await refund(stranger, id)).status).to.equal(404);
      for (const token of [stranger.token, house.operatorToken])
        await house.client.api("GET", `/payments/${paid.body.id}`, { token, expect: 404 });
      expect((await house.pay(fan, v7())).status).to.equal(404);
    });

    it("wrong bodies and keys · 400, and nothing is charged", async () => {
      const { fan, id } = await holding();
      const wrong: [unknown, string][] = [
        [{}, "method"],
        [{ method: {} }, "method.type"],
        [{ method: { type: "stripe", card: "success" } }, "method.type"],
        [{ method: { type: "sandbox" } }, "method.card"],
        [{ method: { type: "sandbox", card: "4242" } }, "method.card"],
        [{ method: { type: "sandbox", card: "success", cvc: 1 } }, "method.cvc"],
        [{ method: { ...UNDECIDED, settleAfterSeconds: -1 } }, "method.settleAfterSeconds"],
        [{ method: { type: "sandbox", card: "success" }, amount: 1 }, "amount"],
      ];
      const path = `/reservations/${id}/payments`;
      for (const [body, field] of wrong) {
        const idempotencyKey = randomUUID();
        const answer = await house.client.api("POST", path, { token: fan.token, idempotencyKey, body });
        expect([answer.status, answer.body.errors?.[0]?.path]).to.deep.equal([400, field]);
      }
      const body = { method: { type: "sandbox", card: "success" } };
      const missing = await house.client.api("POST", path, { token: fan.token, body });
      expect(refusal(missing)).to.deep.equal([400, "IDEMPOTENCY_KEY_REQUIRED"]);
      for (const key of ["", "x".repeat(256), "caf\u00e9"])
        expect((await house.pay(fan, id, "success", key)).status).to.equal(400);
      expect(await house.db("payments").where({ reservation_id: id })).to.deep.equal([]);
      expect(await statusOf(fan, id)).to.equal("HELD");
    });
  });

  describe("Idempotency-Key", () => {
    it("again · the same bytes and Location, wherever it is asked; with another card · 422", async () => {
      const { fan, id } = await holding();
      const key = randomUUID();
      const first = await house.pay(fan, id, "success", key);
      const path = `/reservations/${id}/payments`;
      const ask = {
        token: fan.token,
        idempotencyKey: key,
        raw: '{ "method": {"card":"success",  "type":"sandbox"} }',
        headers: { "Content-Type": "application/json" },
      };
      for (const { client } of house.gateways) {
        const again = await client.api("POST", path, ask);
        expect([again.status, again.text]).to.deep.equal([201, first.text]);
        expect(again.headers["idempotent-replayed"]).to.equal("true");
        expect(again.headers.location).to.equal(first.headers.location);
      }
      const other = await house.pay(fan, id, "declined", key);
      expect(refusal(other)).to.deep.equal([422, "IDEMPOTENCY_MISMATCH"]);
    });

    it("fifty at once · one charge, one answer; the others are told to wait", async () => {
      const { fan, id } = await holding();
      const key = randomUUID();
      const answers = await Promise.all(Array.from({ length: 50 }, () => house.pay(fan, id, "success", key)));
      const done = answers.filter(({ status }) => status === 201);
      expect(done.length).to.be.at.least(1);
      expect(new Set(done.map(({ text }) => text)).size).to.equal(1);
      for (const answer of answers.filter(({ status }) => status !== 201))
        expect(refusal(answer)).to.deep.equal([409, "IDEMPOTENCY_IN_PROGRESS"]);
      expect(await house.db("payments").where({ reservation_id: id })).to.have.length(1);
    });

    it("twenty keys at once · one charge", async () => {
      const { fan, id } = await holding();
      const answers = await Promise.all(Array.from({ length: 20 }, () => house.pay(fan, id)));
      expect(answers.filter(({ status }) => status === 201)).to.have.length(1);
      for (const answer of answers.filter(({ status }) => status !== 201))
        expect(answer.body.code).to.be.oneOf(["PAYMENT_IN_PROGRESS", "ALREADY_CONFIRMED"]);
      const charges = await house.db("payments").where({ reservation_id: id, status: "succeeded" });
      expect(charges).to.have.length(1);
    });
  });

  describe("refunds", () => {
    it("a paid one · 201, seats free as soon as it begins, REFUNDED in the end; again with the key · replayed", async () => {
      const { fan, id, seatId } = await holding();
      await house.pay(fan, id);
      const key = randomUUID();
      const begun = await refund(fan, id, key);
      expect(begun.status).to.equal(201);
      expect(begun.body).to.have.all.keys("id", "status", "reservation");
      expect(begun.body.reservation.status).to.be.oneOf(["REFUNDING", "REFUNDED"]);
      expect(begun.body.reservation.tickets).to.equal(undefined);
      const other = await house.enter(await house.fan(), show);
      await house.hold(other, { seatIds: [seatId] }, { expect: 201 });
      const again = await refund(fan, id, key);
      expect([again.status, again.text, again.headers["idempotent-replayed"]]).to.deep.equal([
        ...[201, begun.text, "true"],
      ]);
      const path = `/reservations/${id}/refunds`;
      const body = { reason: "ill" };
      await house.client.api("POST", path, { token: fan.token, idempotencyKey: key, body, expect: 400 });
      await becomes(fan, id, "REFUNDED");
      expect(refusal(await refund(fan, id))).to.deep.equal([409, "NOT_REFUNDABLE"]);
    });

    it("ten at once · one refund", async () => {
      const { fan, id } = await holding();
      await house.pay(fan, id);
      const answers = await Promise.all(Array.from({ length: 10 }, () => refund(fan, id)));
      expect(answers.filter(({ status }) => status === 201)).to.have.length(1);
    });

    it("unpaid · 409 NOT_REFUNDABLE; without a key · 400", async () => {
      const held = await holding();
      expect(refusal(await refund(held.fan, held.id))).to.deep.equal([409, "NOT_REFUNDABLE"]);
      const path = `/reservations/${held.id}/refunds`;
      const keyless = await house.client.api("POST", path, { token: held.fan.token });
      expect(refusal(keyless)).to.deep.equal([400, "IDEMPOTENCY_KEY_REQUIRED"]);
    });
  });

  describe("webhooks", () => {
    const sign = (raw: string, at = Math.floor(Date.now() / 1_000), secret = SECRET) =>
      `t=${at},v1=${createHmac("sha256", secret).update(`${at}.${raw}`).digest("hex")}`;
    const post = (raw: string, signature: string | undefined, provider = "sandbox") =>
      house.client.api("POST", `/payments/webhooks/${provider}`, {
        raw,
        headers: {
          "Content-Type": "application/json",
          ...(signature === undefined ? {} : { "FastPass-Signature": signature }),
        },
      });
    const event = (type: string, paymentId: string, id = `evt_${randomUUID()}`) =>
      JSON.stringify({ id, type, data: { paymentId } });
    const deliver = (raw: string) => post(raw, sign(raw));
    /** PAYING, and only a webhook will say more. */
    async function undecided() {
      const made = await holding();
      const { body } = await house.pay(made.fan, made.id, UNDECIDED);
      return { ...made, paymentId: body.id as string };
    }

    it("succeeded · 200 and the reservation is confirmed; nine duplicates · 200 and nothing else", async () => {
      const { fan, id, paymentId } = await undecided();
      const raw = event("payment.succeeded", paymentId);
      const answers = await Promise.all(Array.from({ length: 10 }, () => deliver(raw)));
      expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([200]));
      const { body } = await house.reservation(fan, id);
      expect([body.status, body.tickets.length]).to.deep.equal(["CONFIRMED", 1]);
      expect((await deliver(event("payment.failed", paymentId))).status).to.equal(200);
      expect(await statusOf(fan, id), "what is paid stays paid").to.equal("CONFIRMED");
    });

    it("failed in time · the hold is as before and may be paid again", async () => {
      const { fan, id, paymentId } = await undecided();
      expect((await deliver(event("payment.failed", paymentId))).status).to.equal(200);
      expect(await statusOf(fan, id)).to.equal("HELD");
      expect((await payment(fan, paymentId)).status).to.equal("failed");
      expect((await house.pay(fan, id)).status).to.equal(201);
    });

    it("succeeded after the seats were given back · confirmed if all are free, else the money goes back", async () => {
      const [lucky, unlucky] = [await undecided(), await undecided()];
      for (const { fan, id, paymentId } of [lucky, unlucky]) {
        await deliver(event("payment.failed", paymentId));
        await house.client.api("DELETE", `/reservations/${id}`, { token: fan.token, expect: 204 });
      }
      const taker = await house.enter(await house.fan(), show);
      await house.hold(taker, { seatIds: [unlucky.seatId] }, { expect: 201 });
      for (const { paymentId } of [lucky, unlucky])
        expect((await deliver(event("payment.succeeded", paymentId))).status).to.equal(200);
      expect(await statusOf(lucky.fan, lucky.id)).to.equal("CONFIRMED");
      expect(await statusOf(unlucky.fan, unlucky.id)).to.be.oneOf(["REFUNDING", "REFUNDED"]);
      const { refund: back } = await payment(unlucky.fan, unlucky.paymentId);
      expect([back.amount, back.reason]).to.deep.equal([9_000, "late_payment"]);
    });

    it("a bad signature or a stale time · 400 and nothing changes", async () => {
      const { fan, id, paymentId } = await undecided();
      const raw = event("payment.succeeded", paymentId);
      const now = Math.floor(Date.now() / 1_000);
      const wrong: [string | undefined, string][] = [
        [undefined, "WEBHOOK_SIGNATURE_INVALID"],
        ["", "WEBHOOK_SIGNATURE_INVALID"],
        ["nonsense", "WEBHOOK_SIGNATURE_INVALID"],
        [sign(raw, now, "another secret"), "WEBHOOK_SIGNATURE_INVALID"],
        [sign(`${raw} `, now), "WEBHOOK_SIGNATURE_INVALID"],
        [sign(raw, now).replace(/t=\d+/, `t=${now - 1}`), "WEBHOOK_SIGNATURE_INVALID"],
        [sign(raw, now).replace("v1=", "v0="), "WEBHOOK_SIGNATURE_INVALID"],
        [sign(raw, now - 310), "WEBHOOK_STALE"],
        [sign(raw, now + 310), "WEBHOOK_STALE"],
      ];
      for (const [signature, code] of wrong)
        expect(refusal(await post(raw, signature)), String(signature)).to.deep.equal([400, code]);
      expect(await statusOf(fan, id)).to.equal("PAYING");
      expect((await post(raw, sign(raw, now - 280))).status).to.equal(200);
      expect(await statusOf(fan, id)).to.equal("CONFIRMED");
    });

    it("well signed nonsense · 400; about nothing of ours or of a new kind · 200; of an unknown provider · 404", async () => {
      for (const raw of ["", "{", "[]", "null", "{}", '{"id":1,"type":"payment.succeeded","data":{}}'])
        expect((await deliver(raw)).status, raw).to.equal(400);
      const { paymentId } = await undecided();
      for (const raw of [
        event("payment.succeeded", paymentId, "evt\u0000"),
        event("payment\u0000succeeded", paymentId),
        event("payment.succeeded", paymentId, "x".repeat(300)),
      ])
        expect((await deliver(raw)).status, raw).to.equal(400);
      for (const raw of [
        event("payment.succeeded", v7()),
        event("payment.succeeded", "not-an-id"),
        event("payment.disputed", paymentId),
      ])
        expect((await deliver(raw)).status, raw).to.equal(200);
      const raw = event("payment.succeeded", paymentId);
      expect((await post(raw, sign(raw), "stripe")).status).to.equal(404);
      expect((await post(raw, sign(raw), "../admin")).status).to.equal(404);
    });
  });
});
