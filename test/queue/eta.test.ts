import { expect } from "chai";
import { createPaceMeter, estimateWait } from "../../src/queue/pace-meter.ts";
import { type Scenario, simulate } from "./eta-simulation.ts";

const BASE: Scenario = {
  name: "the rate binds",
  fans: 4_000,
  ratePerMinute: 600,
  maxActive: 100_000,
  meanVisitSeconds: 60,
  visitSpread: 0.6,
  leaving: 0,
  noShows: 0,
};

const SCENARIOS: readonly Scenario[] = [
  BASE,
  { ...BASE, name: "the rate binds, fans give up", leaving: 0.2, noShows: 0.1 },
  { ...BASE, name: "slots bind", fans: 2_000, ratePerMinute: 6_000, maxActive: 300, meanVisitSeconds: 90 },
  {
    ...BASE,
    name: "slots bind, fans give up",
    fans: 2_000,
    ratePerMinute: 6_000,
    maxActive: 200,
    meanVisitSeconds: 120,
    leaving: 0.2,
    noShows: 0.1,
  },
  { ...BASE, name: "ten slots", fans: 200, maxActive: 10, leaving: 0.1, noShows: 0.05 },
  { ...BASE, name: "the rate is doubled", change: { afterSeconds: 120, ratePerMinute: 1_200 } },
];

/** Mulberry32: small, seeded, good enough to shuffle a crowd. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

describe("eta", () => {
  for (const scenario of SCENARIOS) {
    it(`estimate · ${scenario.name} · the truth falls inside as often as promised`, () => {
      const runs = [1, 2, 3, 4].map((seed) => simulate(scenario, seeded(seed * 7_919)));
      const mean = (field: "p50" | "p90") => runs.reduce((sum, run) => sum + run[field], 0) / runs.length;
      const told = `p50 held ${(100 * mean("p50")).toFixed(0)} %, p90 held ${(100 * mean("p90")).toFixed(0)} %`;
      expect(mean("p50"), told).to.be.at.least(0.4);
      expect(mean("p90"), told).to.be.at.least(0.8);
    });
  }

  it("estimate · before anything moved · is not known", () => {
    const meter = createPaceMeter(2);
    expect(estimateWait(10, meter.flowOf(0))).to.equal(null);
    for (let second = 1; second < 30; second += 1) meter.record(second * 1_000_000, 0, 0, 0, 100);
    expect(estimateWait(10, meter.flowOf(0))).to.equal(null);
  });

  it("estimate · in another lane · does not follow this lane's pace", () => {
    const meter = createPaceMeter(2);
    for (let second = 1; second < 30; second += 1) {
      meter.record(second * 1_000_000, 0, 10, 0, 100);
      meter.record(second * 1_000_000, 1, 1, 0, 100);
    }
    expect(estimateWait(99, meter.flowOf(0))?.p50Seconds).to.equal(10);
    expect(estimateWait(99, meter.flowOf(1))?.p50Seconds).to.equal(100);
  });
});
