/** A draw puts others into the line ahead of those whose ranks a gateway knows already. */
import { expect } from "chai";
import type { TickSummary } from "../../../src/queue/journal.ts";
import { createLaneRanks, type Ranked } from "../../../src/queue/lane-ranks.ts";

const at = (tick: number) => tick * 250_000;

const tickOf = (tick: number, drawn = false): TickSummary => ({
  tick,
  number: tick,
  at: at(tick),
  phase: "open",
  limitedBy: "rate",
  waiting: 0,
  deferred: 0,
  active: 0,
  available: -1,
  held: -1,
  gone: [],
  ...(drawn ? { drawn: true } : {}),
});

const fan = (sequence: number, rank: number, rankTick: number): Ranked => ({
  sequence,
  lane: 0,
  state: "W",
  rank,
  rankTick,
  rankAt: at(rankTick),
});

describe("ranks and a draw", () => {
  it("a rank read while lots were placed · after the tick that ended the draw · is unknown until read again", () => {
    const ranks = createLaneRanks<Ranked>(4, at(4));
    const behind = fan(900, 2, 4);
    ranks.enter(behind);
    expect(ranks.apply(tickOf(5))).to.equal(0);
    expect(behind).to.include({ rank: 2, rankTick: 5 });
    expect(ranks.apply(tickOf(6, true))).to.equal(1);
    expect(behind).to.include({ rank: -1, rankTick: -1 });
  });

  it("a rank read at the tick that ended the draw, heard of before it · stands", () => {
    const ranks = createLaneRanks<Ranked>(5, at(5));
    const behind = fan(900, 1_002, 6);
    ranks.enter(behind);
    expect(ranks.apply(tickOf(6, true))).to.equal(0);
    expect(behind).to.include({ rank: 1_002, rankTick: 6 });
  });

  it("an answer of a tick before the end of the draw · arriving after it · is no rank to go on from", () => {
    const ranks = createLaneRanks<Ranked>(5, at(5));
    ranks.apply(tickOf(6, true));
    expect([ranks.knows(5, at(5)), ranks.knows(6, at(6))]).to.deep.equal([false, true]);
    const late = fan(900, 2, 5);
    ranks.enter(late);
    expect(late).to.include({ rank: 2, rankTick: 5 });
    expect(ranks.apply(tickOf(7))).to.equal(1);
  });
});
