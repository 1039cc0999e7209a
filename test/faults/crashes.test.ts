/** Processes killed with SIGKILL at the worst moments of a hold, a payment and a refund. */
import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { createLogger } from "../../src/platform/logger.ts";
import { startSweeper } from "../../workers/sweeper.ts";
import { type Fan, type Hall, openWorld, type World } from "../reservations/world.ts";
import { eventually } from "../support/wait.ts";
import { type Plant, type RoomProcess, startRoomProcess } from "./processes.ts";

const log = createLogger("test", "silent");

/** One for each test that kills one, but for that whose workers would meddle with the others. */
const PLANTS: readonly Plant[] = [
  "stop-in-transaction",
  "stop-before-job",
  "stop-before-job",
  "stop-before-charge",
  "stop-after-charge",
];

describe("crashes", function () {
  this.timeout(60_000);

  let world: World;
  let hall: Hall;
  let fan: Fan;
  let doomed: RoomProcess;
  const ready: { readonly plant: Plant; readonly process: RoomProcess }[] = [];

  before(async () => {
    world = await openWorld({ timing: { firstCheckSeconds: 0.1 } });
    const { databaseUrl, redisUrl } = world;
    // At once: a process mostly starts.
    const start = async (plant: Plant) =>
      ready.push({ plant, process: await startRoomProcess({ databaseUrl, redisUrl, plant }) });
    await Promise.all(PLANTS.map(start));
  });
  beforeEach(async () => {
    hall = await world.makeHall({ rows: 1, seatsPerRow: 6 });
    fan = await world.makeFan();
  });
  afterEach(async () => {
    await doomed.kill();
    await world.expectInvariants();
  });
  after(async () => {
    await Promise.all(ready.map(({ process }) => process.kill()));
    await world.close();
  });

  const take = (plant: Plant) => {
    const index = ready.findIndex((one) => one.plant === plant);
    doomed = ready.splice(index, 1)[0]?.process as RoomProcess;
  };
  /** Its answer never comes. */
  const unanswered = (request: Promise<unknown>) => void request.catch(() => undefined);
  const killed = async () => {
    await doomed.said("stopped");
    await doomed.kill();
  };
  const reconciled = async () => {
    await world.db.raw(
      "UPDATE payments SET next_check_at = now(), started_at = started_at - interval '10 seconds' WHERE status = 'pending'",
    );
    await world.payments.reconcile(10);
  };

  it("F7 · hold · killed in its transaction · the seat is free at once, and there is no trace", async () => {
    take("stop-in-transaction");
    unanswered(doomed.hold(fan, hall, [0, 1]));
    await killed();
    expect((await world.hold(fan, hall, [0, 1])).body.code, "its locks outlive it by their time").to.equal(
      "SEAT_CONTENDED",
    );
    // The database's end with the connection, as who goes without the others sees.
    const unlocked = await openWorld({ beside: world, redlock: false });
    await eventually(async () => (await unlocked.hold(fan, hall, [0, 1])).status === 201, {
      what: "the seat",
    });
    await unlocked.close();
    expect(await world.db("reservations").where({ user_id: fan.userId })).to.have.length(1);
  });

  it("F7 · hold · killed between its commit and its job · the sweeper frees the seat within two seconds of the deadline", async () => {
    const short = await world.makeHall({ rows: 1, seatsPerRow: 6, holdSeconds: 2 });
    take("stop-before-job");
    unanswered(doomed.hold(fan, short, [0]));
    await killed();
    expect(await world.letters(short)).to.equal("HAAAAA");
    const sweeper = startSweeper({ log, reservations: world.reservations });
    await eventually(async () => (await world.letters(short)) === "AAAAAA", { what: "the sweeper" });
    await sweeper.close();
    const { rows } = await world.db.raw(
      `SELECT extract(epoch FROM h.at - r.expires_at)::float8 AS late, h.cause
       FROM reservations r JOIN seat_history h ON h.reservation_id = r.id AND h.to_status = 'AVAILABLE'
       WHERE r.performance_id = ?`,
      [short.id],
    );
    expect(rows[0].cause).to.equal("sweeper");
    expect(rows[0].late).to.be.within(0, 2);
  });

  it("F14 · hold · killed after its commit, the answer lost · the retry with the same key has the same reservation", async () => {
    const key = randomUUID();
    take("stop-before-job");
    unanswered(doomed.hold(fan, hall, [0], key));
    await killed();
    const again = await world.hold(fan, hall, [0], { "Idempotency-Key": key });
    expect([again.status, again.headers.get("idempotent-replayed")]).to.deep.equal([201, "true"]);
    expect(await world.db("reservations").where({ user_id: fan.userId })).to.have.length(1);
  });

  it("F13 · payment · killed before the charge · the seats are kept until the provider has said that it never came", async () => {
    const { id } = await world.held(fan, hall, [0]);
    take("stop-before-charge");
    unanswered(doomed.pay(fan, id));
    await killed();
    await world.lapse(id);
    await world.reservations.sweep(10);
    expect(await world.statusOf(id)).to.equal("PAYING");
    await reconciled();
    expect(await world.statusOf(id)).to.equal("EXPIRED");
    expect(await world.letters(hall)).to.equal("AAAAAA");
  });

  it("F13, F14 · payment · killed between charge and settlement · paid once, with tickets, and the retry is told", async () => {
    const { id } = await world.held(fan, hall, [0, 1]);
    const key = randomUUID();
    take("stop-after-charge");
    unanswered(doomed.pay(fan, id, "success", key));
    await killed();
    await world.lapse(id);
    await world.reservations.sweep(10);
    await reconciled();
    const again = await world.pay(fan, id, "success", key);
    expect([again.status, again.body.reservation.tickets.length]).to.deep.equal([201, 2]);
    expect(await world.db("sandbox_charges").where({ status: "succeeded" })).to.have.length(1);
    expect(await world.letters(hall)).to.equal("OOAAAA");
  });

  it("F22 · refund · killed between the provider's yes and its record · given back once", async () => {
    const { id } = await world.held(fan, hall, [0]);
    await world.pay(fan, id);
    await world.refund(fan, id);
    const { databaseUrl, redisUrl } = world;
    doomed = await startRoomProcess({ databaseUrl, redisUrl, plant: "stop-after-refund", workers: true });
    await killed();
    expect(await world.statusOf(id)).to.equal("REFUNDING");
    await world.db.raw("UPDATE refunds SET next_attempt_at = now()");
    await world.payments.reconcile(10);
    expect(await world.statusOf(id)).to.equal("REFUNDED");
    const refund = await world.db("refunds").where({ reservation_id: id }).first();
    const charge = await world.db("sandbox_charges").where({ payment_id: refund.payment_id }).first();
    expect([refund.status, refund.attempts, charge.refund_id]).to.deep.equal(["succeeded", 2, refund.id]);
  });
});
