import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { lineOfFans } from "../../scripts/bench/servers/line-of-fans.ts";
import type { LocalFan } from "../../src/queue/local-line.ts";
import { estimateWait } from "../../src/queue/pace-meter.ts";
import { cadenceMs, placeOf, positionFrame } from "../../src/queue/ticket-view.ts";
import { isoOfMicros } from "../../src/queue/view.ts";

/** A position frame is written by hand; it must be what JSON says of the same values, in the contract's order. */
describe("position frames", () => {
  const { line, fans, nextTick } = lineOfFans(40, 150);
  const changeable = line as { phase: string; seatsLeft: number | null };
  const told = (fan: LocalFan) => {
    const { position, ahead } = placeOf(line, fan);
    return JSON.stringify({
      type: "position",
      epoch: fan.epoch,
      position,
      ahead,
      waiting: line.waiting,
      eta: ahead === null ? null : estimateWait(ahead, line.flowOf(fan.lane)),
      seatsLeft: line.seatsLeft,
      asOf: isoOfMicros(fan.rankAt),
      nextUpdateSeconds: Math.ceil(cadenceMs(ahead ?? 0) / 1_000),
    });
  };

  /** Admissions of fans on other gateways, from which the pace is measured. */
  const admissions = (count: number) =>
    Array.from({ length: count }, () => ["admit", randomUUID(), randomUUID(), 0, 0, "{}"]);

  it("every place, from tick to tick · is written as JSON writes it", () => {
    let withEstimate = 0;
    for (let tick = 0; tick < 45; tick += 1) {
      for (const fan of fans) {
        if (fan.rank < 0) continue;
        const frame = positionFrame(line, fan);
        expect(frame).to.equal(told(fan));
        if (JSON.parse(frame).eta !== null) withEstimate += 1;
      }
      line.apply({ ...JSON.parse(nextTick(3)), changes: admissions(3) });
    }
    expect(withEstimate).to.be.above(0);
  });

  it("without a place, an estimate or seats · says null", () => {
    const fan = fans.at(-1) as LocalFan;
    changeable.seatsLeft = null;
    expect(JSON.parse(positionFrame(line, fan)).seatsLeft).to.equal(null);
    changeable.phase = "recovering";
    const frame = positionFrame(line, fan);
    expect(frame).to.equal(told(fan));
    expect(JSON.parse(frame)).to.include({ position: null, ahead: null, eta: null, nextUpdateSeconds: 1 });
  });
});
