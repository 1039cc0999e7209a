/** Everybody wants the same seat at the same instant, again and again. */
import type { BenchContext } from "../frame/bench.ts";
import type { LoadResult } from "../load/http.ts";
import { encodeRequests } from "../load/requests.ts";
import type { Gateway } from "./index.ts";
import { holdPlan, type InsideShow } from "./insiders.ts";

export interface HotSeatResult {
  /** Milliseconds. */
  readonly winners: Float64Array;
  readonly losers: Float64Array;
  readonly perSecond: number;
}

const HELD = "201";
const CONFLICT = "409";

/**
 * One volley a seat, from all fans of the show.
 * @throws Error when a seat had not exactly one winner.
 */
export async function hotSeats(
  context: BenchContext,
  { port }: Gateway,
  show: InsideShow,
  ordinals: readonly number[],
): Promise<HotSeatResult> {
  const plans = ordinals.flatMap((ordinal) =>
    startingAt(ordinal, show.insiders).map((fan) => holdPlan(show, fan, ordinal)),
  );
  const volleys = { port, connections: show.insiders.length, requests: encodeRequests(plans) };
  const { latencies, statuses, perSecond } = await context.load.ask<LoadResult>("volleys", volleys);
  const none = new Float64Array(0);
  const [winners, losers] = [latencies[HELD] ?? none, latencies[CONFLICT] ?? none];
  if (winners.length !== ordinals.length || winners.length + losers.length !== plans.length) {
    throw new Error(`${ordinals.length} seats were answered ${JSON.stringify(statuses)}`);
  }
  return { winners, losers, perSecond };
}

/** Who asks first wins most of the time, and one fan may win no more seats than one fan may have. */
function startingAt<T>(first: number, all: readonly T[]): T[] {
  const from = first % all.length;
  return [...all.slice(from), ...all.slice(0, from)];
}
