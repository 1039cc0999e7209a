import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { v7 } from "uuid";
import { signWebhook } from "../../src/payments/index.ts";
import { checkSignature } from "../../src/payments/webhook-signature.ts";
import { type Fan, type Hall, openWorld, tally, WEBHOOK_KEY, type World } from "../reservations/world.ts";

describe("webhooks", () => {
  let world: World;
  let hall: Hall;
  let fan: Fan;
  let reservationId: string;
  let paymentId: string;

  before(async () => {
    world = await openWorld();
  });
  beforeEach(async () => {
    hall = await world.makeHall({ rows: 1 });
    fan = await world.makeFan();
    reservationId = (await world.held(fan, hall, [0])).id;
    paymentId = (
      await world.pay(fan, reservationId, { type: "sandbox", card: "undecided", settleAfterSeconds: 600 })
    ).body.id;
  });
  afterEach(() => world.expectInvariants());
  after(() => world.close());

  const now = () => Math.floor(Date.now() / 1_000);
  const event = (type: string, about = paymentId, id: string = randomUUID()) =>
    JSON.stringify({ id, type, data: { paymentId: about } });
  const send = (
    body: string,
    header: string | null = signWebhook(WEBHOOK_KEY, body, now()),
    provider = "sandbox",
  ) =>
    world.request("POST", `/payments/webhooks/${provider}`, null, {
      body,
      headers: header === null ? {} : { "FastPass-Signature": header },
    });
  const status = () => world.statusOf(reservationId);

  it("webhook · succeeded · 200, the reservation is confirmed", async () => {
    expect((await send(event("payment.succeeded"))).status).to.equal(200);
    expect(await status()).to.equal("CONFIRMED");
    expect(await world.letters(hall)).to.equal("OAAAAAAAAA");
  });

  it("webhook · failed in time · held again; a new payment may follow", async () => {
    expect((await send(event("payment.failed"))).status).to.equal(200);
    expect(await status()).to.equal("HELD");
    expect((await world.pay(fan, reservationId)).status).to.equal(201);
  });

  it("webhook · failed after the deadline · the seats are free", async () => {
    await world.lapse(reservationId);
    await send(event("payment.failed"));
    expect(await status()).to.equal("EXPIRED");
    expect(await world.letters(hall)).to.equal("AAAAAAAAAA");
  });

  it("F15 · webhook · the same event ten times at once, and again · one effect, always 200", async () => {
    const body = event("payment.succeeded");
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(body)));
    expect(tally([...answers, await send(body)])).to.deep.equal({ "200": 11 });
    const { rows } = await world.db.raw("SELECT version FROM reservations WHERE id = ?", [reservationId]);
    expect(rows[0].version).to.equal(3);
    expect(await world.db("tickets").where({ reservation_id: reservationId })).to.have.length(1);
  });

  it("F15 · webhook · forged: no signature, another key's, a changed byte, a changed time · 400, nothing changes", async () => {
    const body = event("payment.succeeded");
    const good = signWebhook(WEBHOOK_KEY, body, now());
    const cases: [string, string | null][] = [
      [body, null],
      [body, ""],
      [body, "t=,v1="],
      [body, good.replace(/v1=.*/, `v1=${"0".repeat(64)}`)],
      [`${body} `, good],
      [body.replace("succeeded", "failed"), good],
      [body, good.replace(/t=\d+/, `t=${now() + 1}`)],
      [body, good.replace("v1=", "v0=")],
    ];
    for (const [sent, header] of cases) {
      const answer = await send(sent, header);
      expect([answer.status, answer.body.code], String(header)).to.deep.equal([
        400,
        "WEBHOOK_SIGNATURE_INVALID",
      ]);
    }
    expect(await status()).to.equal("PAYING");
  });

  it("F15 · webhook · three days old, or from the future · 400; 290 seconds are well", async () => {
    const body = event("payment.succeeded");
    // The future with something to spare: it comes nearer while the request is under way.
    for (const away of [-3 * 86_400, -301, 310]) {
      const answer = await send(body, signWebhook(WEBHOOK_KEY, body, now() + away));
      expect([answer.status, answer.body.code], String(away)).to.deep.equal([400, "WEBHOOK_STALE"]);
    }
    expect(await status()).to.equal("PAYING");
    expect((await send(body, signWebhook(WEBHOOK_KEY, body, now() - 290))).status).to.equal(200);
  });

  it("F15 · webhook · 300 seconds away, before or after · the last that is taken", () => {
    const body = event("payment.succeeded");
    const at = 2_000_000_000;
    const header = signWebhook(WEBHOOK_KEY, body, at);
    const check = (away: number) => checkSignature(WEBHOOK_KEY, header, Buffer.from(body), at * 1_000 + away);
    for (const away of [-300_000, 300_000]) expect(check(away), String(away)).to.deep.equal({ ok: true });
    for (const away of [-300_001, 300_001])
      expect(check(away), String(away)).to.deep.equal({ ok: false, reason: "WEBHOOK_STALE" });
  });

  it("webhook · two signatures while keys change · one that matches is enough", async () => {
    const body = event("payment.succeeded");
    const header = signWebhook(WEBHOOK_KEY, body, now()).replace(",v1=", `,v1=${"ab".repeat(32)},v1=`);
    expect((await send(body, header)).status).to.equal(200);
  });

  it("F15 · webhook · reordered: refunded before paid, failed after succeeded · change nothing", async () => {
    expect((await send(event("refund.succeeded"))).status).to.equal(200);
    expect(await status()).to.equal("PAYING");
    await send(event("payment.succeeded"));
    expect((await send(event("payment.failed"))).status).to.equal(200);
    expect((await send(event("refund.succeeded"))).status).to.equal(200);
    expect(await status()).to.equal("CONFIRMED");
  });

  it("webhook · two events of one success · the second changes nothing", async () => {
    await Promise.all([send(event("payment.succeeded")), send(event("payment.succeeded"))]);
    expect(await status()).to.equal("CONFIRMED");
  });

  it("webhook · about nothing of ours, or of a kind we do not know · 200, written down", async () => {
    for (const body of [
      event("payment.succeeded", v7()),
      event("payment.succeeded", "no uuid"),
      event("payment.disputed"),
    ]) {
      expect((await send(body)).status).to.equal(200);
      expect((await send(body)).status).to.equal(200);
    }
    expect(await status()).to.equal("PAYING");
  });

  it("webhook · signed, but no JSON or not the documented form · 400", async () => {
    expect((await send("{")).body.code).to.equal("MALFORMED_JSON");
    expect((await send('{"id":"x"}')).body.code).to.equal("VALIDATION_FAILED");
    expect((await send("")).status).to.equal(400);
  });

  it("webhook · an unknown provider · 404", async () => {
    expect((await send(event("payment.succeeded"), undefined, "bank")).status).to.equal(404);
  });

  it("F15 · webhook · at the same time as the reconciliation and the expiry job · one outcome", async () => {
    await world.lapse(reservationId);
    await world.db.raw(
      "UPDATE payments SET next_check_at = now(), started_at = now() - interval '10 minutes' WHERE id = ?",
      [paymentId],
    );
    await Promise.all([
      send(event("payment.succeeded")),
      world.payments.reconcile(10),
      world.reservations.expire(reservationId),
      world.reservations.sweep(10),
    ]);
    expect(["CONFIRMED"]).to.include(await status());
  });
});
