/**
 * The ranks of one gateway's fans, kept right by what each tick says has left the line.
 *
 * A rank belongs to a tick. It is moved on from one tick to the very next by subtracting the departures before the
 * fan, for all fans of a lane in one pass over two sorted lists. The departures of the last ticks are remembered, so
 * that a rank which was read a little earlier than it arrives can catch up. A rank that misses a tick beyond that
 * stays what it was, as of its own tick, until it is read again.
 */
import type { TickSummary } from "./journal.ts";
import { LANES } from "./keys.ts";

export interface Ranked {
  readonly sequence: number;
  readonly lane: number;
  readonly state: string;
  /** Tickets ahead in the lane; -1 while unknown. */
  rank: number;
  /** The tick this rank belongs to; -1 for none. */
  rankTick: number;
  /** That tick's time, microseconds. */
  rankAt: number;
}

interface PastTick {
  readonly tick: number;
  readonly at: number;
  /** No rank of the tick before can be moved on to it. */
  readonly drawn: boolean;
  /** Sorted sequences by lane. */
  readonly gone: ReadonlyMap<number, readonly number[]>;
}

export interface LaneRanks<Fan extends Ranked> {
  /** Adds a waiting fan, or does nothing for one that is there. */
  enter(fan: Fan): void;
  leave(fan: Fan): void;
  /**
   * Moves every rank on by a tick.
   * @returns how many waiting fans have no rank as of this tick.
   */
  apply(summary: TickSummary): number;
  /** Whether a committed tick had this time; false also when it is too long ago to say. */
  knows(tick: number, stamp: number): boolean;
  /** Every rank is unknown from now on: the line is another one. */
  reset(): void;
}

/** Ten seconds of ticks. */
const REMEMBERED_TICKS = 40;

/** @param tick the last one committed, and its time. */
export function createLaneRanks<Fan extends Ranked>(tick: number, at: number): LaneRanks<Fan> {
  const lanes: Fan[][] = Array.from({ length: LANES }, () => []);
  const past: PastTick[] = [{ tick, at, drawn: false, gone: new Map() }];

  function catchUp(fan: Fan): void {
    for (const { tick, at, drawn, gone } of past) {
      if (tick !== fan.rankTick + 1 || fan.rank < 0 || drawn) continue;
      fan.rank -= countBelow(gone.get(fan.lane) ?? [], fan.sequence);
      fan.rankTick = tick;
      fan.rankAt = at;
    }
  }

  /** Both lists are sorted by sequence: one pass corrects every rank and drops who waits no longer. */
  function merge(lane: Fan[], gone: readonly number[], tick: number, at: number): number {
    let before = 0;
    let kept = 0;
    let stale = 0;
    for (const fan of lane) {
      if (fan.state !== "W") continue;
      while (before < gone.length && (gone[before] as number) < fan.sequence) before += 1;
      if (fan.rankTick === tick - 1 && fan.rank >= 0) {
        fan.rank -= before;
        fan.rankTick = tick;
        fan.rankAt = at;
      } else if (fan.rankTick < tick) {
        stale += 1;
      }
      lane[kept] = fan;
      kept += 1;
    }
    lane.length = kept;
    return stale;
  }

  return {
    enter(fan) {
      const lane = lanes[fan.lane] as Fan[];
      const index = positionIn(lane, fan.sequence);
      if (lane[index] !== fan) lane.splice(index, 0, fan);
      catchUp(fan);
    },

    leave(fan) {
      const lane = lanes[fan.lane] as Fan[];
      const index = positionIn(lane, fan.sequence);
      if (lane[index] === fan) lane.splice(index, 1);
    },

    apply({ tick, at, gone: coded, drawn = false }) {
      // Those drawn came in ahead of ranks that were read before it.
      if (drawn) {
        past.length = 0;
        for (const lane of lanes) for (const fan of lane) if (fan.rankTick < tick) forget(fan);
      }
      const gone = new Map(coded.map(([lane, differences]) => [lane, decode(differences)]));
      past.push({ tick, at, drawn, gone });
      if (past.length > REMEMBERED_TICKS) past.shift();
      return lanes.reduce((stale, lane, index) => stale + merge(lane, gone.get(index) ?? [], tick, at), 0);
    },

    knows: (tick, stamp) => past.some((each) => each.tick === tick && each.at === stamp),

    reset() {
      for (const lane of lanes) for (const fan of lane) forget(fan);
    },
  };
}

function forget(fan: Ranked): void {
  fan.rank = -1;
  fan.rankTick = -1;
}

/** Departures are sent as differences. */
function decode(differences: readonly number[]): number[] {
  let sequence = 0;
  return differences.map((difference) => {
    sequence += difference;
    return sequence;
  });
}

/** The first index whose sequence is not below this one. */
function positionIn(lane: readonly Ranked[], sequence: number): number {
  let low = 0;
  let high = lane.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lane[middle] as Ranked).sequence < sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}

function countBelow(sorted: readonly number[], sequence: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}
