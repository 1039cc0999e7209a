import { expect } from "chai";
import type { NewQueueSettings } from "../../../src/queue/settings.ts";
import { instant, type Lab, openLab } from "../lab.ts";
import { openHouse, type QueueHouse } from "../support.ts";

const SECOND = 1_000_000;

describe("pace", () => {
  let house: QueueHouse;
  let lab: Lab;
  before(async () => {
    house = await openHouse();
  });
  afterEach(() => lab.close());
  after(() => house.close());

  /** Times of the admissions, seconds since the lab began. */
  async function admissions(kind = "admit"): Promise<number[]> {
    const rows = await lab
      .db("queue_journal")
      .where({ queue_id: lab.queueId, kind })
      .orderBy("number")
      .pluck("at_micros");
    const first = Date.parse(instant(0)) * 1_000;
    return rows.map((at) => (at - first) / SECOND);
  }

  async function crowdBeforeOpening(settings: Partial<NewQueueSettings>, size: number) {
    lab = await openLab(house, { maxActive: 100_000, arrivalSeconds: 3_600, ...settings });
    await lab.setPaused(true);
    await lab.crowd(size);
    await lab.setPaused(false);
  }

  const most = (times: readonly number[], span: number) =>
    Math.max(...times.map((end) => times.filter((at) => at <= end && at >= end - span).length));

  for (const ratePerMinute of [60, 90, 600, 6_000]) {
    it(`tick · ${ratePerMinute} a minute for 70 s · stays under the rate, uses it, and never bursts`, async () => {
      await crowdBeforeOpening({ ratePerMinute, opensAt: instant(0) }, ratePerMinute * 2);
      await lab.run(70);
      const times = await admissions();
      expect(most(times, 60))
        .to.be.at.most(ratePerMinute)
        .and.at.least(ratePerMinute * 0.98);
      expect(most(times, 1)).to.be.at.most(1 + Math.ceil((2.5 * ratePerMinute) / 60));
    }).timeout(60_000);
  }

  it("tick · at the opening · begins with an empty bucket", async () => {
    await crowdBeforeOpening({ ratePerMinute: 60, lobbyOpensAt: instant(-1), opensAt: instant(5) }, 20);
    await lab.passSeconds(5);
    await lab.beat();
    expect(await admissions()).to.have.length(0);
    await lab.run(3);
    expect(await admissions()).to.have.length(3);
  });

  it("tick · after a long time with nobody waiting · admits a bucket at once and no more", async () => {
    lab = await openLab(house, { ratePerMinute: 60, maxActive: 1_000 });
    await lab.passSeconds(600);
    const fans = await lab.crowd(10);
    await lab.beat();
    const inside = (await lab.states(fans)).filter((state) => state === "A");
    expect(inside).to.have.length(1 + Math.ceil(1.5));
  });

  it("tick · when the opening is put off · starts anew with an empty bucket", async () => {
    lab = await openLab(house, { ratePerMinute: 60, maxActive: 1_000 });
    await lab.patch({ opensAt: instant(100) });
    await lab.setPaused(true);
    await lab.passSeconds(100);
    await lab.setPaused(false);
    const fans = await lab.crowd(3);
    await lab.beat();
    expect(await lab.states(fans)).to.deep.equal(["W", "W", "W"]);
  });

  it("tick · at a change of rate · is bound by the new rate alone from then on", async () => {
    await crowdBeforeOpening({ ratePerMinute: 600, opensAt: instant(0) }, 1_500);
    await lab.run(30);
    const before = (await admissions()).length;
    await lab.patch({ ratePerMinute: 60 });
    await lab.run(30);
    const slow = (await admissions()).length - before;
    expect(slow).to.be.within(28, 33);
    await lab.patch({ ratePerMinute: 1_200 });
    await lab.run(10);
    expect((await admissions()).length - before - slow).to.be.within(190, 232);
  });

  it("tick · with a fifth never arriving · lets in as many as the rate says", async () => {
    lab = await openLab(house, { ratePerMinute: 300, maxActive: 100_000, arrivalSeconds: 15 });
    await lab.setPaused(true);
    const fans = await lab.crowd(1_400);
    const comes = new Set(fans.filter((_, index) => index % 5 !== 0).map(({ userId }) => userId));
    await lab.setPaused(false);
    const waiting = new Set(fans);
    for (let second = 0; second < 150; second += 1) {
      await lab.run(1);
      const states = await lab.states([...waiting]);
      const admitted = [...waiting].filter((_, index) => states[index] === "A");
      for (const fan of admitted) waiting.delete(fan);
      await Promise.all(
        admitted.map(({ userId }) => (comes.has(userId) ? lab.store.claim(lab.queueId, userId) : null)),
      );
    }
    await lab.beat();
    const arrivals = (await admissions("claim")).filter((at) => at > 90 && at <= 150);
    expect(arrivals.length / 300).to.be.within(0.98, 1.02);
  }).timeout(90_000);

  it("leave · of an admission nobody arrived for · gives the turn back at once", async () => {
    lab = await openLab(house, { ratePerMinute: 1, maxActive: 10 });
    const first = await lab.join();
    const second = await lab.join();
    expect(await lab.states([first, second])).to.deep.equal(["A", "W"]);
    await lab.store.leave(lab.queueId, first.userId, first.ticketId, "left", {});
    await lab.passSeconds(0.25);
    await lab.beat();
    expect(await lab.states([second])).to.deep.equal(["A"]);
  });

  it("tick · with the building full · admits as many as come out", async () => {
    lab = await openLab(house, { ratePerMinute: 6_000, maxActive: 5, arrivalSeconds: 600 });
    const fans = await lab.crowd(12);
    await lab.run(1);
    expect((await lab.states(fans)).filter((state) => state === "A")).to.have.length(5);
    expect(await lab.stateField("limitedBy")).to.equal("capacity");
    for (const { userId, ticketId } of fans.slice(0, 3))
      await lab.store.leave(lab.queueId, userId, ticketId, "left", {});
    await lab.run(0.5);
    expect((await lab.states(fans)).filter((state) => state === "A")).to.have.length(5);
    expect(await lab.count("line0")).to.equal(4);
  });

  it("tick · with few seats left · admits no more than are worth it, and counts those who hold", async () => {
    lab = await openLab(house, { ratePerMinute: 6_000, maxActive: 100, overbook: 1.5 });
    await lab.setPaused(true);
    const fans = await lab.crowd(20);
    await lab.seats(2, 3);
    await lab.setPaused(false);
    await lab.run(2);
    expect((await lab.states(fans)).filter((state) => state === "A")).to.have.length(3);
    expect(await lab.stateField("limitedBy")).to.equal("seats");
    await lab.passSeconds(11);
    await lab.run(1);
    expect(
      (await lab.states(fans)).filter((state) => state === "A"),
      "old counts bind nobody",
    ).to.have.length(20);
  });
});
