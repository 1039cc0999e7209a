import { expect } from "chai";
import { Code } from "../../../src/queue/codes.ts";
import { instant, type Lab, openLab } from "../lab.ts";
import { newFan, openHouse, type QueueHouse } from "../support.ts";

describe("join.lua", () => {
  let house: QueueHouse;
  let lab: Lab;
  before(async () => {
    house = await openHouse();
  });
  afterEach(() => lab.close());
  after(() => house.close());

  it("join · before the queue opens, without a lobby · refuses", async () => {
    lab = await openLab(house, { opensAt: instant(60) });
    expect((await lab.join()).code).to.equal(Code.notOpen);
  });

  it("join · after it was closed, by hand or by its time · refuses", async () => {
    lab = await openLab(house, { closesAt: instant(30) });
    await lab.passSeconds(30);
    expect((await lab.join()).code).to.equal(Code.closed);
    await lab.close();
    lab = await openLab(house);
    await lab.closeQueue();
    expect((await lab.join()).code).to.equal(Code.closed);
  });

  it("join · when every seat is gone · refuses, until one comes back", async () => {
    lab = await openLab(house);
    await lab.seats(0);
    await lab.beat();
    expect((await lab.join()).code).to.equal(Code.soldOut);
    await lab.seats(1);
    await lab.passSeconds(0.25);
    await lab.beat();
    expect((await lab.join()).code).to.equal(Code.ok);
  });

  it("join · while Redis is empty · says so and makes nothing", async () => {
    lab = await openLab(house);
    await lab.loseAll();
    expect((await lab.join()).code).to.equal(Code.rebuilding);
    expect(await lab.redis.keys(`{q:${lab.queueId}}*`)).to.deep.equal([]);
  });

  it("join · twice · gives the same place and writes it down once", async () => {
    lab = await openLab(house, { maxActive: 1 });
    await lab.join();
    const first = await lab.join();
    const second = await lab.join(first.userId);
    expect(second.code).to.equal(Code.existing);
    expect(second.view).to.include({ ticketId: first.ticketId, sequence: first.view?.sequence, rank: 0 });
    await lab.beat();
    expect(await lab.kinds(first.ticketId)).to.deep.equal(["join"]);
  });

  it("join · right after leaving · waits for the tick and then starts at the end", async () => {
    lab = await openLab(house, { maxActive: 1 });
    await lab.join();
    const fan = await lab.join();
    const other = await lab.join();
    await lab.store.leave(lab.queueId, fan.userId, fan.ticketId, "left", {});
    expect((await lab.join(fan.userId)).code).to.equal(Code.departing);
    expect((await lab.viewOf(other.userId)).rank, "the rank of the last tick").to.equal(1);
    await lab.beat();
    const again = await lab.join(fan.userId);
    expect(again.code).to.equal(Code.ok);
    expect(again.view).to.include({ rank: 1 });
    expect(again.ticketId).not.to.equal(fan.ticketId);
    expect((await lab.viewOf(other.userId)).rank).to.equal(0);
  });

  it("join · sequences · are unique, rise, and do not depend on the clock alone", async () => {
    lab = await openLab(house, { maxActive: 1 });
    const sequences = [];
    for (let index = 0; index < 5; index += 1) {
      sequences.push((await lab.join()).view?.sequence ?? 0);
      if (index === 2) await lab.pass(-1_000_000);
    }
    expect(sequences).to.deep.equal([...new Set(sequences)].sort((a, b) => a - b));
  });

  describe("many in one moment", () => {
    it("joins asked in one turn · go to Redis as one call, and stand in the order in which they came", async () => {
      lab = await openLab(house, { maxActive: 1 });
      await lab.join();
      const before = await house.redis.info("commandstats");
      const fans = await Promise.all(Array.from({ length: 40 }, () => lab.join()));
      const calls = callsOf(await house.redis.info("commandstats")) - callsOf(before);
      const sequences = fans.map(({ view }) => view?.sequence ?? 0);
      expect(fans.map(({ code }) => code)).to.deep.equal(fans.map(() => Code.ok));
      expect(sequences).to.deep.equal(sequences.toSorted((a, b) => a - b));
      expect(new Set(sequences)).to.have.property("size", 40);
      expect(fans.map(({ view }) => view?.rank)).to.deep.equal(fans.map((_, index) => index));
      expect(fans.map(({ view }) => view?.waiting)).to.deep.equal(fans.map(() => 40));
      // The world's own beat may have asked something meanwhile.
      expect(calls).to.be.below(10);
    });

    it("joins asked in one turn · each have their own answer, and an account has one place", async () => {
      lab = await openLab(house, { maxActive: 1 });
      await lab.join();
      const [twice, left] = [newFan(), await lab.join()];
      await lab.store.leave(lab.queueId, left.userId, left.ticketId, "left", {});
      const fans = await Promise.all([
        lab.join(twice),
        lab.join(newFan(), "no such code"),
        lab.join(twice),
        lab.join(left.userId),
        lab.join(),
      ]);
      expect(fans.map(({ code }) => code)).to.deep.equal([
        Code.ok,
        Code.codeInvalid,
        Code.existing,
        Code.departing,
        Code.ok,
      ]);
      expect(fans[2]?.ticketId).to.equal(fans[0]?.ticketId);
      expect(fans[0]?.view?.waiting).to.equal(fans[4]?.view?.waiting);
    });

    it("joins asked in one turn · with room for one · admit the first of them alone", async () => {
      lab = await openLab(house, { maxActive: 1 });
      const fans = await Promise.all(Array.from({ length: 5 }, () => lab.join()));
      expect(await lab.states(fans)).to.deep.equal(["A", "W", "W", "W", "W"]);
    });

    it("more joins than one call takes · are all answered", async () => {
      lab = await openLab(house, { maxActive: 1 });
      const fans = await Promise.all(Array.from({ length: 333 }, () => lab.join()));
      expect(new Set(fans.map(({ view }) => view?.sequence))).to.have.property("size", 333);
    });
  });

  describe("at once", () => {
    const direct = async () => (await lab.states([await lab.join()]))[0];

    it("join · with room, pace and nobody waiting · admits", async () => {
      lab = await openLab(house);
      expect(await direct()).to.equal("A");
      await lab.beat();
      expect(await lab.kinds()).to.deep.equal(["configure", "join", "admit"]);
    });

    it("join · while somebody waits · queues behind, though there is room", async () => {
      lab = await openLab(house, { maxActive: 1 });
      await lab.join();
      await lab.join();
      await lab.patch({ maxActive: 10 });
      expect(await direct()).to.equal("W");
    });

    it("join · while somebody is deferred, or back · queues behind", async () => {
      lab = await openLab(house, { maxActive: 1, arrivalSeconds: 60 });
      const first = await lab.join();
      const away = await lab.join();
      await lab.store.detach(lab.queueId, lab.GATEWAY, [away.userId]);
      await lab.store.leave(lab.queueId, first.userId, first.ticketId, "left", {});
      await lab.passSeconds(1);
      await lab.beat();
      expect(await lab.states([away])).to.deep.equal(["D"]);
      expect(await direct()).to.equal("W");
      await lab.patch({ maxActive: 1 });
    });

    it("join · while paused · queues, and is admitted after the resume", async () => {
      lab = await openLab(house);
      await lab.setPaused(true);
      const fan = await lab.join();
      expect(await lab.states([fan])).to.deep.equal(["W"]);
      await lab.setPaused(false);
      await lab.passSeconds(1);
      await lab.beat();
      expect(await lab.states([fan])).to.deep.equal(["A"]);
    });

    it("join · without a token, a slot or a seat worth it · queues", async () => {
      lab = await openLab(house, { ratePerMinute: 1 });
      expect([await direct(), await direct()]).to.deep.equal(["A", "W"]);
      await lab.close();
      lab = await openLab(house, { maxActive: 1 });
      expect([await direct(), await direct()]).to.deep.equal(["A", "W"]);
      await lab.close();
      lab = await openLab(house, { overbook: 1 });
      await lab.seats(1, 1);
      expect([await direct(), await direct()]).to.deep.equal(["A", "W"]);
    });

    it("join · while the journal does not keep up · queues: nobody could be told", async () => {
      lab = await openLab(house, { maxActive: 1 });
      const first = await lab.join();
      const waiting = await lab.join();
      await lab.patch({ maxActive: 100 });
      await lab.tick();
      expect(await lab.states([first, waiting])).to.deep.equal(["A", "A"]);
      for (let index = 0; index < 12; index += 1) {
        await lab.passSeconds(0.25);
        await lab.tick();
      }
      const late = await lab.join();
      expect(await lab.states([late])).to.deep.equal(["W"]);
      await lab.passSeconds(0.25);
      await lab.tick();
      expect(await lab.states([late]), "nor by the tick").to.deep.equal(["W"]);
      await lab.beat();
      await lab.passSeconds(0.25);
      await lab.beat();
      expect(await lab.states([late])).to.deep.equal(["A"]);
    });
  });

  describe("lobby", () => {
    it("join · before the draw · has no place; after it all stand before those who came later", async () => {
      lab = await openLab(house, { lobbyOpensAt: instant(-1), opensAt: instant(10), maxActive: 1 });
      const early = await lab.crowd(5);
      expect((await lab.viewOf(early[0]?.userId ?? "")).rank).to.equal(-1);
      await lab.passSeconds(10);
      const late = await lab.join();
      await lab.beat();
      await lab.passSeconds(0.25);
      await lab.beat();
      expect((await lab.viewOf(late.userId)).rank).to.be.at.least(4);
      const places = await Promise.all(early.map(async ({ userId }) => (await lab.viewOf(userId)).sequence));
      expect(places.sort()).to.deep.equal([1, 2, 3, 4, 5]);
    });

    it("join · paused at the opening · the draw is made all the same, so that no place ever rises", async () => {
      lab = await openLab(house, { lobbyOpensAt: instant(-1), opensAt: instant(10) });
      await lab.crowd(3);
      await lab.setPaused(true);
      await lab.passSeconds(10);
      const late = await lab.join();
      await lab.beat();
      await lab.passSeconds(0.25);
      await lab.beat();
      expect((await lab.viewOf(late.userId)).phase).to.equal("paused");
      expect((await lab.viewOf(late.userId)).rank).to.equal(3);
      await lab.setPaused(false);
      expect((await lab.viewOf(late.userId)).rank).to.equal(3);
    });

    it("join · when the opening is put off after some came in · goes into the line, not before it", async () => {
      lab = await openLab(house, { lobbyOpensAt: instant(-1), opensAt: instant(0), maxActive: 1 });
      await lab.join();
      const waiting = await lab.join();
      await lab.patch({ opensAt: instant(60) });
      const later = await lab.join();
      expect(later.view).to.include({ state: "W", rank: 2, phase: "lobby" });
      await lab.passSeconds(60);
      await lab.run(1);
      expect((await lab.viewOf(waiting.userId)).rank).to.equal(0);
    });
  });

  it("join · of an account that was removed · refuses until it is readmitted, then starts at the end", async () => {
    lab = await openLab(house, { maxActive: 1 });
    await lab.join();
    const fan = await lab.join(newFan());
    await lab.store.leave(lab.queueId, fan.userId, fan.ticketId, "removed", { by: "x", reason: "y" });
    await lab.beat();
    expect((await lab.join(fan.userId)).code).to.equal(Code.removed);
    expect(await lab.store.readmit(lab.queueId, fan.userId, fan.ticketId, { by: "x" })).to.equal(Code.ok);
    expect(await lab.store.readmit(lab.queueId, fan.userId, fan.ticketId, { by: "x" })).to.equal(
      Code.existing,
    );
    expect((await lab.join(fan.userId)).code).to.equal(Code.ok);
  });
});

/** Calls of scripts, as Redis counts them. */
function callsOf(commandstats: string): number {
  return Number(/^cmdstat_evalsha:calls=(\d+)/m.exec(commandstats)?.[1] ?? 0);
}
