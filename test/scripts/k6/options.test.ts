import { existsSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { UsageError } from "../../../scripts/cli.ts";
import { readOptions, USAGE } from "../../../scripts/k6/options.ts";
import { SCENARIOS, sizeOf } from "../../../scripts/k6/scenarios.ts";

describe("k6 · what it is asked for", () => {
  it("a scenario's name · gives its usual size, one worker, and judges times", () => {
    const options = readOptions(["stampede"]);
    expect(options).to.include({
      name: "stampede",
      gateways: 1,
      workers: 1,
      killWorker: false,
      judgeSpeed: true,
    });
    expect(sizeOf("stampede", options.sizes)).to.deep.equal(SCENARIOS.stampede.size);
  });

  it("--size · given several times · changes those sizes alone", () => {
    const { sizes } = readOptions(["hot-seat", "--size", "users=50", "--size", "rounds=3"]);
    expect(sizeOf("hot-seat", sizes)).to.deep.equal({ ...SCENARIOS["hot-seat"].size, users: 50, rounds: 3 });
  });

  const wrong: Record<string, [args: string[], says: RegExp]> = {
    "no name": [[], /NAME is missing/],
    "no such name": [["seed-5000"], /seed-5000 is no scenario/],
    "a name that every object has": [["toString"], /toString is no scenario/],
    "a size that every object has": [["smoke", "--size", "toString=5"], /must be one of users=N/],
    "no such size": [["smoke", "--size", "fans=5"], /--size fans=5 must be one of users=N/],
    "a size of nothing": [["smoke", "--size", "users=0"], /users=0/],
    "a worker to kill elsewhere": [["smoke", "--kill-worker"], /stampede only/],
    "too many gateways": [["smoke", "--gateways", "9"], /from 1 to 8/],
    "no address": [["smoke", "--remote-write", "prometheus"], /--remote-write must be an address/],
    "a list that Prometheus would not read": [
      ["smoke", "--scrape", "targets"],
      /--scrape must be a file that ends in \.json/,
    ],
    "no such option": [["smoke", "--fast"], /--fast/],
  };
  for (const [what, [args, says]] of Object.entries(wrong)) {
    it(`${what} · is a wrong call, with what to write`, () => {
      expect(() => readOptions(args)).to.throw(UsageError, says);
    });
  }

  it("every scenario · has its script, a hall that is allowed, and is in the help", () => {
    for (const [name, scenario] of Object.entries(SCENARIOS)) {
      expect(existsSync(path.resolve(import.meta.dirname, `../../../k6/${name}.ts`)), name).to.equal(true);
      const { rows, seatsPerRow } = scenario.show(scenario.size as never);
      expect(rows * seatsPerRow, name).to.be.within(1, 50_000);
      expect(USAGE).to.include(name);
    }
  });
});
