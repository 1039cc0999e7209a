import { expect } from "chai";
import { Code } from "../../../src/queue/codes.ts";
import { instant, type Lab, openLab } from "../lab.ts";
import { openHouse, type QueueHouse } from "../support.ts";

describe("inside", () => {
  let house: QueueHouse;
  let lab: Lab;
  before(async () => {
    house = await openHouse();
  });
  afterEach(() => lab.close());
  after(() => house.close());

  /** A fan whose admission is committed. */
  async function admitted() {
    const fan = await lab.join();
    await lab.beat();
    return fan;
  }

  async function inside() {
    const fan = await admitted();
    const { fence } = await lab.store.claim(lab.queueId, fan.userId);
    return { ...fan, fence };
  }

  const at = async (seconds: number) => new Date((await lab.now()) / 1_000 + seconds * 1_000);

  describe("claim.lua", () => {
    it("claim · before the admission is committed · is put off", async () => {
      lab = await openLab(house);
      const fan = await lab.join();
      expect((await lab.store.claim(lab.queueId, fan.userId)).code).to.equal(Code.uncommitted);
      await lab.beat();
      expect((await lab.store.claim(lab.queueId, fan.userId)).code).to.equal(Code.ok);
    });

    it("claim · again while the session lives · answers the same and keeps the first pass", async () => {
      lab = await openLab(house, { sessionSeconds: 60 });
      const fan = await admitted();
      const first = await lab.store.claim(lab.queueId, fan.userId);
      expect(await lab.store.keepPass(lab.queueId, fan.userId, fan.ticketId, "one")).to.equal("one");
      expect(await lab.store.keepPass(lab.queueId, fan.userId, fan.ticketId, "two")).to.equal("one");
      await lab.passSeconds(59);
      const second = await lab.store.claim(lab.queueId, fan.userId);
      expect(second).to.deep.equal({ ...first, pass: "one" });
      await lab.passSeconds(1);
      expect((await lab.store.claim(lab.queueId, fan.userId)).code).to.equal(Code.expired);
    });

    it("claim · of nobody, of one who waits, of one who left · is refused", async () => {
      lab = await openLab(house, { maxActive: 1 });
      expect((await lab.store.claim(lab.queueId, "nobody")).code).to.equal(Code.noTicket);
      await lab.join();
      const waiting = await lab.join();
      expect((await lab.store.claim(lab.queueId, waiting.userId)).code).to.equal(Code.notAdmitted);
      await lab.store.leave(lab.queueId, waiting.userId, waiting.ticketId, "left", {});
      expect((await lab.store.claim(lab.queueId, waiting.userId)).code).to.equal(Code.notAdmitted);
    });

    it("claim · at the very deadline · comes too late, tick or no tick", async () => {
      lab = await openLab(house, { arrivalSeconds: 10 });
      const fan = await admitted();
      await lab.passSeconds(10);
      expect((await lab.store.claim(lab.queueId, fan.userId)).code).to.equal(Code.expired);
      await lab.beat();
      expect(await lab.kinds(fan.ticketId)).to.deep.equal(["join", "admit", "expire no_show"]);
      expect((await lab.store.claim(lab.queueId, fan.userId)).code).to.equal(Code.expired);
    });

    it("claim · when the commit came late · has the whole time from the commit on", async () => {
      lab = await openLab(house, { arrivalSeconds: 10 });
      const fan = await lab.join();
      for (let second = 0; second < 15; second += 1) {
        await lab.passSeconds(1);
        await lab.tick();
      }
      expect(await lab.states([fan]), "a turn nobody could hear of is not missed").to.deep.equal(["A"]);
      await lab.beat();
      await lab.passSeconds(9);
      await lab.beat();
      expect((await lab.store.claim(lab.queueId, fan.userId)).code).to.equal(Code.ok);
    });

    it("claim · after joining anew · has a higher fence", async () => {
      lab = await openLab(house);
      const fan = await inside();
      await lab.store.endSession(lab.queueId, fan.userId, fan.ticketId, "purchased");
      const again = await lab.join(fan.userId);
      await lab.beat();
      expect((await lab.store.claim(lab.queueId, fan.userId)).fence).to.be.above(fan.fence);
      expect(again.ticketId).not.to.equal(fan.ticketId);
      expect(await lab.store.useSlot(lab.queueId, fan.userId, fan.ticketId, fan.fence, 10)).to.equal(
        Code.revoked,
      );
    });
  });

  describe("use_slot.lua, set_hold.lua, end_session.lua", () => {
    it("use_slot · with the right fence · keeps the slot as long as the hold would last", async () => {
      lab = await openLab(house, { sessionSeconds: 20, maxActive: 1 });
      const fan = await inside();
      await lab.passSeconds(15);
      expect(await lab.store.useSlot(lab.queueId, fan.userId, fan.ticketId, fan.fence, 10)).to.equal(Code.ok);
      await lab.passSeconds(9);
      await lab.beat();
      expect(await lab.states([fan]), "the session is over, the hold is not").to.deep.equal(["I"]);
      expect(await lab.store.useSlot(lab.queueId, fan.userId, fan.ticketId, fan.fence, 10)).to.equal(
        Code.expired,
      );
      await lab.passSeconds(1);
      await lab.beat();
      expect(await lab.states([fan])).to.deep.equal(["X"]);
    });

    it("use_slot · with another fence, another ticket or before the claim · is refused", async () => {
      lab = await openLab(house);
      const fan = await inside();
      const { store, queueId } = lab;
      expect(await store.useSlot(queueId, fan.userId, fan.ticketId, fan.fence + 1, 10)).to.equal(
        Code.revoked,
      );
      expect(await store.useSlot(queueId, fan.userId, "another", fan.fence, 10)).to.equal(Code.revoked);
      const unclaimed = await admitted();
      expect(await store.useSlot(queueId, unclaimed.userId, unclaimed.ticketId, 2, 10)).to.equal(
        Code.revoked,
      );
    });

    it("set_hold · while something is held · the slot outlives the session; without it, not", async () => {
      lab = await openLab(house, { sessionSeconds: 20 });
      const fan = await inside();
      await lab.store.setHold(lab.queueId, fan.userId, fan.ticketId, await at(40));
      await lab.passSeconds(30);
      await lab.beat();
      expect(await lab.states([fan])).to.deep.equal(["I"]);
      await lab.store.setHold(lab.queueId, fan.userId, fan.ticketId, null);
      await lab.passSeconds(0.25);
      await lab.beat();
      expect(await lab.kinds(fan.ticketId)).to.deep.equal(["join", "admit", "claim", "expire session"]);
    });

    it("set_hold · of a ticket that has ended · changes nothing", async () => {
      lab = await openLab(house);
      const fan = await inside();
      await lab.store.endSession(lab.queueId, fan.userId, fan.ticketId, "purchased");
      expect(await lab.store.setHold(lab.queueId, fan.userId, fan.ticketId, await at(40))).to.equal(
        Code.noTicket,
      );
      expect(await lab.count("active")).to.equal(0);
    });

    it("set_hold · of a ticket that was removed · says so and changes nothing", async () => {
      lab = await openLab(house);
      const fan = await inside();
      await lab.store.leave(lab.queueId, fan.userId, fan.ticketId, "removed", {});
      const code = await lab.store.setHold(lab.queueId, fan.userId, fan.ticketId, await at(40));
      expect(code).to.equal(Code.removed);
      expect([await lab.count("active"), await lab.count("holding")]).to.deep.equal([0, 0]);
    });

    it("end_session · twice · frees the slot once and writes it down once", async () => {
      lab = await openLab(house, { maxActive: 1 });
      const fan = await inside();
      const next = await lab.join();
      await lab.store.endSession(lab.queueId, fan.userId, fan.ticketId, "purchased");
      await lab.store.endSession(lab.queueId, fan.userId, fan.ticketId, "purchased");
      await lab.passSeconds(0.25);
      await lab.beat();
      expect(await lab.states([fan, next])).to.deep.equal(["E", "A"]);
      expect(await lab.kinds(fan.ticketId)).to.deep.equal(["join", "admit", "claim", "end purchased"]);
    });
  });

  describe("leave.lua", () => {
    it("leave · from inside · frees the slot, and its pass is worth nothing", async () => {
      lab = await openLab(house, { maxActive: 1 });
      const fan = await inside();
      await lab.store.leave(lab.queueId, fan.userId, fan.ticketId, "left", {});
      expect(await lab.store.useSlot(lab.queueId, fan.userId, fan.ticketId, fan.fence, 10)).to.equal(
        Code.revoked,
      );
      expect(await lab.states([await lab.join()])).to.deep.equal(["A"]);
    });

    it("leave · twice, or of an older ticket · is the same as once, or nothing", async () => {
      lab = await openLab(house, { maxActive: 1 });
      await lab.join();
      const fan = await lab.join();
      const leave = () => lab.store.leave(lab.queueId, fan.userId, fan.ticketId, "left", {});
      expect(await leave()).to.deep.equal({ code: Code.ok, from: "W" });
      expect(await leave()).to.deep.equal({ code: Code.existing, from: "G" });
      await lab.beat();
      await lab.join(fan.userId);
      expect((await leave()).code).to.equal(Code.noTicket);
      await lab.beat();
      expect(await lab.kinds(fan.ticketId)).to.deep.equal(["join", "leave"]);
    });

    it("leave · from the lobby · leaves before the draw", async () => {
      lab = await openLab(house, { lobbyOpensAt: instant(-1), opensAt: instant(60) });
      const fan = await lab.join();
      await lab.store.leave(lab.queueId, fan.userId, fan.ticketId, "left", {});
      await lab.passSeconds(61);
      await lab.beat();
      expect(await lab.kinds(fan.ticketId)).to.deep.equal(["join", "leave"]);
    });

    it("leave · removed after having left · bars the account all the same", async () => {
      lab = await openLab(house);
      const fan = await lab.join();
      await lab.store.leave(lab.queueId, fan.userId, fan.ticketId, "left", {});
      const removed = await lab.store.leave(lab.queueId, fan.userId, fan.ticketId, "removed", { by: "x" });
      expect(removed).to.deep.equal({ code: Code.ok, from: "G" });
      expect((await lab.join(fan.userId)).code).to.equal(Code.removed);
    });
  });
});
