/** Holds that share a transaction: what one of them meets is nobody else's trouble. */
import { expect } from "chai";
import { createGroups } from "../../src/platform/groups.ts";
import { eventually } from "../support/wait.ts";
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

  it("a crowd · each wants a seat of their own · all get it, in fewer transactions than they are", async () => {
    const fans = await world.makeFans(CROWD);
    let transactions = 0;
    const count = ({ sql }: { sql: string }) => {
      if (sql.includes("INSERT INTO reservations")) transactions += 1;
    };
    world.db.on("query", count);
    const answers = await holdAll(fans);
    world.db.removeListener("query", count);
    expect(tally(answers)).to.deep.equal({ 201: CROWD });
    expect(answers.map(({ body }) => body.seats[0].ordinal)).to.deep.equal(fans.map((_, seat) => seat));
    expect(transactions).to.be.below(CROWD);
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

describe("groups", () => {
  const LIMITS = { most: 3, atOnce: 2 };

  it("questions of one turn · go together, at most so many · what comes meanwhile goes with the next", async () => {
    const sent: number[][] = [];
    const ends: (() => void)[] = [];
    const ask = createGroups<number, number>(LIMITS, async (_key, numbers) => {
      sent.push([...numbers]);
      await new Promise<void>((resolve) => ends.push(resolve));
      return numbers.map((number) => number * 2);
    });
    const answers = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => ask("all", number));
    await eventually(() => sent.length === 2, { what: "two groups" });
    expect(sent).to.deep.equal([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    answers.push(ask("all", 9));
    ends.shift()?.();
    await eventually(() => sent.length === 3, { what: "the third group" });
    expect(sent[2]).to.deep.equal([7, 8, 9]);
    for (const end of ends) end();
    expect(await Promise.all(answers)).to.deep.equal([2, 4, 6, 8, 10, 12, 14, 16, 18]);
  });

  it("a group fails · its questions do, and no other · the next group is sent all the same", async () => {
    const ask = createGroups<number, number>(LIMITS, async (_key, numbers) => {
      if (numbers.includes(1)) throw new Error("no");
      return [...numbers];
    });
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map((number) => ask("all", number)));
    expect(outcomes.map(({ status }) => status)).to.deep.equal([
      "rejected",
      "rejected",
      "rejected",
      "fulfilled",
    ]);
    expect(await ask("all", 5)).to.equal(5);
  });

  it("an answer that takes longer · does not keep the next group", async () => {
    let finish: (answer: number) => void = () => undefined;
    const late = new Promise<number>((resolve) => {
      finish = resolve;
    });
    const ask = createGroups<number, number>({ most: 1, atOnce: 1 }, async (_key, [number = 0]) => [
      number === 1 ? late : number,
    ]);
    const first = ask("all", 1);
    expect(await ask("all", 2)).to.equal(2);
    finish(1);
    expect(await first).to.equal(1);
  });
});
