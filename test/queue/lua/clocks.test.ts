import { expect } from "chai";
import { Code } from "../../../src/queue/codes.ts";
import { instant, type Lab, openLab } from "../lab.ts";
import { openHouse, type QueueHouse } from "../support.ts";

describe("clocks", () => {
  let house: QueueHouse;
  let lab: Lab;
  before(async () => {
    house = await openHouse();
  });
  afterEach(() => lab.close());
  after(() => house.close());

  const away = (userId: string) => lab.store.detach(lab.queueId, lab.GATEWAY, [userId]);
  const back = (userId: string) => lab.store.attach(lab.queueId, userId, lab.GATEWAY);

  /** One inside, the next one away: freeing the slot passes that one over. */
  async function passedOver(graceSeconds = 10) {
    lab = await openLab(house, { maxActive: 1, graceSeconds, arrivalSeconds: 600, ratePerMinute: 6_000 });
    const first = await lab.join();
    const fan = await lab.join();
    await away(fan.userId);
    await lab.store.leave(lab.queueId, first.userId, first.ticketId, "left", {});
    await lab.run(0.25);
    expect(await lab.states([fan])).to.deep.equal(["D"]);
    return fan;
  }

  it("commit · late, after the time to arrive was cut · nobody gets less than they had", async () => {
    lab = await openLab(house, { arrivalSeconds: 20 });
    const fan = await lab.join();
    await lab.passSeconds(2);
    await lab.patch({ arrivalSeconds: 5 });
    await lab.run(17);
    expect(await lab.states([fan])).to.deep.equal(["A"]);
    await lab.run(1.5);
    expect(await lab.states([fan])).to.deep.equal(["X"]);
  });

  describe("pause", () => {
    it("pause · for longer than the time to arrive · nobody misses a turn", async () => {
      lab = await openLab(house, { arrivalSeconds: 10 });
      const fan = await lab.join();
      await lab.run(6);
      await lab.setPaused(true);
      await lab.run(60);
      expect(await lab.states([fan])).to.deep.equal(["A"]);
      await lab.setPaused(false);
      await lab.run(3.5);
      expect(await lab.states([fan])).to.deep.equal(["A"]);
      await lab.run(1);
      expect(await lab.states([fan])).to.deep.equal(["X"]);
    });

    it("pause · for longer than the grace · nobody loses the front", async () => {
      const fan = await passedOver(10);
      await lab.run(5);
      await lab.setPaused(true);
      await lab.run(60);
      expect(await lab.states([fan])).to.deep.equal(["D"]);
      await lab.setPaused(false);
      await lab.run(6);
      expect(await lab.kinds(fan.ticketId)).to.deep.equal(["join", "defer", "expire grace"]);
    });

    it("pause · those inside · go on and may still claim", async () => {
      lab = await openLab(house, { sessionSeconds: 20 });
      const fan = await lab.join();
      await lab.beat();
      await lab.setPaused(true);
      expect((await lab.store.claim(lab.queueId, fan.userId)).code).to.equal(Code.ok);
      await lab.run(20.5);
      expect(await lab.states([fan])).to.deep.equal(["X"]);
    });
  });

  describe("grace", () => {
    it("tick · with the next one away · passes over, and lets the one behind in", async () => {
      const fan = await passedOver();
      const next = await lab.join();
      await lab.run(0.25);
      expect(await lab.states([fan, next])).to.deep.equal(["D", "A"]);
      expect((await lab.viewOf(fan.userId)).state).to.equal("D");
    });

    it("attach · within the grace · stands before everybody in the line", async () => {
      const fan = await passedOver();
      const next = await lab.join();
      await lab.run(0.25);
      const behind = await lab.join();
      await back(fan.userId);
      expect(await lab.states([fan])).to.deep.equal(["R"]);
      await lab.store.leave(lab.queueId, next.userId, next.ticketId, "left", {});
      await lab.run(0.25);
      expect(await lab.states([fan, behind])).to.deep.equal(["A", "W"]);
    });

    it("join · by one who was passed over · is coming back too", async () => {
      const fan = await passedOver();
      expect(await lab.join(fan.userId)).to.include({ code: Code.existing, ticketId: fan.ticketId });
      expect(await lab.states([fan])).to.deep.equal(["R"]);
    });

    it("attach · after the grace · finds the ticket expired; joining starts at the end", async () => {
      const fan = await passedOver(5);
      await lab.run(5.5);
      const outcome = await back(fan.userId);
      expect(outcome).to.have.nested.property("view.state", "X");
      expect((await lab.join(fan.userId)).ticketId).not.to.equal(fan.ticketId);
    });

    it("grace · by coming and going · is used up, not wound up", async () => {
      const fan = await passedOver(10);
      await lab.setPaused(false);
      await lab.patch({ maxActive: 1 });
      const guard = await lab.join();
      await lab.run(0.25);
      expect(await lab.states([guard])).to.deep.equal(["A"]);
      await lab.run(6);
      await back(fan.userId);
      await lab.run(30);
      expect(await lab.states([fan]), "the clock stands while the fan is here").to.deep.equal(["R"]);
      await away(fan.userId);
      await lab.run(30);
      expect(await lab.states([fan]), "nor does it run before the turn comes").to.deep.equal(["R"]);
      await lab.store.leave(lab.queueId, guard.userId, guard.ticketId, "left", {});
      await lab.run(2);
      expect(await lab.states([fan])).to.deep.equal(["D"]);
      await lab.run(3);
      expect(await lab.states([fan])).to.deep.equal(["X"]);
    });

    it("tick · with many away and back · admits them by their sequences, before the line", async () => {
      lab = await openLab(house, {
        maxActive: 1,
        arrivalSeconds: 600,
        graceSeconds: 600,
        ratePerMinute: 60_000,
      });
      const guard = await lab.join();
      const fans = await lab.crowd(250);
      const line = await lab.crowd(5);
      await lab.store.detach(
        lab.queueId,
        lab.GATEWAY,
        fans.map(({ userId }) => userId),
      );
      await lab.store.leave(lab.queueId, guard.userId, guard.ticketId, "left", {});
      await lab.run(0.5);
      expect(await lab.states(line)).to.deep.equal(["A", "W", "W", "W", "W"]);
      // Most come back and go away again before their turn: they must not hide the one who stays.
      for (const { userId } of fans) await back(userId);
      await lab.store.detach(
        lab.queueId,
        lab.GATEWAY,
        fans.slice(0, 249).map(({ userId }) => userId),
      );
      await lab.store.leave(lab.queueId, line[0]?.userId ?? "", line[0]?.ticketId ?? "", "left", {});
      await lab.run(0.5);
      expect(await lab.states([fans[249] as { userId: string }])).to.deep.equal(["A"]);
      expect(await lab.states(line.slice(1))).to.deep.equal(["W", "W", "W", "W"]);
    });

    it("leave · while passed over, or back · ends it at once", async () => {
      const fan = await passedOver();
      await lab.store.leave(lab.queueId, fan.userId, fan.ticketId, "left", {});
      expect(await lab.count("deferred")).to.equal(0);
      const again = await lab.join(fan.userId);
      expect(again.code).to.equal(Code.ok);
    });
  });

  describe("presence", () => {
    it("heartbeat · of a gateway that stopped · its fans count as away after six seconds", async () => {
      lab = await openLab(house, { maxActive: 1, arrivalSeconds: 600 });
      const guard = await lab.join();
      const { store, queueId } = lab;
      const fan = await lab.join();
      const other = await lab.join();
      await store.attach(queueId, other.userId, "g2");
      await store.leave(queueId, guard.userId, guard.ticketId, "left", {});
      await lab.pass(6_500_000);
      await store.heartbeat(queueId, "g2", true);
      await lab.beat();
      expect(await lab.states([fan, other])).to.deep.equal(["D", "A"]);
    });

    it("detach · on one of two gateways · the fan is still here", async () => {
      lab = await openLab(house, { maxActive: 1, arrivalSeconds: 600 });
      const guard = await lab.join();
      const fan = await lab.join();
      await lab.store.attach(lab.queueId, fan.userId, "g2");
      await away(fan.userId);
      await lab.store.leave(lab.queueId, guard.userId, guard.ticketId, "left", {});
      await lab.run(0.25);
      expect(await lab.states([fan])).to.deep.equal(["A"]);
    });

    it("attach · on ever new gateways after crashes · remembers only those that may live", async () => {
      lab = await openLab(house, { maxActive: 1 });
      await lab.join();
      const fan = await lab.join();
      for (let index = 0; index < 12; index += 1) {
        await lab.store.attach(lab.queueId, fan.userId, `crashed${index}`);
        await lab.passSeconds(601);
        // A tick that admits looks at the gateways.
        await lab.join();
        await lab.beat();
      }
      const listed = await lab.redis.hget(`{q:${lab.queueId}}:presence`, fan.userId);
      expect(listed?.split(",").length).to.be.at.most(4);
    });
  });

  describe("time", () => {
    it("clock · set back by ten minutes · goes on at half speed until it is right again", async () => {
      lab = await openLab(house, { arrivalSeconds: 10 });
      const before = Number(await lab.stateField("clock"));
      await lab.pass(-600_000_000);
      await lab.run(1);
      const fan = await lab.join();
      expect(Number(await lab.stateField("clock")) - before).to.be.within(0, 700_000);
      await lab.run(12);
      expect(await lab.states([fan])).to.deep.equal(["A"]);
      await lab.run(12);
      expect(await lab.states([fan]), "slowly, but it does end").to.deep.equal(["X"]);
      await lab.passSeconds(1_300);
      await lab.beat();
      expect(Number(await lab.stateField("clock")) - (await lab.now())).to.be.within(-100, 0);
    });

    it("tick · sooner than asked for · is skipped, however many workers call it", async () => {
      lab = await openLab(house, { maxActive: 1 });
      await lab.crowd(3);
      await lab.passSeconds(0.25);
      const answers = await Promise.all(Array.from({ length: 5 }, () => lab.store.tick(lab.queueId, 125)));
      expect(answers.map(({ code }) => code)).to.deep.equal([
        Code.ok,
        ...Array.from({ length: 4 }, () => Code.skipped),
      ]);
      expect(new Set(answers.map(({ tick }) => tick)).size).to.equal(1);
    });

    it("tick · of an empty queue · does nothing and counts no tick", async () => {
      lab = await openLab(house);
      await lab.run(1);
      const before = await lab.stateField("tick");
      await lab.passSeconds(1);
      expect((await lab.tick()).code).to.equal(Code.idle);
      expect(await lab.stateField("tick")).to.equal(before);
    });
  });

  describe("the end", () => {
    it("close · who waits is told so, who was admitted may finish", async () => {
      lab = await openLab(house, { maxActive: 2, arrivalSeconds: 20 });
      const [claims, comes, waits, gone] = await lab.crowd(4);
      await lab.run(0.5);
      await lab.store.claim(lab.queueId, claims?.userId ?? "");
      await lab.store.leave(lab.queueId, gone?.userId ?? "", gone?.ticketId ?? "", "left", {});
      await lab.closeQueue();
      await lab.run(0.5);
      expect(await lab.states([claims, comes, waits, gone] as { userId: string }[])).to.deep.equal([
        "I",
        "A",
        "E",
        "G",
      ]);
      expect((await lab.store.claim(lab.queueId, comes?.userId ?? "")).code).to.equal(Code.ok);
    });

    it("close · with thousands waiting and leaving · ends them all in bounded ticks, each told once", async () => {
      lab = await openLab(house, { maxActive: 1, ratePerMinute: 1 });
      const fans = await lab.crowd(2_600);
      await Promise.all(
        fans
          .filter((_, index) => index % 2 === 1)
          .map(({ userId, ticketId }) => lab.store.leave(lab.queueId, userId, ticketId, "left", {})),
      );
      await lab.closeQueue();
      await lab.passSeconds(0.25);
      const first = await lab.tick();
      expect(first.more).to.equal(true);
      await lab.run(2);
      const states = await lab.states(fans);
      expect(states.filter((state) => state === "W" || state === "A")).to.have.length.below(2);
      expect(await lab.count("departing")).to.equal(0);
      expect(await lab.check()).to.deep.equal([]);
    }).timeout(30_000);

    it("sold out · ends every ticket, those inside too; a seat that comes back opens an empty queue", async () => {
      lab = await openLab(house, { maxActive: 2 });
      const fans = await lab.crowd(4);
      await lab.run(0.5);
      await lab.seats(0, 3);
      await lab.run(0.5);
      expect(await lab.stateField("phase"), "some are held: not sold out yet").to.equal("open");
      await lab.seats(0, 0);
      await lab.run(0.5);
      expect(await lab.states(fans)).to.deep.equal(["E", "E", "E", "E"]);
      expect(await lab.count("arriving")).to.equal(0);
      await lab.seats(1, 0);
      await lab.run(0.5);
      expect(await lab.states([await lab.join()])).to.deep.equal(["A"]);
    });

    it("closesAt · passes · with nobody ticking, the phase has changed all the same", async () => {
      lab = await openLab(house, { closesAt: instant(30), maxActive: 1 });
      const fan = await lab.join();
      expect((await lab.viewOf(fan.userId)).phase).to.equal("open");
      await lab.passSeconds(31);
      expect((await lab.viewOf(fan.userId)).phase).to.equal("closed");
    });
  });
});
