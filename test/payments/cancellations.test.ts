import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { signWebhook } from "../../src/payments/index.ts";
import { DEFAULT_LIMITS, inTransaction } from "../../src/platform/postgres.ts";
import { startRoomProcess } from "../faults/processes.ts";
import { type Fan, type Hall, openWorld, WEBHOOK_KEY, type World } from "../reservations/world.ts";
import { type House, openHouse } from "../support/house.ts";
import { eventually } from "../support/wait.ts";

describe("a performance that is called off", () => {
  let world: World;
  let hall: Hall;
  let fan: Fan;

  before(async () => {
    world = await openWorld();
  });
  beforeEach(async () => {
    hall = await world.makeHall({ rows: 2, maxSeatsPerFan: 8 });
    fan = await world.makeFan();
  });
  afterEach(() => world.expectInvariants());
  after(() => world.close());

  const request = (reason = "The singer is ill.") =>
    inTransaction(world.db, DEFAULT_LIMITS, (trx) =>
      world.payments.cancellations.request(trx, hall.id, reason, fan.userId),
    );
  const workOff = async () => {
    while (await world.payments.cancellations.workOff(3));
  };
  const paid = async (seats: readonly number[]): Promise<string> => {
    const { id } = await world.held(fan, hall, seats);
    expect((await world.pay(fan, id)).status).to.equal(201);
    return id;
  };
  const progress = async () => {
    const found = await world.payments.cancellations.progress(hall.id);
    if (!found) throw new Error("it was not called off");
    return found;
  };
  const sendRefunds = async () => {
    await world.db.raw("UPDATE refunds SET next_attempt_at = now() WHERE status = 'pending'");
    await world.payments.reconcile(50);
  };

  it("paid, held and free seats · all off sale, holds over, everybody has the money back", async () => {
    const first = await paid([0, 1]);
    const second = await paid([5]);
    const held = await world.held(await world.makeFan(), hall, [8]);
    await request();
    const { toRefund, finishedAt } = await progress();
    expect([toRefund, finishedAt]).to.deep.equal([2, null]);
    await workOff();
    expect(await world.letters(hall)).to.equal("B".repeat(20));
    expect(await world.statusOf(held.id)).to.equal("CANCELLED");
    expect((await progress()).refunding).to.equal(2);
    await sendRefunds();
    const done = await progress();
    expect([done.refunded, done.refunding, done.toRefund, done.undecided]).to.deep.equal([2, 0, 0, 0]);
    expect(done.finishedAt).to.be.instanceOf(Date);
    for (const id of [first, second]) expect(await world.statusOf(id)).to.equal("REFUNDED");
    const reasons = await world.db("refunds").whereIn("reservation_id", [first, second]).pluck("reason");
    expect(reasons).to.deep.equal(["performance_cancelled", "performance_cancelled"]);
    expect((await world.hold(fan, hall, [3])).body.code).to.equal("SEAT_TAKEN");
  });

  it("asked again · changes nothing, the first reason stands", async () => {
    expect(await request("Fire.")).to.equal(true);
    expect(await request("Flood.")).to.equal(false);
    expect((await progress()).reason).to.equal("Fire.");
    await workOff();
    const { finishedAt } = await progress();
    await request();
    await workOff();
    expect((await progress()).finishedAt).to.deep.equal(finishedAt);
  });

  it("a ticket was used, and the performance has begun · the money goes back all the same", async () => {
    const id = await paid([0]);
    await world.db("tickets").where({ reservation_id: id }).update({ checked_in_at: new Date() });
    await world
      .db("performances")
      .where({ id: hall.id })
      .update({ starts_at: new Date(0) });
    await request();
    await workOff();
    await sendRefunds();
    expect(await world.statusOf(id)).to.equal("REFUNDED");
  });

  it("a payment is undecided · is waited for, then paid back; later money finds no seat and goes back", async () => {
    const undecided = await world.held(fan, hall, [0]);
    await world.pay(fan, undecided.id, { type: "sandbox", card: "undecided", settleAfterSeconds: 600 });
    const declined = await world.held(fan, hall, [4]);
    await world.pay(fan, declined.id, "declined");
    await request();
    await workOff();
    const waiting = await progress();
    expect([waiting.undecided, waiting.finishedAt]).to.deep.equal([1, null]);
    expect(await world.statusOf(undecided.id)).to.equal("PAYING");
    await world
      .db("sandbox_charges")
      .where({ status: "pending" })
      .update({ settles_at: new Date(0) });
    await world
      .db("payments")
      .where({ status: "pending" })
      .update({ next_check_at: new Date(0) });
    await world.payments.reconcile(10);
    await workOff();
    const { id: paymentId } = await world.db("payments").where({ reservation_id: declined.id }).first("id");
    const body = JSON.stringify({ id: randomUUID(), type: "payment.succeeded", data: { paymentId } });
    const headers = { "FastPass-Signature": signWebhook(WEBHOOK_KEY, body, Math.floor(Date.now() / 1_000)) };
    expect(
      (await world.request("POST", "/payments/webhooks/sandbox", null, { body, headers })).status,
    ).to.equal(200);
    await sendRefunds();
    for (const { id } of [undecided, declined]) expect(await world.statusOf(id)).to.equal("REFUNDED");
    expect((await progress()).finishedAt).to.be.instanceOf(Date);
  });

  it("the worker is killed in the middle · another one goes on, each refund is made once", async () => {
    const ids = [await paid([0]), await paid([1]), await paid([2, 3])];
    const { databaseUrl, redisUrl } = world;
    const doomed = await startRoomProcess({
      databaseUrl,
      redisUrl,
      plant: "stop-after-refund",
      workers: true,
    });
    await request();
    await doomed.said("stopped");
    await doomed.kill();
    await workOff();
    await sendRefunds();
    for (const id of ids) expect(await world.statusOf(id)).to.equal("REFUNDED");
    expect(await world.db("refunds").whereIn("reservation_id", ids)).to.have.length(3);
  });

  it("two workers at once · do no harm", async () => {
    const ids = await Promise.all([0, 1, 2, 3, 4, 5].map((seat) => paid([seat])));
    await request();
    await Promise.all([workOff(), workOff(), workOff()]);
    await sendRefunds();
    for (const id of ids) expect(await world.statusOf(id)).to.equal("REFUNDED");
  });
});

describe("calling a performance off", () => {
  let house: House;

  before(async function () {
    this.timeout(40_000);
    house = await openHouse();
  });
  after(() => house?.close());

  it("POST cancel · by an operator · 202, the queue closes, the money goes back, and it is on record", async () => {
    const show = await house.makeShow();
    const inside = await house.enter(await house.fan(), show);
    const held = await house.hold(inside, { seatIds: show.seatIds.slice(0, 2) }, { expect: 201 });
    expect((await house.pay(inside.fan, held.body.id)).status).to.equal(201);
    const path = `/performances/${show.id}`;
    const answer = await house.operator("POST", `${path}/cancel`, { reason: "Storm." }, 202);
    expect(answer.headers.location).to.equal(`/api/v1/operator${path}/cancellation`);
    expect(answer.body).to.include({ performanceId: show.id, reason: "Storm." });
    await house.operator("POST", `${path}/cancel`, { reason: "Again." }, 202);
    const { body } = await eventually(
      async () => {
        const seen = await house.operator("GET", `${path}/cancellation`, undefined, 200);
        return seen.body.finishedAt && seen.body.refunded === 1 && seen;
      },
      { timeoutMs: 10_000, what: "the refund" },
    );
    expect(body).to.include({ reason: "Storm.", toRefund: 0, refunding: 0, undecided: 0 });
    const mine = await house.reservation(inside.fan, held.body.id);
    expect(mine.body.status).to.equal("REFUNDED");
    const audit = await house.operator("GET", `/audit?subjectId=${show.id}`, undefined, 200);
    expect(audit.body.items[0]).to.include({ action: "performance.cancel", reason: "Storm." });
    await eventually(
      async () => (await house.client.api("GET", `/queues/${show.queueId}`)).body.phase === "closed",
      { what: "the closed queue" },
    );
    expect(await house.invariants()).to.deep.equal([]);
  });

  it("POST cancel · unknown, not called off, a fan, no reason · 404, 404, 403, 400", async () => {
    const show = await house.makeShow();
    const unknown = "01900000-0000-7000-8000-000000000000";
    await house.operator("POST", `/performances/${unknown}/cancel`, { reason: "Storm." }, 404);
    await house.operator("GET", `/performances/${show.id}/cancellation`, undefined, 404);
    await house.operator("POST", `/performances/${show.id}/cancel`, {}, 400);
    const { token } = await house.fan();
    const path = `/operator/performances/${show.id}/cancel`;
    await house.client.api("POST", path, { token, body: { reason: "Storm." }, expect: 403 });
  });
});
