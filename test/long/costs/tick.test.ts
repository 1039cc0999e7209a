import { expect } from "chai";
import { costOfTicks } from "../../costs/ticking.ts";

describe("D2 · Redis commands a position tick, at length", () => {
  it("1,000,000 waiting · at most three commands a tick", async function () {
    this.timeout(300_000);
    const { commands, ticks } = await costOfTicks({ sockets: 10, others: 1_000_000 });
    expect(commands).to.be.at.most(3 * (ticks + 1));
  });
});
