/** A draw puts others into the line ahead of those whose ranks a gateway knows already. */
import { expect } from "chai";
import type { TickSummary } from "../../../src/queue/journal.ts";
import { createLaneRanks, type Ranked } from "../../../src/queue/lane-ranks.ts";
import { createLocalLine, type LocalLine } from "../../../src/queue/local-line.ts";
import type { QueueRow } from "../../../src/queue/queue-store.ts";
import { placeOf } from "../../../src/queue/ticket-view.ts";
import type { Phase, RawView } from "../../../src/queue/view.ts";

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

describe("a gateway and a draw", () => {
  const viewAt = (ticketId: string, tick: number, phase: Phase, rank: number): RawView => ({
    ticketId,
    sequence: 900,
    state: "W",
    lane: 0,
    epoch: 1,
    rank,
    waiting: 1_003,
    tick,
    tickAt: at(tick),
    arriveBy: 0,
    passEnds: 0,
    graceEnds: 0,
    fence: 0,
    phase,
    available: 0,
    held: 0,
    number: 0,
    tickStamp: at(tick),
  });
  /** At tick 4 lots are drawn, and a fan has joined behind those not placed yet. */
  function drawing(): LocalLine {
    const row: Partial<QueueRow> = { id: "q", tick: 3, tickMicros: at(3), epoch: 1, journalLength: 3 };
    const line = createLocalLine(row as QueueRow);
    hear(line, 4, { phase: "drawing" });
    line.observe("behind", viewAt("behind", 4, "drawing", 0));
    return line;
  }
  const hear = (line: LocalLine, tick: number, change: Partial<TickSummary>) =>
    line.apply({
      epoch: 1,
      number: tick,
      after: tick - 1,
      ticks: [{ ...tickOf(tick), ...change }],
      changes: [],
    });
  const placeIn = (line: LocalLine) => {
    const fan = line.fans.get("behind");
    return fan ? placeOf(line, fan).position : undefined;
  };

  it("somebody else's answer that the draw is over · before its tick is committed · shows nobody a place from before", () => {
    const line = drawing();
    line.observe("next", viewAt("next", 5, "open", 1_001));
    expect(placeIn(line)).to.equal(null);
    expect(hear(line, 5, { drawn: true }).gap).to.equal(true);
    expect(placeIn(line)).to.equal(null);
    line.observe("behind", viewAt("behind", 5, "open", 1_000));
    expect(placeIn(line)).to.equal(1_001);
  });

  it("a tick after the draw · when the one that ended it was missed · shows no place until it is read again", () => {
    const line = drawing();
    expect(hear(line, 6, {}).gap).to.equal(true);
    expect(placeIn(line)).to.equal(null);
    line.observe("behind", viewAt("behind", 6, "open", 1_000));
    expect(placeIn(line)).to.equal(1_001);
  });
});
