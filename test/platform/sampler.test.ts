import { expect } from "chai";
import { createSampler } from "../../src/platform/sampler.ts";

describe("sampler", () => {
  let now = 0;
  const sampler = () => createSampler(2, () => now);
  beforeEach(() => {
    now = 0;
  });

  it("as many as are allowed in a second · none is left out", () => {
    const lines = sampler();
    expect([lines.leftOut(), lines.leftOut()]).to.deep.equal([0, 0]);
  });

  it("more than that · are left out, and the first line of the next second tells how many", () => {
    const lines = sampler();
    expect([1, 2, 3, 4, 5].map(() => lines.leftOut())).to.deep.equal([0, 0, null, null, null]);
    now = 999;
    expect(lines.leftOut()).to.equal(null);
    now = 1_000;
    expect([lines.leftOut(), lines.leftOut(), lines.leftOut()]).to.deep.equal([4, 0, null]);
  });
});
