import { expect } from "chai";
import { createLogger } from "../../src/platform/logger.ts";
import { startPaymentReconciliation } from "../../workers/payment-reconciliation.ts";
import { type Fan, type Hall, openWorld, type World } from "../reservations/world.ts";
import { eventually, latch } from "../support/wait.ts";

const log = createLogger("test", "silent");

describe("payment reconciliation", () => {
  let world: World;
  let hall: Hall;
  let fan: Fan;
  let id: string;

  before(async () => {
    world = await openWorld({
      timing: { callTimeoutMs: 200, firstCheckSeconds: 0.3, longestCheckSeconds: 1 },
    });
  });
  beforeEach(async () => {
    hall = await world.makeHall({ rows: 1 });
    fan = await world.makeFan();
    id = (await world.held(fan, hall, [0])).id;
  });
  afterEach(() => world.expectInvariants());
  after(() => world.close());

  const becomes = (status: string) =>
    eventually(async () => (await world.statusOf(id)) === status, { what: `${status} of the reservation` });
  const makeOld = (seconds: number) =>
    world.db.raw(
      "UPDATE payments SET started_at = started_at - make_interval(secs => ?), next_check_at = now() WHERE reservation_id = ?",
      [seconds, id],
    );

  it("worker · an undecided charge settles · the sandbox's webhook confirms it", async () => {
    const { body } = await world.pay(fan, id, { type: "sandbox", card: "undecided", settleAfterSeconds: 1 });
    // Only the webhook may tell it here.
    await world.db.raw("UPDATE payments SET next_check_at = now() + interval '1 hour' WHERE id = ?", [
      body.id,
    ]);
    const { payments, deliveries: sandbox } = world;
    const worker = startPaymentReconciliation({ log, payments, sandbox });
    await becomes("CONFIRMED");
    await eventually(
      async () => (await world.db("sandbox_webhooks").where({ payment_id: body.id }).first())?.delivered_at,
      { what: "the delivery" },
    );
    await worker.close();
    expect(await world.db("payment_events").where({ payment_id: body.id })).to.have.length(1);
  });

  it("worker · no gateway takes the webhook · the question finds it out, and the webhook is tried again later", async () => {
    world.setWebhookUrl("http://127.0.0.1:1/api/v1/payments/webhooks/sandbox");
    await world.pay(fan, id, { type: "sandbox", card: "undecided", settleAfterSeconds: 1 });
    const { payments, deliveries: sandbox } = world;
    const worker = startPaymentReconciliation({ log, payments, sandbox });
    await becomes("CONFIRMED");
    await worker.close();
    world.setWebhookUrl(`${world.url}/api/v1/payments/webhooks/sandbox`);
    await world.db.raw("UPDATE sandbox_webhooks SET next_at = now() WHERE delivered_at IS NULL");
    await world.deliveries.deliver(10);
    expect(await world.db("sandbox_webhooks").whereNull("delivered_at")).to.have.length(0);
    expect(await world.statusOf(id)).to.equal("CONFIRMED");
  });

  it("F13 · charged, and the reply was lost · the question finds it out", async () => {
    expect((await world.pay(fan, id, "lost_reply")).status).to.equal(202);
    await eventually(() => world.payments.reconcile(10), { what: "a payment that is due" });
    expect(await world.statusOf(id)).to.equal("CONFIRMED");
  });

  it("F13 · undecided for 300 s · it is cancelled at the provider, and only then the seats are free", async () => {
    await world.pay(fan, id, { type: "sandbox", card: "undecided", settleAfterSeconds: 600 });
    await world.lapse(id);
    await makeOld(290);
    await world.payments.reconcile(10);
    expect(await world.statusOf(id)).to.equal("PAYING");
    await makeOld(11);
    await world.payments.reconcile(10);
    expect(await world.statusOf(id)).to.equal("EXPIRED");
    expect(await world.letters(hall)).to.equal("AAAAAAAAAA");
    expect((await world.db("sandbox_charges").orderBy("created_at", "desc").first()).status).to.equal(
      "cancelled",
    );
  });

  it("undecided · asked ever less often · the question at 300 s is not put off", async () => {
    const patient = await openWorld({ beside: world, timing: { longestCheckSeconds: 60 } });
    await world.pay(fan, id, { type: "sandbox", card: "undecided", settleAfterSeconds: 600 });
    await world.db.raw("UPDATE payments SET checks = 10 WHERE reservation_id = ?", [id]);
    const nextAge = async () => {
      await patient.payments.reconcile(10);
      const { rows } = await world.db.raw(
        "SELECT extract(epoch FROM next_check_at - started_at)::float8 AS age FROM payments WHERE reservation_id = ?",
        [id],
      );
      return rows[0].age;
    };
    await makeOld(200);
    expect(await nextAge()).to.be.within(260, 270);
    await makeOld(70);
    expect(await nextAge()).to.equal(300);
    await makeOld(31);
    await patient.payments.reconcile(10);
    await patient.close();
    expect(await world.statusOf(id)).to.equal("HELD");
  });

  it("undecided for 300 s, and it succeeds before the cancel arrives · it is confirmed", async () => {
    await world.pay(fan, id, { type: "sandbox", card: "undecided", settleAfterSeconds: 600 });
    const late = await openWorld({
      beside: world,
      providers: (sandbox) => [
        {
          ...sandbox,
          async cancel(charge, signal) {
            await world.db.raw("UPDATE sandbox_charges SET settles_at = now() WHERE payment_id = ?", [
              charge.paymentId,
            ]);
            return sandbox.cancel(charge, signal);
          },
        },
      ],
    });
    await makeOld(301);
    await late.payments.reconcile(10);
    await late.close();
    expect(await world.statusOf(id)).to.equal("CONFIRMED");
  });

  it("the charge never arrived · it is cancelled there, so that it can't arrive later", async () => {
    const lost = await openWorld({
      beside: world,
      timing: { callTimeoutMs: 100 },
      providers: (sandbox) => [{ ...sandbox, charge: () => Promise.reject(new Error("no route")) }],
    });
    const { body } = await lost.pay(fan, id);
    await lost.close();
    await world.payments.reconcile(10);
    expect(await world.statusOf(id), "our call may still be under way").to.equal("PAYING");
    await makeOld(1);
    await world.payments.reconcile(10);
    expect(await world.statusOf(id)).to.equal("HELD");
    expect((await world.db("sandbox_charges").where({ payment_id: body.id }).first()).status).to.equal(
      "cancelled",
    );
    expect((await world.pay(fan, id)).status).to.equal(201);
  });

  it("the provider is away · the payment stays undecided, is asked about ever less often, and the others are not held up", async () => {
    const away = await openWorld({
      beside: world,
      timing: { callTimeoutMs: 100, firstCheckSeconds: 20, longestCheckSeconds: 300 },
      providers: (sandbox) => [{ ...sandbox, query: () => Promise.reject(new Error("away")) }],
    });
    await world.pay(fan, id, "lost_reply");
    const waits: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      await world.db.raw("UPDATE payments SET next_check_at = now() WHERE reservation_id = ?", [id]);
      await away.payments.reconcile(10);
      const { rows } = await world.db.raw(
        "SELECT extract(epoch FROM next_check_at - now())::float8 AS wait FROM payments WHERE reservation_id = ?",
        [id],
      );
      waits.push(rows[0].wait);
    }
    await away.close();
    expect(await world.statusOf(id)).to.equal("PAYING");
    for (let round = 1; round < 4; round += 1)
      expect(waits[round]! / waits[round - 1]!).to.be.within(1.5, 2.5);
    await makeOld(0);
    await world.payments.reconcile(10);
  });

  it("the provider hangs over one payment · the others of the round are not kept waiting", async () => {
    const second = await world.makeFan();
    const other = await world.held(second, hall, [1]);
    const otherAsked = latch();
    const hanging = await openWorld({
      beside: world,
      timing: { callTimeoutMs: 5_000 },
      providers: (sandbox) => [
        {
          ...sandbox,
          async query(charge, signal) {
            if (charge.paymentId === first.body.id) await otherAsked.opened;
            else otherAsked.open();
            return sandbox.query(charge, signal);
          },
        },
      ],
    });
    const first = await world.pay(fan, id, "lost_reply");
    await world.pay(second, other.id, "lost_reply");
    await world.db.raw("UPDATE payments SET next_check_at = started_at WHERE status = 'pending'");
    expect(await hanging.payments.reconcile(10)).to.equal(2);
    await hanging.close();
    expect([await world.statusOf(id), await world.statusOf(other.id)]).to.deep.equal([
      "CONFIRMED",
      "CONFIRMED",
    ]);
    expect(hanging.warnings).to.deep.equal([]);
  });

  it("four workers at once · each payment is asked about once", async () => {
    let asked = 0;
    const counting = await openWorld({
      beside: world,
      timing: { firstCheckSeconds: 30 },
      providers: (sandbox) => [
        {
          ...sandbox,
          query(charge, signal) {
            asked += 1;
            return sandbox.query(charge, signal);
          },
        },
      ],
    });
    const fans = await world.makeFans(8);
    for (const [index, one] of fans.entries()) {
      const { id: reservation } = await world.held(one, hall, [index + 1]);
      await world.pay(one, reservation, { type: "sandbox", card: "undecided", settleAfterSeconds: 600 });
    }
    await world.db.raw("UPDATE payments SET next_check_at = now() WHERE status = 'pending'");
    await Promise.all([1, 2, 3, 4].map(() => counting.payments.reconcile(20)));
    await counting.close();
    expect(asked).to.equal(8);
  });
});
