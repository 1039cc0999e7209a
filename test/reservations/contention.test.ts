import { expect } from "chai";
import { crossHolds, watchDeadlocks } from "./crossed-holds.ts";
import { type Answer, type Fan, NODES_AWAY, openWorld, tally, type World } from "./world.ts";

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

  it("F16 · hold · A,B against B,A, 100 times · one of them each time, no deadlock", () =>
    crossHolds(world, 100));

  it("F16 · hold · overlapping lapsed holds taken over from all sides · whole holds end, no deadlock", async () => {
    const deadlocks = watchDeadlocks(world);
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
    expect(deadlocks()).to.equal(0);
  });

  it("F25 · everything that changes a seat · with one connection to do it · goes through: no transaction asks for a second", async () => {
    const single = await openWorld({ poolSize: 1, timing: { callTimeoutMs: 200 } });
    try {
      const hall = await single.makeHall({ maxSeatsPerFan: 10 });
      const [fan, other] = (await single.makeFans(2)) as [Fan, Fan];
      const done = async (what: string, answer: Promise<Answer>, status: number) =>
        expect((await answer).status, what).to.equal(status);
      const cancel = (id: string) => single.request("DELETE", `/reservations/${id}`, fan);
      const lapsed = await single.held(other, hall, [0, 1]);
      await single.lapse(lapsed.id);
      const paid = await single.held(fan, hall, [1, 2]);
      await done(
        "the best",
        single.hold(fan, hall, { bestAvailable: { quantity: 2 } }, { "Idempotency-Key": "k" }),
        201,
      );
      await done("declined", single.pay(fan, paid.id, "declined"), 402);
      await done("paid", single.pay(fan, paid.id), 201);
      await done("refunded", single.refund(fan, paid.id), 201);
      const lost = await single.held(fan, hall, [5]);
      await done("lost", single.pay(fan, lost.id, "lost_reply"), 202);
      await single.db.raw("UPDATE payments SET next_check_at = started_at");
      expect(await single.payments.reconcile(10), "the lost answer and the refund").to.equal(2);
      const given = await single.held(fan, hall, [6]);
      await done("cancelled", cancel(given.id), 204);
      await single.lapse((await single.held(other, hall, [7])).id);
      expect(await single.reservations.sweep(10)).to.equal(1);
      expect(await single.reservations.releaseHoldsOf(fan.userId, hall.id, "left")).to.deep.equal({
        ok: true,
      });
      await single.db.transaction((trx) => single.reservations.blockSeats(trx, hall.id, [9], "camera"));
      expect(await single.letters(hall)).to.equal(`AAAAAOAAAB${"A".repeat(10)}`);
      await single.expectInvariants();
    } finally {
      await single.close();
    }
  });

  it("F25 · hold · two connections for 50 requests · all are answered", async () => {
    const narrow = await openWorld({ poolSize: 2 });
    try {
      const hall = await narrow.makeHall({ rows: 5 });
      const fans = await narrow.makeFans(50);
      const answers = await Promise.all(fans.map((fan, seat) => narrow.hold(fan, hall, [seat])));
      expect(tally(answers)).to.deep.equal({ "201": 50 });
      await narrow.expectInvariants();
    } finally {
      await narrow.close();
    }
  });
});
