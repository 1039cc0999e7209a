import { expect } from "chai";
import { chooseSeats, type Hall, readHall, sectionsFor } from "../../../scripts/demo/hall.ts";
import { readOptions, scenarioFor } from "../../../scripts/demo/options.ts";
import { planFan } from "../../../scripts/demo/plan.ts";
import { createRandom } from "../../../scripts/demo/random.ts";

describe("demo · plan", () => {
  const options = { seed: 11, burstMs: 4_000, signUps: 2 };

  it("is replayed · when the seed is the same · fan by fan, in any order", () => {
    const once = Array.from({ length: 50 }, (_, index) => planFan(index, options));
    const again = Array.from({ length: 50 }, (_, index) => planFan(49 - index, options)).reverse();
    expect(again).to.deep.equal(once);
    expect(planFan(0, { ...options, seed: 12 })).to.not.deep.equal(once[0]);
  });

  it("mixes · over many fans · about as many lapse as the on-sale asks for", () => {
    const plans = Array.from({ length: 5_000 }, (_, index) => planFan(index, options));
    const share = plans.filter(({ then }) => then === "lapse").length / plans.length;
    expect(share).to.be.within(0.35, 0.41);
    expect(plans.filter(({ signsUp }) => signsUp)).to.have.length(2);
  });
});

describe("demo · options", () => {
  it("reads · what is asked for · the rest is usual", () => {
    expect(readOptions(["--small", "--seed", "3"])).to.include({
      fans: 300,
      seats: 150,
      seed: 3,
      gateways: 1,
    });
    expect(readOptions([])).to.include({ fans: 2_000, seats: 1_200, keepGoing: false });
  });

  for (const [args, about] of [
    [["--fans", "many"], "--fans"],
    [["--seats", "120"], "multiple of 50"],
    [["--fans", "100", "--seats", "150"], "sell out"],
    [["--url", "http://localhost:1"], "--operator"],
    [["--colour"], "--colour"],
  ] as const) {
    it(`refuses · ${args.join(" ")} · says what to write instead`, () => {
      expect(() => readOptions([...args])).to.throw(about);
    });
  }

  it("sets the pace · for any hall · within what the API takes", () => {
    for (const seats of ["50", "1200", "15000"]) {
      const scenario = scenarioFor(readOptions(["--seats", seats, "--fans", "15000"]));
      expect(scenario.ratePerMinute).to.be.within(1, 60_000);
      expect(scenario.laterRatePerMinute).to.be.within(scenario.ratePerMinute, 60_000);
    }
  });
});

describe("demo · choosing seats", () => {
  /** Two sections of two rows of three. */
  const hall: Hall = readHall({
    sections: ["front", "back"].map((id, section) => ({
      id,
      name: id,
      amount: 10 - section,
      rows: [0, 1].map((row) => ({
        seats: [0, 1, 2].map((seat) => {
          const ordinal = section * 6 + row * 3 + seat;
          return { id: `seat-${ordinal}`, ordinal };
        }),
      })),
    })),
  });
  const choose = (letters: string, quantity: number, taste = 0) =>
    chooseSeats(hall, letters, { quantity, taste }, createRandom(1));

  it("takes neighbours · of one row of the section it likes · never across an aisle", () => {
    const seats = choose("AAHAAAAAAAAA", 3);
    expect(seats).to.deep.equal([3, 4, 5]);
    expect(choose("AAAAAAAAAHAA", 2, 0.9))
      .to.be.an("array")
      .that.satisfies((pair: number[]) => (pair[0] ?? 0) >= 6);
  });

  it("goes elsewhere · when the section has not so many together", () => {
    expect(choose("AHAHAHHAAHHH", 2)).to.deep.equal([7, 8]);
  });

  it("takes what is left · when there are not so many together anywhere", () => {
    expect(choose("AHAHHHHHHHHA", 2)).to.deep.equal([0, 2]);
    expect(choose("HHHHHHHHHHHO", 2)).to.deep.equal([]);
  });

  it("has as many seats as were asked for · in five sections", () => {
    for (const seats of [50, 150, 1_200, 15_000]) {
      const sections = sectionsFor(seats);
      expect(sections).to.have.length(5);
      expect(sections.reduce((sum, { rows, seatsPerRow }) => sum + rows * seatsPerRow, 0)).to.equal(seats);
    }
  });
});
