import { createSecretKey } from "node:crypto";
import { expect } from "chai";
import Stripe from "stripe";
import { v7 } from "uuid";
import { createStripeProvider } from "../../src/payments/index.ts";
import type { Charge } from "../../src/payments/provider.ts";
import { toStripeAmount } from "../../src/payments/stripe/amounts.ts";
import { type Fan, type Hall, openWorld, type World } from "../reservations/world.ts";
import { openSmallStripe, type SmallStripe } from "./small-stripe.ts";
import { ensureStripeMock, startStripeMock } from "./stripe-mock.ts";

const WEBHOOK_SECRET = "whsec_only_the_tests_know_it";
const key = (text: string) => createSecretKey(Buffer.from(text));
const providerAt = (port: number) =>
  createStripeProvider({
    secretKey: key("sk_test_123456789"),
    webhookSecret: key(WEBHOOK_SECRET),
    api: { host: "127.0.0.1", port, protocol: "http" },
  });
const newCharge = (): Charge => ({
  paymentId: v7(),
  providerId: null,
  amount: 50_000,
  currency: "KRW",
  method: { type: "stripe", paymentMethod: "pm_card_visa" },
});
const never = new AbortController().signal;

describe("stripe", () => {
  describe("against stripe-mock, which holds every request to Stripe's published API", () => {
    let mock: Awaited<ReturnType<typeof startStripeMock>> | undefined;

    before(async function () {
      this.timeout(240_000);
      const program = await ensureStripeMock();
      if (!program) {
        process.stdout.write("    Go is not on this machine, so there is no stripe-mock to test against.\n");
        return this.skip();
      }
      mock = await startStripeMock(program);
    });
    after(() => mock?.stop());

    const provider = () => providerAt(mock?.port ?? 0);

    it("charge, query, cancel · are requests that Stripe takes, about one intent", async () => {
      const charge = newCharge();
      const { providerId } = await provider().charge(charge, never);
      expect(providerId).to.match(/^pi_/);
      const asked = await provider().query({ ...charge, providerId }, never);
      expect(asked.status).to.be.oneOf(["unknown", "pending", "succeeded", "failed", "cancelled"]);
      expect((await provider().cancel({ ...charge, providerId }, never)).providerId).to.match(/^pi_/);
    });

    it("refund · is a request that Stripe takes", async () => {
      const charge = { ...newCharge(), providerId: "pi_1" };
      const { status, providerId } = await provider().refund({ refundId: v7(), charge }, never);
      expect(status).to.be.oneOf(["succeeded", "pending"]);
      expect(providerId).to.match(/^re_/);
    });
  });

  describe("in the rooms", () => {
    let small: SmallStripe;
    let world: World;
    let hall: Hall;
    let fan: Fan;

    before(async () => {
      small = await openSmallStripe();
      world = await openWorld({
        timing: { firstCheckSeconds: 0.1 },
        providers: (sandbox) => [sandbox, providerAt(small.port)],
      });
    });
    beforeEach(async () => {
      hall = await world.makeHall();
      fan = await world.makeFan();
    });
    afterEach(() => world.expectInvariants());
    after(async () => {
      await world.close();
      await small.close();
    });

    const pay = (id: string, paymentMethod: string) => world.pay(fan, id, { type: "stripe", paymentMethod });
    const reconciled = async () => {
      await world.db.raw(
        "UPDATE payments SET next_check_at = now(), started_at = started_at - interval '10 seconds' WHERE status = 'pending'",
      );
      await world.payments.reconcile(10);
    };

    it("paid · 201 with tickets; the amount and our number are at Stripe; refunded · once", async () => {
      const { id } = await world.held(fan, hall, [0, 1]);
      const answer = await pay(id, "pm_ok");
      expect([answer.status, answer.body.reservation.tickets.length]).to.deep.equal([201, 2]);
      const intent = small.intents.at(-1);
      expect(intent).to.deep.include({
        amount: 100_000,
        currency: "krw",
        metadata: { paymentId: answer.body.id },
      });
      expect((await world.refund(fan, id)).status).to.equal(201);
      await world.payments.reconcile(10);
      expect(await world.statusOf(id)).to.equal("REFUNDED");
      expect(small.refunds.filter((refund) => refund.intent === intent?.id)).to.have.length(1);
    });

    it("declined · 402, the hold stays, another card pays", async () => {
      const { id } = await world.held(fan, hall, [0]);
      expect((await pay(id, "pm_declined")).body.code).to.equal("PAYMENT_DECLINED");
      expect((await pay(id, "pm_ok")).status).to.equal(201);
    });

    it("F13 · confirmed, and the answer never came · 202, then found out by asking", async () => {
      const { id } = await world.held(fan, hall, [0]);
      expect((await pay(id, "pm_lost")).status).to.equal(202);
      await reconciled();
      expect(await world.statusOf(id)).to.equal("CONFIRMED");
      expect(small.intents.filter(({ paymentMethod }) => paymentMethod === "pm_lost")).to.have.length(1);
    });

    it("F13 · created, and the confirmation never arrived · cancelled there, and only then held again", async () => {
      const { id } = await world.held(fan, hall, [0]);
      expect((await pay(id, "pm_never_confirmed")).status).to.equal(202);
      await reconciled();
      expect(small.intents.at(-1)?.status).to.equal("canceled");
      expect(await world.statusOf(id)).to.equal("HELD");
    });

    it("undecided · confirmed by the webhook, once, however often it comes", async () => {
      const { id } = await world.held(fan, hall, [0]);
      const { status, body } = await pay(id, "pm_processing");
      expect(status).to.equal(202);
      const payload = JSON.stringify({
        id: "evt_1",
        object: "event",
        type: "payment_intent.succeeded",
        data: { object: { id: small.intents.at(-1)?.id, metadata: { paymentId: body.id } } },
      });
      const header = Stripe.webhooks.generateTestHeaderString({ payload, secret: WEBHOOK_SECRET });
      const send = () =>
        world.request("POST", "/payments/webhooks/stripe", null, {
          body: payload,
          headers: { "Stripe-Signature": header },
        });
      const answers = await Promise.all([send(), send(), send()]);
      expect(answers.map((answer) => answer.status)).to.deep.equal([200, 200, 200]);
      expect(await world.statusOf(id)).to.equal("CONFIRMED");
    });

    it("a card's number instead of a payment method · 400", async () => {
      const { id } = await world.held(fan, hall, [0]);
      const answer = await world.pay(fan, id, { type: "stripe", paymentMethod: "4242424242424242" });
      expect(answer.body.code).to.equal("VALIDATION_FAILED");
    });
  });

  describe("webhooks", () => {
    const { verifyWebhook } = providerAt(1);
    const payload =
      '{"id":"evt_1","object":"event","type":"payment_intent.payment_failed","data":{"object":{"metadata":{"paymentId":"p"}}}}';
    const signed = (body: string, more: object = {}) =>
      Stripe.webhooks.generateTestHeaderString({ payload: body, secret: WEBHOOK_SECRET, ...more });
    const check = (body: string, header: string | undefined) => {
      const checked = verifyWebhook({ "stripe-signature": header }, Buffer.from(body));
      return checked.ok ? checked.event : checked.reason;
    };

    it("F15 · signed · is told in our words", () => {
      expect(check(payload, signed(payload))).to.deep.equal({
        id: "evt_1",
        type: "payment.failed",
        paymentId: "p",
      });
      const refund =
        '{"id":"evt_2","type":"refund.updated","data":{"object":{"status":"succeeded","metadata":{"paymentId":"p"}}}}';
      expect(check(refund, signed(refund))).to.include({ type: "refund.succeeded" });
      const other = '{"id":"evt_3","type":"customer.created","data":{"object":{}}}';
      expect(check(other, signed(other))).to.deep.equal({
        id: "evt_3",
        type: "customer.created",
        paymentId: null,
      });
    });

    it("F15 · forged: no header, another secret, a changed byte · is refused", () => {
      const wrong = "WEBHOOK_SIGNATURE_INVALID";
      expect(check(payload, undefined)).to.equal(wrong);
      expect(check(payload, "nonsense")).to.equal(wrong);
      expect(check(payload, signed(payload, { secret: "whsec_another" }))).to.equal(wrong);
      expect(check(payload.replace("evt_1", "evt_2"), signed(payload))).to.equal(wrong);
    });

    it("F15 · recorded three days ago · is stale; signed, but no JSON · is malformed", () => {
      const timestamp = Math.floor(Date.now() / 1_000) - 3 * 86_400;
      expect(check(payload, signed(payload, { timestamp }))).to.equal("WEBHOOK_STALE");
      // t and v1 of this very body, as they came in the header in November 2023.
      const recorded = "t=1700000000,v1=4e84cad3abbfcea11fa09838854e526f3e59b302f55630f5ed58048d1f4d7402";
      expect(check(payload, recorded)).to.equal("WEBHOOK_STALE");
      expect(check("no json", signed("no json"))).to.equal("MALFORMED_JSON");
    });
  });

  it("amounts · of currencies whose decimals Stripe counts otherwise · are converted", () => {
    expect(["KRW", "EUR", "ISK", "MGA"].map((currency) => toStripeAmount(500, currency))).to.deep.equal([
      500, 500, 50_000, 5,
    ]);
    expect(() => toStripeAmount(501, "MGA")).to.throw("501 MGA");
  });
});
