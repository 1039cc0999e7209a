/** Holds that share a transaction: what one of them meets is nobody else's trouble. */
import { expect } from "chai";
import { type Fan, type Hall, openWorld, tally, type World } from "./world.ts";

const CROWD = 60;

describe("holds taken together", () => {
  let world: World;
  let hall: Hall;

  before(async () => {
    world = await openWorld();
  });
  beforeEach(async () => {
    hall = await world.makeHall({ rows: 10 });
  });
  afterEach(() => world.expectInvariants());
  after(() => world.close());

  const holdAll = (fans: readonly Fan[], on = world) =>
    Promise.all(fans.map((fan, seat) => on.hold(fan, hall, [seat])));

  /** How many transactions made reservations meanwhile. */
  async function transactionsOf(work: () => Promise<void>): Promise<number> {
    let transactions = 0;
    const count = ({ sql }: { sql: string }) => {
      if (sql.includes("INSERT INTO reservations")) transactions += 1;
    };
    world.db.on("query", count);
    await work();
    world.db.removeListener("query", count);
    return transactions;
  }

  it("a crowd · each wants a seat of their own · all get it, in fewer transactions than they are", async () => {
    const fans = await world.makeFans(CROWD);
    const made = await transactionsOf(async () => {
      const answers = await holdAll(fans);
      expect(tally(answers)).to.deep.equal({ 201: CROWD });
      expect(answers.map(({ body }) => body.seats[0].ordinal)).to.deep.equal(fans.map((_, seat) => seat));
    });
    expect(made).to.be.below(CROWD);
  });

  it("a crowd · for the best seats · each gets others, in fewer transactions than they are", async () => {
    const fans = await world.makeFans(CROWD);
    const made = await transactionsOf(async () => {
      const answers = await Promise.all(
        fans.map((fan) => world.hold(fan, hall, { bestAvailable: { quantity: 1 } })),
      );
      expect(tally(answers)).to.deep.equal({ 201: CROWD });
      expect(new Set(answers.map(({ body }) => body.seats[0].ordinal)).size).to.equal(CROWD);
    });
    expect(made).to.be.below(CROWD);
  });

  it("a crowd · half of the seats are gone · the others are told so, each of their own seat", async () => {
    const early = await world.makeFan();
    await world.held(early, hall, [1, 3, 5, 7]);
    const answers = await holdAll(await world.makeFans(8));
    expect(answers.map(({ status }) => status)).to.deep.equal([201, 409, 201, 409, 201, 409, 201, 409]);
    for (const seat of [1, 3, 5, 7])
      expect(answers[seat]?.body.seats).to.deep.equal([
        { id: hall.seatIds[seat], ordinal: seat, state: "HELD" },
      ]);
  });

  it("one fan's row is locked · the others · do not wait for it", async () => {
    const [slow, ...others] = (await world.makeFans(9)) as [Fan, ...Fan[]];
    const locked = await world.db.transaction();
    await locked.raw("SELECT id FROM users WHERE id = ? FOR NO KEY UPDATE", [slow.userId]);
    let over = false;
    const waiting = world.hold(slow, hall, [50]).finally(() => {
      over = true;
    });
    const answers = await holdAll(others);
    expect(tally(answers)).to.deep.equal({ 201: others.length });
    expect(over).to.equal(false);
    await locked.commit();
    expect((await waiting).status).to.equal(201);
  });

  it("one fan · wants many seats in as many requests at once · gets no more than the cap", async () => {
    const fan = await world.makeFan();
    const answers = await Promise.all(Array.from({ length: 12 }, (_, seat) => world.hold(fan, hall, [seat])));
    expect(tally(answers)["201"]).to.equal(4);
  });

  it("the statement for all fails · each · is taken alone", async () => {
    const broken = await openWorld({
      beside: world,
      statements: {
        transform: (name, sql) => (name === "take-group" ? `${sql} WHERE 1 / (h.cap - h.cap) = 0` : sql),
      },
    });
    try {
      const answers = await holdAll(await world.makeFans(8), broken);
      expect(tally(answers)).to.deep.equal({ 201: 8 });
      expect(broken.warnings.map(({ message }) => message)).to.include(
        "holds could not be taken together; each is taken alone",
      );
    } finally {
      await broken.close();
    }
  });
});
