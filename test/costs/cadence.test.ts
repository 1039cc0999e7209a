import { expect } from "chai";
import { cadenceMs } from "../../src/queue/ticket-view.ts";

const LINE = 100_000;
const aheads = Array.from({ length: LINE }, (_, ahead) => ahead);

describe("D4 · position messages by the cadence", () => {
  it("100,000 sockets · against everyone every second · at most 0.15", () => {
    const everySecond = LINE;
    const perSecond = aheads.reduce((sum, ahead) => sum + 1_000 / cadenceMs(ahead), 0);
    expect(perSecond / everySecond).to.be.at.most(0.15);
  });

  it("the depths of the contract · hear as often as it says", () => {
    const seconds = (ahead: number) => cadenceMs(ahead) / 1_000;
    expect(aheads.slice(0, 100).every((ahead) => seconds(ahead) === 1)).to.equal(true);
    expect(aheads.slice(100, 1_000).every((ahead) => seconds(ahead) === 2)).to.equal(true);
    expect(aheads.slice(1_000, 10_000).every((ahead) => seconds(ahead) === 5)).to.equal(true);
    expect(aheads.slice(10_000).every((ahead) => seconds(ahead) >= 10 && seconds(ahead) <= 30)).to.equal(
      true,
    );
  });

  it("further back · never more often", () => {
    expect(aheads.slice(1).every((ahead) => cadenceMs(ahead) >= cadenceMs(ahead - 1))).to.equal(true);
  });
});
