import { expect } from "chai";
import { createLogger } from "../../src/platform/logger.ts";
import { startHoldExpiry } from "../../workers/hold-expiry.ts";
import { startSweeper } from "../../workers/sweeper.ts";
import { eventually } from "../support/wait.ts";
import { type Fan, type Hall, openWorld, tally, type World } from "./world.ts";

const log = createLogger("test", "silent");

describe("the end of a hold", () => {
  let world: World;
  let hall: Hall;
  let fan: Fan;

  before(async () => {
    world = await openWorld();
  });
  beforeEach(async () => {
    hall = await world.makeHall({ rows: 1, seatsPerRow: 6 });
    fan = await world.makeFan();
  });
  afterEach(() => world.expectInvariants());
  after(() => world.close());

  const releasedBy = (by: string) => world.metric("fastpass_hold_released_total", { by });

  it("job · at the deadline · the seats are free, the queue is told, the lag is measured", async () => {
    const short = await world.makeHall({ rows: 1, seatsPerRow: 6, holdSeconds: 1 });
    const worker = startHoldExpiry({
      settings: { redisUrl: world.redisUrl, redisCluster: [] },
      log,
      reservations: world.reservations,
      metrics: world.metrics,
    });
    const before = await releasedBy("job");
    try {
      const { id } = await world.held(fan, short, [0, 1]);
      world.queueCalls.length = 0;
      await eventually(async () => (await world.statusOf(id)) === "EXPIRED", {
        timeoutMs: 4_000,
        what: "the job",
      });
      expect(await world.letters(short)).to.equal("AAAAAA");
      expect(await releasedBy("job")).to.equal(before + 1);
      await eventually(() => world.queueCalls.some(({ liveUntil }) => liveUntil === null), {
        what: "the queue's news",
      });
      expect(await world.metric("fastpass_hold_release_lag_seconds")).to.be.above(0);
      expect(await world.metric("fastpass_job_lateness_seconds", { queue: "hold-expiry" })).to.be.above(0);
    } finally {
      await worker.close();
    }
  });

  it("F10 · job · a second too early · the seat stays held, and the job is due again", async () => {
    const { id, expiresAt } = await world.held(fan, hall, [0]);
    const outcome = await world.reservations.expire(id);
    expect(outcome.done).to.equal(false);
    if (!outcome.done) expect(outcome.dueAt.getTime() - Date.parse(expiresAt)).to.be.within(-200, 200);
    expect(await world.statusOf(id)).to.equal("HELD");
  });

  it("job · while a payment is undecided · is due again at the extended deadline, where the hold may have come back", async () => {
    const { id } = await world.held(fan, hall, [0]);
    await world.pay(fan, id, "undecided");
    const { expiresAt, status } = (await world.get(fan, id)).body;
    expect(status).to.equal("PAYING");
    const outcome = await world.reservations.expire(id);
    expect(outcome.done).to.equal(false);
    if (!outcome.done) expect(outcome.dueAt.getTime() - Date.parse(expiresAt)).to.be.within(-200, 200);
  });

  it("F9 · job · twice at once, and late · one release", async () => {
    const { id } = await world.held(fan, hall, [0]);
    await world.lapse(id);
    const before = await releasedBy("job");
    const outcomes = await Promise.all([1, 2, 3, 4].map(() => world.reservations.expire(id)));
    expect(outcomes.every(({ done }) => done)).to.equal(true);
    expect(await releasedBy("job")).to.equal(before + 1);
    await world.reservations.expire(id);
    expect(await releasedBy("job")).to.equal(before + 1);
  });

  it("F9 · job · late, when another fan has the seat (ABA) · changes nothing", async () => {
    const first = await world.held(fan, hall, [0]);
    await world.lapse(first.id);
    const second = await world.held(await world.makeFan(), hall, [0]);
    await world.reservations.expire(first.id);
    expect(await world.statusOf(second.id)).to.equal("HELD");
    expect(await world.letters(hall)).to.equal("HAAAAA");
  });

  it("F9 · job · after the payment · changes nothing", async () => {
    const { id } = await world.held(fan, hall, [0]);
    await world.pay(fan, id);
    await world.lapse(id);
    await world.db.raw("UPDATE reservations SET extended_until = expires_at WHERE id = ?", [id]);
    expect(await world.reservations.expire(id)).to.deep.equal({ done: true });
    expect(await world.statusOf(id)).to.equal("CONFIRMED");
  });

  it("F8 · job · of a reservation that never was, its transaction having been rolled back · is done", async () => {
    expect(await world.reservations.expire("01900000-0000-7000-8000-000000000000")).to.deep.equal({
      done: true,
    });
  });

  it("jobs · of many holds over at one moment · few transactions end each of them once", async () => {
    const big = await world.makeHall({ rows: 5, seatsPerRow: 20 });
    const fans = await world.makeFans(50);
    const holds = await Promise.all(
      fans.map((one, index) => world.held(one, big, [2 * index, 2 * index + 1])),
    );
    await Promise.all(holds.map(({ id }) => world.lapse(id)));
    const before = await releasedBy("job");
    const outcomes = await Promise.all(holds.map(({ id }) => world.reservations.expire(id)));
    expect(outcomes.every(({ done }) => done)).to.equal(true);
    expect(await world.letters(big)).to.equal("A".repeat(100));
    expect(await releasedBy("job")).to.equal(before + 50);
    const { rows } = await world.db.raw(
      "SELECT count(*)::int AS ends, count(DISTINCT xid)::int AS transactions FROM seat_history WHERE performance_id = ? AND cause = 'job'",
      [big.id],
    );
    expect(rows[0].ends).to.equal(100);
    expect(rows[0].transactions).to.be.at.most(2);
  });

  it("jobs · early, paid, never made and over, at one moment · each has its own answer", async () => {
    const [early, paid, over] = [
      await world.held(fan, hall, [0]),
      await world.held(fan, hall, [1]),
      await world.held(fan, hall, [2]),
    ];
    await world.pay(fan, paid.id);
    await world.lapse(over.id);
    const ids = [over.id, early.id, paid.id, "01900000-0000-7000-8000-000000000000", over.id];
    const outcomes = await Promise.all(ids.map((id) => world.reservations.expire(id)));
    expect(outcomes.map(({ done }) => done)).to.deep.equal([true, false, true, true, true]);
    expect(await world.letters(hall)).to.equal("HOAAAA");
  });

  it("jobs · one hold is locked by another transaction · the others end, and it ends when that is over", async () => {
    const [locked, free] = [await world.held(fan, hall, [0]), await world.held(fan, hall, [1])];
    await world.lapse(locked.id);
    await world.lapse(free.id);
    let waits: Promise<unknown> = Promise.resolve();
    await world.db.transaction(async (trx) => {
      await trx.raw("SELECT id FROM reservations WHERE id = ? FOR UPDATE", [locked.id]);
      waits = world.reservations.expire(locked.id);
      expect(await world.reservations.expire(free.id)).to.deep.equal({ done: true });
      expect(await world.letters(hall)).to.equal("HAAAAA");
    });
    expect(await waits).to.deep.equal({ done: true });
    expect(await world.letters(hall)).to.equal("AAAAAA");
  });

  it("jobs · one hold whose seat somebody tampered with · fails alone, the others end", async () => {
    const own = await openWorld({ beside: world });
    const [broken, sound] = [await world.held(fan, hall, [0]), await world.held(fan, hall, [1])];
    await world.lapse(broken.id, 2);
    await world.lapse(sound.id);
    const seat = world.db("seat_states").where({ performance_id: hall.id, ordinal: 0 });
    await seat.clone().update({ status: "AVAILABLE", reservation_id: null });
    const [first, second] = await Promise.allSettled([
      own.reservations.expire(broken.id),
      own.reservations.expire(sound.id),
    ]);
    expect(first.status).to.equal("rejected");
    expect(second.status).to.equal("fulfilled");
    expect(await world.statusOf(sound.id)).to.equal("EXPIRED");
    await seat.clone().update({ status: "HELD", reservation_id: broken.id });
    expect(await own.reservations.expire(broken.id)).to.deep.equal({ done: true });
    expect(await world.letters(hall)).to.equal("AAAAAA");
    await own.close();
  });

  it("takeover · nobody has ended a lapsed hold · another fan holds its seat, and all its seats are free", async () => {
    const lapsed = await world.held(fan, hall, [0, 1, 2]);
    await world.lapse(lapsed.id);
    const before = await releasedBy("takeover");
    await world.held(await world.makeFan(), hall, [1, 3]);
    expect(await world.letters(hall)).to.equal("AHAHAA");
    expect(await world.statusOf(lapsed.id)).to.equal("EXPIRED");
    expect(await releasedBy("takeover")).to.equal(before + 1);
  });

  it("takeover · of two lapsed holds at once · both end whole", async () => {
    const [first, second] = [await world.held(fan, hall, [0, 1]), await world.held(fan, hall, [4, 5])];
    await world.lapse(first.id);
    await world.lapse(second.id);
    await world.held(await world.makeFan(), hall, [1, 4]);
    expect(await world.letters(hall)).to.equal("AHAAHA");
  });

  it("takeover · the fan's own lapsed hold · they hold the seats anew", async () => {
    const first = await world.held(fan, hall, [0, 1, 2, 3]);
    await world.lapse(first.id);
    const second = await world.held(fan, hall, [0, 1, 2, 3]);
    expect(second.id).to.not.equal(first.id);
  });

  it("takeover · no worker ran · the seat is to be had within two seconds of the deadline", async () => {
    const short = await world.makeHall({ rows: 1, seatsPerRow: 6, holdSeconds: 1 });
    const { expiresAt } = await world.held(fan, short, [0]);
    const other = await world.makeFan();
    await eventually(async () => (await world.hold(other, short, [0])).status === 201, { what: "the seat" });
    expect(Date.now() - Date.parse(expiresAt)).to.be.below(2_000);
  });

  it("F30 · sweeper · many lapsed holds, four sweepers · each is released once", async () => {
    const big = await world.makeHall({ rows: 10, seatsPerRow: 20 });
    const fans = await world.makeFans(100);
    const holds = await Promise.all(
      fans.map((one, index) => world.held(one, big, [2 * index, 2 * index + 1])),
    );
    await Promise.all(holds.map(({ id }) => world.lapse(id)));
    await Promise.all([1, 2, 3, 4].map(() => world.reservations.sweep(50)));
    await world.reservations.sweep(100);
    const ends = await world
      .db("reservation_history")
      .where({ performance_id: big.id, to_status: "EXPIRED" });
    expect(ends).to.have.length(100);
    expect(await world.letters(big)).to.equal("A".repeat(200));
    const { rows } = await world.db.raw(
      "SELECT max(version) AS version, count(*)::int AS count FROM seat_history WHERE performance_id = ?",
      [big.id],
    );
    expect(rows[0]).to.deep.equal({ version: 2, count: 400 });
  });

  it("F6, F7 · sweeper · the job was never made · the seat is free within two seconds", async () => {
    const crashed = await openWorld({
      beside: world,
      jobs: { add: () => Promise.reject(new Error("died here")) },
    });
    const short = await world.makeHall({ rows: 1, seatsPerRow: 6, holdSeconds: 1 });
    const { expiresAt } = await crashed.held(fan, short, [0]);
    await crashed.close();
    const sweeper = startSweeper({ log, reservations: world.reservations });
    await eventually(async () => (await world.letters(short)) === "AAAAAA", { what: "the sweeper" });
    expect(Date.now() - Date.parse(expiresAt)).to.be.below(2_000);
    await sweeper.close();
    expect(crashed.warnings.map(({ message }) => message)).to.include("announcement failed");
  });

  it("F11 · sweeper · a payment is undecided · its seats stay taken, however long ago the deadline was", async () => {
    const { id } = await world.held(fan, hall, [0]);
    expect((await world.pay(fan, id, "undecided")).status).to.equal(202);
    await world.lapse(id);
    await world.reservations.sweep(10);
    expect(await world.reservations.expire(id)).to.deep.equal({ done: true });
    expect((await world.hold(await world.makeFan(), hall, [0])).body.code).to.equal("SEAT_TAKEN");
    expect(await world.statusOf(id)).to.equal("PAYING");
  });

  it("F9 · sweeper, job, takeover and the owner at once · one end, one winner", async () => {
    for (let round = 0; round < 20; round += 1) {
      const { id } = await world.held(fan, hall, [0, 1]);
      await world.lapse(id);
      const [other, another] = await world.makeFans(2);
      const [first, second] = await Promise.all([
        world.hold(other!, hall, [0]),
        world.hold(another!, hall, [0, 1]),
        world.reservations.expire(id),
        world.reservations.sweep(10),
        world.request("DELETE", `/reservations/${id}`, fan),
      ]);
      const counts = tally([first, second]);
      expect(counts["201"], JSON.stringify(counts)).to.equal(1);
      const winner = first.status === 201 ? [other!, first] : [another!, second];
      await world.request("DELETE", `/reservations/${(winner[1] as typeof first).body.id}`, winner[0] as Fan);
    }
  });
});
