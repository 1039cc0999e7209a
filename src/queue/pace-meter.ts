/**
 * How fast a line moves, measured: departures from each lane over the last minute.
 *
 * From this a fan's wait is estimated; while less than five seconds of movement are known there is no estimate.
 */
import type { Eta } from "./view.ts";

const WINDOW_MICROS = 60_000_000;
const LEAST_MICROS = 5_000_000;

export interface PaceMeter {
  /** @param at microseconds; @param left departures of each lane. */
  record(at: number, left: readonly number[]): void;
  perSecond(lane: number): number | null;
}

export function createPaceMeter(lanes: number): PaceMeter {
  const samples: { at: number; left: readonly number[] }[] = [];
  const sums = new Array<number>(lanes).fill(0);

  function add(left: readonly number[], sign: 1 | -1): void {
    for (let lane = 0; lane < lanes; lane += 1)
      sums[lane] = (sums[lane] as number) + sign * (left[lane] ?? 0);
  }

  return {
    record(at, left) {
      samples.push({ at, left });
      add(left, 1);
      while (samples.length > 0 && (samples[0] as { at: number }).at < at - WINDOW_MICROS) {
        add((samples.shift() as { left: readonly number[] }).left, -1);
      }
    },
    perSecond(lane) {
      const first = samples[0];
      const last = samples.at(-1);
      if (!first || !last || last.at - first.at < LEAST_MICROS || (sums[lane] ?? 0) === 0) return null;
      return ((sums[lane] as number) * 1_000_000) / (last.at - first.at);
    },
  };
}

/**
 * The wait of a fan with `ahead` before them when the line moves at `perSecond`.
 *
 * Departures are taken as a Poisson stream, so the time of the n-th has mean n/λ and deviation √n/λ; the measured
 * rate itself may be off by a tenth.
 */
export function estimateWait(ahead: number, perSecond: number | null): Eta | null {
  if (perSecond === null) return null;
  const turns = ahead + 1;
  const p50Seconds = Math.round(turns / perSecond);
  const p90Seconds = Math.round((turns * 1.1 + 1.28 * Math.sqrt(turns)) / perSecond);
  return { p50Seconds, p90Seconds: Math.max(p90Seconds, p50Seconds) };
}
