/**
 * How fast a line moves, measured, and what that means for the wait of a fan in it.
 *
 * Two things shorten a line: the front is taken, at a rate that does not depend on its length, and fans anywhere in
 * it give up, at a rate that does. With a front taken at `a` a second and a chance `h` a second that a waiting fan
 * leaves, the number n ahead follows n' = -a - h n, so it takes ln(1 + h n / a) / h until nobody is ahead. How far
 * the truth may lie off is measured too: by how much the counts of equal spans differ (their index of dispersion).
 */
import type { Eta } from "./view.ts";

export interface Flow {
  /** Taken from the front of the line, a second. */
  readonly perSecond: number;
  /** The chance that a waiting fan gives up within a second. */
  readonly leaving: number;
  /** Variance of the counts of equal spans over their mean; 1 for a Poisson stream, near 0 for a metronome. */
  readonly dispersion: number;
  /** How many departures that was measured on. */
  readonly measured: number;
}

export interface PaceMeter {
  /**
   * One tick of one lane.
   * @param at microseconds.
   * @param front admitted or passed over.
   * @param left given up from within the line.
   * @param waiting how many wait, all lanes together.
   */
  record(at: number, lane: number, front: number, left: number, waiting: number): void;
  /** Null while too little is known. */
  flowOf(lane: number): Flow | null;
}

const SPAN_MICROS = 5_000_000;
/** The last minute is what counts, unless too little happened in it; then up to five minutes. */
const SHORT_SPANS = 12;
const LONG_SPANS = 60;
const ENOUGH_DEPARTURES = 40;
/** A line nobody ticked did not stand still; it was not looked at. */
const LONGEST_TICK_SECONDS = 5;

interface Span {
  readonly number: number;
  front: number;
  left: number;
  /** How much of the span was seen. */
  seconds: number;
  /** Fans × seconds that could have left. */
  exposure: number;
}

export function createPaceMeter(lanes: number): PaceMeter {
  const spansOf = Array.from({ length: lanes }, (): Span[] => []);
  const lastAt = new Array<number>(lanes).fill(0);
  /** Measured once a tick, however many ask; undefined until then. */
  const flows = new Array<Flow | null | undefined>(lanes);

  function measure(lane: number): Flow | null {
    // The newest span is still being filled; its count would look like a slow-down.
    const whole = (spansOf[lane] as Span[]).slice(0, -1);
    let used = whole.slice(-SHORT_SPANS);
    if (sum(used, "front") < ENOUGH_DEPARTURES) used = whole.slice(-LONG_SPANS);
    const measured = sum(used, "front");
    if (measured === 0) return null;
    const seconds = sum(used, "seconds");
    const exposure = sum(used, "exposure");
    return {
      perSecond: measured / seconds,
      leaving: exposure > 0 ? sum(used, "left") / exposure : 0,
      dispersion: dispersionOf(used),
      measured,
    };
  }

  function spanOf(lane: number, at: number): Span {
    const spans = spansOf[lane] as Span[];
    const number = Math.floor(at / SPAN_MICROS);
    const last = spans.at(-1);
    if (last?.number === number) return last;
    const fresh: Span = { number, front: 0, left: 0, seconds: 0, exposure: 0 };
    spans.push(fresh);
    if (spans.length > LONG_SPANS + 1) spans.shift();
    return fresh;
  }

  return {
    record(at, lane, front, left, waiting) {
      const since = lastAt[lane] ?? 0;
      lastAt[lane] = at;
      flows[lane] = undefined;
      // The first tick heard tells what left, but not in how long.
      if (since === 0) return;
      const span = spanOf(lane, at);
      const seconds = Math.min(LONGEST_TICK_SECONDS, Math.max(0, at - since) / 1_000_000);
      span.front += front;
      span.left += left;
      span.seconds += seconds;
      span.exposure += waiting * seconds;
    },
    flowOf(lane) {
      const known = flows[lane];
      if (known !== undefined) return known;
      const flow = measure(lane);
      flows[lane] = flow;
      return flow;
    },
  };
}

function sum(spans: readonly Span[], field: "front" | "left" | "seconds" | "exposure"): number {
  return spans.reduce((total, span) => total + span[field], 0);
}

/** With few spans the variance is hardly known; a Poisson stream is assumed then. */
function dispersionOf(spans: readonly Span[]): number {
  if (spans.length < 4) return 1;
  const mean = sum(spans, "front") / spans.length;
  const variance = spans.reduce((total, { front }) => total + (front - mean) ** 2, 0) / (spans.length - 1);
  return mean > 0 ? variance / mean : 1;
}

/** The rate may change while the fan waits; at least this part of the wait is never certain. */
const LEAST_SPREAD = 0.05;
/** The 90th percentile of a normal distribution, in deviations. */
const P90 = 1.2816;

/** The wait of a fan with `ahead` before them; null while the flow is unknown. */
export function estimateWait(ahead: number, flow: Flow | null): Eta | null {
  if (!flow || flow.perSecond <= 0) return null;
  const { perSecond, leaving, dispersion, measured } = flow;
  const turns = ahead + 1;
  const seconds = leaving > 0 ? Math.log1p((leaving * turns) / perSecond) / leaving : turns / perSecond;
  const taken = Math.max(1, seconds * perSecond);
  // Two doubts: what the next departures will do, and how well the last ones told their rate.
  const spread = Math.max(LEAST_SPREAD, Math.sqrt(dispersion / taken + dispersion / measured));
  return { p50Seconds: Math.round(seconds), p90Seconds: Math.ceil(seconds * (1 + P90 * spread)) };
}
