import { expect } from "chai";
import { type Answer, NODES_AWAY, openWorld, tally, type World } from "./world.ts";

const LOCKS = [
  ["with Redlock", true],
  ["without Redlock", false],
  ["with the lock nodes away", NODES_AWAY],
] as const;

for (const [how, redlock] of LOCKS) {
  describe(`contention ${how}`, () => {
    let world: World;

    before(async () => {
      world = await openWorld({ redlock });
    });
    afterEach(() => world.expectInvariants());
    after(() => world.close());

    it("hold · 200 fans want one seat · exactly one has it, the others are told 409", async () => {
      const hall = await world.makeHall();
      const fans = await world.makeFans(200);
      const counts = tally(await Promise.all(fans.map((fan) => world.hold(fan, hall, [7]))));
      const { "201": won, "409 SEAT_TAKEN": taken = 0, "409 SEAT_CONTENDED": contended = 0 } = counts;
      expect(won, JSON.stringify(counts)).to.equal(1);
      expect(taken + contended).to.equal(199);
      expect(await world.letters(hall)).to.equal(`AAAAAAAH${"A".repeat(12)}`);
    });

    it("hold · 100 fans want the seat of a lapsed hold · exactly one has it", async () => {
      const hall = await world.makeHall();
      const fans = await world.makeFans(101);
      const lapsed = await world.held(fans[0]!, hall, [7, 8]);
      await world.lapse(lapsed.id);
      const counts = tally(await Promise.all(fans.slice(1).map((fan) => world.hold(fan, hall, [7]))));
      expect(counts["201"], JSON.stringify(counts)).to.equal(1);
      expect(await world.letters(hall)).to.equal(`AAAAAAAH${"A".repeat(12)}`);
    });

    it("F19 · hold · 20 requests of one fan at once, at most 4 seats · 4 seats", async () => {
      const hall = await world.makeHall({ maxSeatsPerFan: 4 });
      const fan = await world.makeFan();
      const counts = tally(
        await Promise.all(Array.from({ length: 20 }, (_, seat) => world.hold(fan, hall, [seat]))),
      );
      expect(counts).to.deep.equal({ "201": 4, "409 SEAT_LIMIT": 16 });
    });
  });
}

describe("contention for several seats", () => {
  let world: World;

  before(async () => {
    world = await openWorld({ redlock: false });
  });
  afterEach(() => world.expectInvariants());
  after(() => world.close());

  const deadlocks = async (): Promise<number> => {
    const { rows } = await world.db.raw(
      "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
    );
    return Number(rows[0].deadlocks);
  };

  it("F16 · hold · A,B against B,A, 200 times · one of them each time, no deadlock", async () => {
    const hall = await world.makeHall({ rows: 40, seatsPerRow: 10 });
    const fans = await world.makeFans(400);
    for (let round = 0; round < 200; round += 1) {
      const [a, b] = [2 * round, 2 * round + 1];
      const answers = await Promise.all([
        world.hold(fans[a]!, hall, [a, b]),
        world.hold(fans[b]!, hall, [b, a]),
      ]);
      expect(tally(answers)).to.deep.equal({ "201": 1, "409 SEAT_TAKEN": 1 });
    }
    expect(await deadlocks()).to.equal(0);
  });

  it("F16 · hold · overlapping lapsed holds taken over from all sides · whole holds end, no deadlock", async () => {
    for (let round = 0; round < 10; round += 1) {
      const hall = await world.makeHall({ rows: 1, seatsPerRow: 12 });
      const [first, second, third, ...fans] = await world.makeFans(15);
      for (const [fan, seats] of [
        [first!, [0, 4, 8]],
        [second!, [1, 5, 9]],
        [third!, [2, 6, 10]],
      ] as const) {
        await world.lapse((await world.held(fan, hall, seats)).id);
      }
      const wanted = fans.map((fan, index) => ({
        fan,
        seats: [index % 11, (index + 5) % 11, 11 - (index % 3)],
      }));
      const sweeps = [world.reservations.sweep(10), world.reservations.sweep(10)];
      const holds = wanted.map(({ fan, seats }) => world.hold(fan, hall, [...new Set(seats)].reverse()));
      const answers: Answer[] = await Promise.all(holds);
      await Promise.all(sweeps);
      expect(answers.every(({ status }) => status === 201 || status === 409)).to.equal(true);
      expect(tally(answers)["201"]).to.be.at.least(1);
    }
    expect(await deadlocks()).to.equal(0);
  });

  it("F25 · hold · two connections for 50 requests · all are answered soon", async () => {
    const narrow = await openWorld({ poolSize: 2 });
    try {
      const hall = await narrow.makeHall({ rows: 5 });
      const fans = await narrow.makeFans(50);
      const began = performance.now();
      const answers = await Promise.all(fans.map((fan, seat) => narrow.hold(fan, hall, [seat])));
      expect(tally(answers)).to.deep.equal({ "201": 50 });
      expect(performance.now() - began).to.be.below(5_000);
      await narrow.expectInvariants();
    } finally {
      await narrow.close();
    }
  });
});
