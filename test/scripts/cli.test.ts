import { expect } from "chai";
import { isAnotherPress } from "../../scripts/cli.ts";

describe("cli · a signal", () => {
  it("that npm hands on at once · is the same press, one that comes a second later is another", () => {
    const now = performance.now();
    expect(isAnotherPress(now)).to.equal(false);
    expect(isAnotherPress(now - 1_000)).to.equal(true);
  });
});
