import { expect } from "chai";
import { v7 } from "uuid";
import { rebuildSeats } from "../../src/seats/index.ts";
import { seatKeys } from "../../src/seats/keys.ts";
import { createProjector } from "../../src/seats/projector.ts";
import { createSeatStore, type SeatStore } from "../../src/seats/store.ts";
import { eventually } from "../support/wait.ts";
import { type Hall, openWorld, type World } from "./world.ts";

describe("seat projection", () => {
  let world: World;
  let store: SeatStore;

  before(async () => {
    world = await openWorld();
    store = createSeatStore(world.redis);
  });
  afterEach(() => world.reset());
  after(() => world.close());

  const copyOf = (hall: Hall) => store.readCopy(hall.performanceId);

  /** The copy once it says what the database says. */
  const agreement = (hall: Hall, timeoutMs = 5_000) =>
    eventually(
      async () => {
        const [copy, truth] = [await copyOf(hall), await world.truth(hall)];
        return copy?.letters === truth ? copy : null;
      },
      { what: "a copy equal to the database", timeoutMs },
    );

  const lose = (hall: Hall) => {
    const { map, head } = seatKeys(hall.performanceId);
    return world.redis.del(map, head);
  };

  it("a new performance · while a worker runs · has its copy within a second", async () => {
    world.project();
    const first = await world.makeHall();
    await agreement(first);
    const startedAt = performance.now();
    const second = await world.makeHall();
    await agreement(second, 1_500);
    expect(performance.now() - startedAt).to.be.below(1_500);
  });

  it("a change · with a notice · is in the copy at once, under the next seq", async () => {
    const hall = await world.makeHall();
    world.project();
    const before = await agreement(hall);
    await world.change(hall, [3, 4, 7], "HELD");
    const after = await agreement(hall);
    expect(after.epoch).to.equal(before.epoch);
    expect(after.seq).to.equal(before.seq + 1);
    expect(after.letters.slice(0, 9)).to.equal("AAAHHAAHA");
    expect((await store.readHead(hall.performanceId))?.counts).to.eql({
      available: 27,
      held: 3,
      occupied: 0,
      blocked: 0,
    });
    // Without the notice each would take a round of looking, a second; a busy machine may be late for one of them.
    const tookMs: number[] = [];
    for (const seat of [10, 11, 12]) {
      const startedAt = performance.now();
      await world.change(hall, [seat], "HELD");
      await agreement(hall);
      tookMs.push(performance.now() - startedAt);
    }
    expect(Math.min(...tookMs)).to.be.below(700);
  });

  it("a change · whose notice was lost · is found by looking", async () => {
    const hall = await world.makeHall();
    world.project();
    await agreement(hall);
    await world.changeSilently(world.db, hall, [5], "BLOCKED");
    expect((await agreement(hall, 2_500)).letters[5]).to.equal("B");
  });

  it("changes in a burst · one transaction each · go out as few deltas", async () => {
    const hall = await world.makeHall();
    world.project();
    const { seq } = await agreement(hall);
    const startedAt = performance.now();
    for (let ordinal = 0; ordinal < 30; ordinal += 1) await world.change(hall, [ordinal], "HELD");
    const after = await agreement(hall);
    const deltas = Math.ceil((performance.now() - startedAt) / 250) + 1;
    expect(after.seq - seq).to.be.within(1, deltas);
  });

  it("a transaction that commits late · after a younger one was projected · is not missed", async () => {
    const hall = await world.makeHall();
    world.project();
    await agreement(hall);
    const late = await world.db.transaction();
    await world.changeSilently(late, hall, [0], "HELD");
    await world.change(hall, [1], "HELD");
    await eventually(async () => (await copyOf(hall))?.letters.startsWith("AH"), {
      what: "the younger change",
    });
    await late.commit();
    expect((await agreement(hall)).letters.slice(0, 3)).to.equal("HHA");
  });

  it("a projector that dies · another takes over · and goes on under the same epoch", async () => {
    const hall = await world.makeHall();
    const first = world.project();
    const before = await agreement(hall);
    await first.close();
    await world.change(hall, [2], "HELD");
    world.project();
    const after = await agreement(hall);
    expect(after).to.include({ epoch: before.epoch, seq: before.seq + 1 });
  });

  it("a worker that is killed · another process takes over · and misses nothing", async () => {
    const hall = await world.makeHall();
    const kill = await world.spawnProjection();
    const before = await agreement(hall, 10_000);
    const waiting = world.project();
    await kill();
    await world.change(hall, [2], "HELD");
    const after = await agreement(hall);
    expect(after).to.include({ epoch: before.epoch, seq: before.seq + 1 });
    await waiting.close();
  });

  it("the listening connection · cut by the server · comes back and nothing is lost", async () => {
    const hall = await world.makeHall();
    world.project();
    await agreement(hall);
    await world.cutProjections();
    await world.change(hall, [6], "HELD");
    expect((await agreement(hall)).letters[6]).to.equal("H");
  });

  it("two workers · of one database · share the work, and one alone takes all of it", async () => {
    const halls = await Promise.all(Array.from({ length: 8 }, () => world.makeHall({ rows: 1 })));
    const first = world.project();
    for (const hall of halls) await agreement(hall);
    const second = world.project();
    const locks = () =>
      world.db
        .raw(
          `SELECT count(*)::int AS shards FROM pg_locks l JOIN pg_stat_activity a USING (pid)
           WHERE locktype = 'advisory' AND a.application_name = 'fastpass-seat-projection' AND objid < 64
             AND a.datname = current_database() GROUP BY pid ORDER BY 1`,
        )
        .then(({ rows }) => rows.map(({ shards }: { shards: number }) => shards).join());
    await eventually(async () => (await locks()) === "32,32", { what: "half of the shards each" });
    for (const hall of halls) await world.change(hall, [0], "HELD");
    for (const hall of halls) await agreement(hall);
    await first.close();
    await eventually(async () => (await locks()) === "64", { what: "all shards with the one who is left" });
    for (const hall of halls) await world.change(hall, [0], "AVAILABLE");
    for (const hall of halls) await agreement(hall);
    await second.close();
  });

  it("the copy · lost by Redis · is built anew under a later epoch", async () => {
    const hall = await world.makeHall();
    world.project();
    await world.change(hall, [1], "HELD");
    const before = await agreement(hall);
    await lose(hall);
    const after = await agreement(hall);
    expect(after.epoch).to.be.above(before.epoch);
    expect(after.seq).to.equal(0);
  });

  it("a Redis that went back in time · under a running projector · gets a later epoch", async () => {
    const hall = await world.makeHall();
    const projector = createProjector(hall.performanceId, store, world.reads);
    await projector.step();
    const { map, head } = seatKeys(hall.performanceId);
    const [oldMap, oldHead] = [await world.redis.get(map), await world.redis.hgetall(head)];
    await world.changeSilently(world.db, hall, [0], "HELD");
    await projector.step();
    const before = await copyOf(hall);
    await world.redis.set(map, oldMap ?? "");
    await world.redis.hset(head, oldHead);
    await world.changeSilently(world.db, hall, [1], "HELD");
    expect(await projector.step(), "the copy stands elsewhere").to.equal(null);
    expect((await projector.step())?.rebuilt).to.equal(true);
    const after = await copyOf(hall);
    expect(after?.epoch).to.be.above(before?.epoch ?? 0);
    expect(after?.letters).to.equal(await world.truth(hall));
  });

  it("two projectors · of one performance at once · do no harm", async () => {
    const hall = await world.makeHall();
    const two = [0, 1].map(() => createProjector(hall.performanceId, store, world.reads));
    for (let ordinal = 0; ordinal < 20; ordinal += 1) {
      await world.changeSilently(world.db, hall, [ordinal], ordinal % 2 ? "HELD" : "BLOCKED");
      await Promise.all(two.map((projector) => projector.step()));
    }
    for (const projector of [...two, ...two]) await projector.step();
    expect((await copyOf(hall))?.letters).to.equal(await world.truth(hall));
  });

  it("a step · when nothing changed · confirms the copy and reads no seats", async () => {
    const hall = await world.makeHall();
    await createProjector(hall.performanceId, store, world.reads).step();
    const before = await copyOf(hall);
    const reads = {
      ...world.reads,
      readAllSeatStates: () => Promise.reject(new Error("it read all seats")),
    };
    const step = await createProjector(hall.performanceId, store, reads).step();
    const after = await copyOf(hall);
    expect(step).to.deep.include({ moved: false, rebuilt: false, changes: [] });
    expect(after).to.include({ epoch: before?.epoch, seq: before?.seq });
    expect(after?.asOf).to.be.at.least(before?.asOf ?? 0);
  });

  it("a change · of a lower version than the one held · is passed over", async () => {
    const hall = await world.makeHall();
    await world.changeSilently(world.db, hall, [0], "HELD");
    await world.changeSilently(world.db, hall, [0], "AVAILABLE");
    const stale = { ordinal: 0, status: "HELD", version: 1 } as const;
    const reads = {
      readAllSeatStates: world.reads.readAllSeatStates,
      readSeatChanges: async () => ({ changes: [stale], nextWatermark: "1:1:" }),
    };
    const projector = createProjector(hall.performanceId, store, reads);
    await projector.step();
    expect(await projector.step()).to.deep.include({ moved: false, changes: [] });
    expect((await copyOf(hall))?.letters[0]).to.equal("A");
  });

  it("check · of a copy that differs · puts it right, tells it and counts it", async () => {
    const hall = await world.makeHall();
    world.project({ timing: { checkMs: 300 } });
    const before = await agreement(hall);
    await world.redis.setrange(seatKeys(hall.performanceId).map, 8, "OO");
    const after = await agreement(hall);
    expect(after).to.include({ epoch: before.epoch, seq: before.seq + 1 });
    expect(world.warnings).to.have.lengthOf(1);
    expect(await world.metrics.registry.getSingleMetricAsString("fastpass_seat_copy_repairs_total")).to.match(
      /cause="wrong"\} 1$/m,
    );
  });

  it("check · of a copy that merely lags · finds nothing wrong", async () => {
    const hall = await world.makeHall();
    for (const projector of [0, 1].map(() => createProjector(hall.performanceId, store, world.reads))) {
      await projector.step();
      await world.changeSilently(world.db, hall, [1, 2], "HELD");
      expect((await projector.check())?.wrong).to.eql([]);
      expect((await copyOf(hall))?.letters).to.equal(await world.truth(hall));
    }
  });

  it("rebuild · on purpose · gives a later epoch, and the projector goes on from it", async () => {
    const hall = await world.makeHall();
    const projection = world.project();
    const before = await agreement(hall);
    const rebuilt = await projection.rebuild(hall.performanceId);
    expect(rebuilt?.epoch).to.be.above(before.epoch);
    await world.change(hall, [1], "HELD");
    expect(await agreement(hall)).to.include({ epoch: rebuilt?.epoch, seq: 1 });
    expect(await rebuildSeats(world.redis, world.reads, v7())).to.equal(null);
  });

  it("the queue · is told the counts · after each change and while nothing changes", async () => {
    const hall = await world.makeHall();
    world.project();
    await agreement(hall);
    await world.change(hall, [0, 1], "HELD");
    const held = { queueId: hall.queueId, available: 28, held: 2, occupied: 0, blocked: 0 };
    await eventually(() => world.reports.at(-1)?.held === 2, {
      what: "a report of the change",
      timeoutMs: 600,
    });
    expect(world.reports.at(-1)).to.eql(held);
    const told = world.reports.length;
    await eventually(() => world.reports.length > told, {
      what: "a report without change",
      timeoutMs: 3_000,
    });
    expect(world.reports.at(-1)).to.eql(held);
  });

  it("a queue that does not answer · the map goes on without it", async () => {
    const hall = await world.makeHall();
    world.project({ reportSeats: () => new Promise(() => undefined) });
    await agreement(hall);
    await world.change(hall, [0], "HELD");
    await agreement(hall, 1_000);
  });

  it("asOf · while nothing changes · is never older than three seconds", async () => {
    const hall = await world.makeHall();
    world.project();
    const { asOf } = await agreement(hall);
    await eventually(async () => ((await copyOf(hall))?.asOf ?? 0) > asOf, {
      what: "a confirmation",
      timeoutMs: 3_000,
    });
  });

  it("50,000 seats · built, changed by the thousand and checked · the copy is the database's", async () => {
    const hall = await world.makeHall({ rows: 200, seatsPerRow: 250 });
    const projector = createProjector(hall.performanceId, store, world.reads);
    await projector.step();
    const every = Array.from({ length: 10_000 }, (_, index) => index * 5);
    await world.changeSilently(world.db, hall, every, "HELD");
    expect((await projector.step())?.changes).to.have.lengthOf(10_000);
    expect((await projector.check())?.wrong).to.eql([]);
    expect((await copyOf(hall))?.letters).to.equal(await world.truth(hall));
  });
});
