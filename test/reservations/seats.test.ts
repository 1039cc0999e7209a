import { expect } from "chai";
import { type Hall, openWorld, type World } from "./world.ts";

describe("seats for operators and readers", () => {
  let world: World;
  let hall: Hall;

  before(async () => {
    world = await openWorld();
  });
  beforeEach(async () => {
    hall = await world.makeHall({ rows: 1, seatsPerRow: 8 });
  });
  afterEach(() => world.expectInvariants());
  after(() => world.close());

  const inTrx = <T>(work: Parameters<typeof world.db.transaction<T>>[0]) => world.db.transaction(work);
  const block = (ordinals: number[]) =>
    inTrx((trx) => world.reservations.blockSeats(trx, hall.id, ordinals, "camera"));
  const unblock = (ordinals: number[]) =>
    inTrx((trx) => world.reservations.unblockSeats(trx, hall.id, ordinals, "no camera"));

  it("block · free seats · blocked, and told which were not yet", async () => {
    expect(await block([1, 2])).to.deep.equal({ ok: true, changed: [1, 2] });
    expect(await block([2, 3])).to.deep.equal({ ok: true, changed: [3] });
    expect(await world.letters(hall)).to.equal("ABBBAAAA");
    const { rows } = await world.db.raw(
      "SELECT cause, reason FROM seat_history WHERE performance_id = ? AND ordinal = 1",
      [hall.id],
    );
    expect(rows).to.deep.equal([{ cause: "block", reason: "camera" }]);
  });

  it("unblock · blocked and free seats · free", async () => {
    await block([1, 2]);
    expect(await unblock([0, 1])).to.deep.equal({ ok: true, changed: [1] });
    expect(await world.letters(hall)).to.equal("AABAAAAA");
  });

  it("F28 · block · one is held or sold · nothing is blocked, and told which", async () => {
    const [first, second] = await world.makeFans(2);
    await world.held(first!, hall, [2]);
    const sold = await world.held(second!, hall, [4]);
    await world.pay(second!, sold.id);
    expect(await block([1, 2, 4])).to.deep.equal({
      ok: false,
      reason: "SEATS_IN_USE",
      seats: [
        { ordinal: 2, state: "HELD" },
        { ordinal: 4, state: "OCCUPIED" },
      ],
    });
    expect(await world.letters(hall)).to.equal("AAHAOAAA");
  });

  it("block · a lapsed hold nobody has ended · it ends whole, and the seat is blocked", async () => {
    const { id } = await world.held(await world.makeFan(), hall, [2, 3]);
    await world.lapse(id);
    expect(await block([2])).to.deep.equal({ ok: true, changed: [2] });
    expect(await world.letters(hall)).to.equal("AABAAAAA");
    expect(await world.statusOf(id)).to.equal("EXPIRED");
  });

  it("block · undone by its caller · nobody is told of an end that never was", async () => {
    const { id } = await world.held(await world.makeFan(), hall, [2, 3]);
    await world.lapse(id);
    const told = await world.metric("fastpass_hold_released_total", { by: "takeover" });
    const undone = new Error("undone");
    const fault = await inTrx(async (trx) => {
      await world.reservations.blockSeats(trx, hall.id, [2], "camera");
      throw undone;
    }).catch((cause: unknown) => cause);
    expect(fault).to.equal(undone);
    expect([await world.statusOf(id), await world.letters(hall)]).to.deep.equal(["HELD", "AAHHAAAA"]);
    expect(await world.metric("fastpass_hold_released_total", { by: "takeover" })).to.equal(told);
    await block([2]);
    expect(await world.metric("fastpass_hold_released_total", { by: "takeover" })).to.equal(told + 1);
  });

  it("activity · holds and payments of the last minute", async () => {
    const [first, second] = await world.makeFans(2);
    await world.held(first!, hall, [0]);
    await world.pay(second!, (await world.held(second!, hall, [1])).id);
    expect(await world.reservations.activity(hall.id)).to.deep.equal({
      holdsPerMinute: 2,
      confirmationsPerMinute: 1,
    });
  });

  it("feed · all states · letters and versions by ordinal", async () => {
    await world.held(await world.makeFan(), hall, [1]);
    await block([5]);
    const { states, versions } = await world.reservations.readAllSeatStates(hall.id);
    expect([states, versions]).to.deep.equal(["AHAAABAA", [0, 1, 0, 0, 0, 1, 0, 0]]);
  });

  it("feed · changes · each once, the newest of each seat, whatever the order of the commits", async () => {
    const { watermark } = await world.reservations.readAllSeatStates(hall.id);
    const slow = await world.db.transaction();
    await world.reservations.blockSeats(slow, hall.id, [0], "slow");
    await block([6]);
    await block([7]);
    await unblock([7]);
    const first = await world.reservations.readSeatChanges(hall.id, watermark);
    expect(first.changes.map(({ ordinal, status, version }) => [ordinal, status, version])).to.deep.equal([
      [6, "BLOCKED", 1],
      [7, "AVAILABLE", 2],
    ]);
    await slow.commit();
    const second = await world.reservations.readSeatChanges(hall.id, first.nextWatermark);
    expect(second.changes.map(({ ordinal, status }) => [ordinal, status])).to.deep.equal([[0, "BLOCKED"]]);
    expect((await world.reservations.readSeatChanges(hall.id, second.nextWatermark)).changes).to.deep.equal(
      [],
    );
  });

  it("feed · a transaction is open when all is read · its changes come later", async () => {
    const slow = await world.db.transaction();
    await world.reservations.blockSeats(slow, hall.id, [0], "slow");
    const { states, watermark } = await world.reservations.readAllSeatStates(hall.id);
    await slow.commit();
    expect(states).to.equal("AAAAAAAA");
    const { changes } = await world.reservations.readSeatChanges(hall.id, watermark);
    expect(changes.map(({ ordinal, status }) => [ordinal, status])).to.deep.equal([[0, "BLOCKED"]]);
  });

  it("a large hall · on a connection that knew the tables small · is not checked by reading them whole", async () => {
    await world.db.transaction(async (trx) => {
      const rowsRead = async () =>
        Number(
          (await trx.raw("SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'seats'")).rows[0]
            .seq_tup_read,
        );
      await trx.raw("ANALYZE seats");
      await world.makeSeats(trx, {});
      const before = await rowsRead();
      await world.makeSeats(trx, { rows: 40, seatsPerRow: 100 });
      expect((await rowsRead()) - before).to.be.below(10 * 4_000);
    });
  });

  it("history · update or delete · refused by the database", async () => {
    await block([0]);
    for (const table of ["seat_history", "reservation_history"]) {
      await world.held(await world.makeFan(), hall, [1]);
      const refused = await world.db.raw(`DELETE FROM ${table}`).then(
        () => "deleted",
        (fault: Error) => fault.message,
      );
      expect(refused).to.include("append-only");
      await world.db.raw("UPDATE reservations SET expires_at = created_at WHERE performance_id = ?", [
        hall.id,
      ]);
      await world.reservations.sweep(10);
    }
  });
});
