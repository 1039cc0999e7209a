/** Mode auto: the rate follows how the checkout copes, between the operator's bounds. */
import { expect } from "chai";
import { readJournal } from "../../../src/queue/journal.ts";
import type { HoldCounts } from "../../../src/queue/line-store.ts";
import { type Lab, openLab } from "../lab.ts";
import { openHouse, type QueueHouse } from "../support.ts";

const BOUNDS = { mode: "auto", minRatePerMinute: 120, maxRatePerMinute: 520, targetHoldP95Ms: 300 } as const;
const WELL: HoldCounts = { total: 100, slow: 2, failed: 0, crowded: 10 };

describe("automatic rate", () => {
  let house: QueueHouse;
  let lab: Lab;
  before(async () => {
    house = await openHouse();
  });
  afterEach(async () => {
    expect(await lab.check()).to.deep.equal([]);
    await lab.close();
  });
  after(() => house.close());

  /** A crowd waits, so that only the rate binds. */
  async function open(ratePerMinute = 300, settings: object = {}, crowd = 700): Promise<void> {
    lab = await openLab(house, { ratePerMinute, maxActive: 100_000, arrivalSeconds: 3_600, ...settings });
    await lab.patch(BOUNDS);
    await lab.crowd(crowd);
    await lab.run(0.25);
  }
  /** Ticks of a second are enough where only the rate is looked at, and four times as quick. */
  async function run(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      await lab.passSeconds(1);
      await lab.beat();
    }
  }
  const report = (counts: HoldCounts, gateway = "one") => lab.store.reportHolds(lab.queueId, gateway, counts);
  const rate = async () => (await lab.queue.stats(lab.queueId))?.effectiveRatePerMinute;
  const limitedBy = async () => (await lab.queue.stats(lab.queueId))?.limitedBy;
  /** Steps of five seconds, with the same report in each. */
  async function steps(count: number, counts: HoldCounts | null): Promise<void> {
    for (let step = 0; step < count; step += 1) {
      if (counts) await report(counts);
      await run(5);
    }
  }

  it("tick · holds go well and fans wait · it rises by a twentieth of the span each five seconds, up to the bound", async () => {
    await open();
    await steps(4, WELL);
    expect([await rate(), await limitedBy()]).to.deep.equal([380, "auto"]);
    await steps(8, WELL);
    expect([await rate(), await limitedBy()]).to.deep.equal([520, "rate"]);
  });

  const troubles: readonly [string, HoldCounts, string][] = [
    ["more than a twentieth are slower than the target", { ...WELL, slow: 6 }, "slow"],
    ["some fail", { ...WELL, failed: 3 }, "failures"],
    ["most meet a pool without a free connection", { ...WELL, crowded: 60 }, "pool"],
  ];
  for (const [what, counts, why] of troubles) {
    it(`tick · ${what} · it falls by three tenths each time, down to the bound, and the journal says why`, async () => {
      await open();
      await steps(2, counts);
      expect(await rate()).to.equal(147);
      await steps(3, counts);
      expect(await rate()).to.equal(120);
      const told = [];
      for await (const { kind, data } of readJournal(house.db, lab.queueId))
        if (kind === "rate") told.push(JSON.parse(data));
      expect(told).to.deep.equal([
        { from: 300, to: 210, why, by: "auto" },
        { from: 210, to: 147, why, by: "auto" },
        { from: 147, to: 120, why, by: "auto" },
      ]);
    });
  }

  it("tick · one gateway in trouble of two · counts as much as it has holds", async () => {
    await open();
    await report({ total: 1_000, slow: 0, failed: 0, crowded: 0 }, "one");
    await report({ total: 50, slow: 40, failed: 0, crowded: 0 }, "two");
    await run(5);
    expect(await rate()).to.equal(320);
    await report({ total: 500, slow: 40, failed: 0, crowded: 0 }, "two");
    await run(5);
    expect(await rate()).to.equal(224);
  });

  it("tick · nobody holds, or the reports are old · it stays", async () => {
    await open();
    await steps(3, null);
    expect(await rate()).to.equal(300);
    await steps(1, { ...WELL, slow: 50 });
    expect(await rate()).to.equal(210);
    await steps(2, null);
    expect(await rate()).to.be.oneOf([147, 210]);
    const settled = await rate();
    await steps(3, null);
    expect(await rate()).to.equal(settled);
  });

  it("tick · slots, not the rate, keep fans waiting · it does not rise", async () => {
    await open(300, { maxActive: 20 });
    await steps(4, WELL);
    expect([await rate(), await limitedBy()]).to.deep.equal([300, "capacity"]);
  });

  it("tick · by many workers at once · takes one step", async () => {
    await open();
    for (let times = 0; times < 20; times += 1) {
      await report(WELL);
      await Promise.all([lab.tick(), lab.tick(), lab.tick(125)]);
      await lab.passSeconds(0.25);
      await lab.beat();
    }
    expect(await rate()).to.equal(320);
  });

  it("settings · fixed again, or another start · what was steered is forgotten; in mode fixed no report is kept", async () => {
    await open();
    await steps(2, WELL);
    expect(await rate()).to.equal(340);
    await lab.patch({ mode: "fixed" });
    expect(await report(WELL)).to.equal(null);
    await steps(2, { ...WELL, failed: 50 });
    expect(await rate()).to.equal(300);
    await lab.patch({ mode: "auto", ratePerMinute: 400 });
    await lab.run(0.5);
    expect([await rate(), await report(WELL)]).to.deep.equal([400, 300]);
    await lab.patch({ maxRatePerMinute: 350 });
    expect(await rate()).to.equal(350);
  });

  it("rebuild · after a loss of Redis · goes on where it was", async () => {
    await open();
    await steps(2, { ...WELL, slow: 50 });
    await lab.loseAll();
    await run(6);
    expect(await rate()).to.equal(147);
  });

  it("a checkout that copes with 250 a minute · within bounds of 120 to 520 · is kept busy and not drowned", async () => {
    await open(520, {}, 1_200);
    const capacity = 250;
    for (let second = 0; second < 200; second += 5) {
      const offered = (await rate()) ?? 0;
      const total = Math.round(offered / 12);
      // The longer the queue before the checkout, the more of its holds are slow.
      const slow =
        offered > capacity ? Math.round(total * Math.min(1, (offered - capacity) / capacity + 0.06)) : 0;
      await report({ total, slow, failed: 0, crowded: 0 });
      await run(5);
    }
    const rows = [];
    for await (const { kind, atMicros } of readJournal(house.db, lab.queueId))
      if (kind === "admit") rows.push(atMicros);
    const until = rows.at(-1) ?? 0;
    const lately = rows.filter((at) => at > until - 120_000_000).length / 2;
    expect(lately).to.be.within(0.75 * capacity, 1.1 * capacity);
  });
});
