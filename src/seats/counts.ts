/**
 * How many seats are in each state, for lists and pages that show no map.
 *
 * Asking for a count must not make a gateway follow a performance: a list of a hundred would push out the copies
 * that are in use. So it takes four numbers from Redis and keeps them for a second.
 */
import type { SeatCounts } from "./ports.ts";

export interface CountsOptions {
  /** From a copy in memory. */
  peek(performanceId: string): SeatCounts | null;
  /** From the store; null when it has no copy. */
  read(performanceId: string): Promise<SeatCounts | null>;
  /** From the database. */
  readThrough(performanceId: string): Promise<SeatCounts>;
}

const KEEP_MS = 1_000;
const MAX_KEPT = 2_000;

export function createCounts(options: CountsOptions): (performanceId: string) => Promise<SeatCounts> {
  // Insertion order is age: the first are the oldest.
  const kept = new Map<string, { readonly at: number; readonly counts: Promise<SeatCounts> }>();

  function forgetOld(now: number): void {
    for (const [performanceId, { at }] of kept) {
      if (kept.size <= MAX_KEPT && now - at < KEEP_MS) return;
      kept.delete(performanceId);
    }
  }

  async function load(performanceId: string): Promise<SeatCounts> {
    const counts = await options.read(performanceId).catch(() => null);
    return counts ?? options.readThrough(performanceId);
  }

  return async (performanceId) => {
    const here = options.peek(performanceId);
    if (here) return here;
    const now = performance.now();
    forgetOld(now);
    const known = kept.get(performanceId);
    if (known) return known.counts;
    const counts = load(performanceId);
    const entry = { at: now, counts };
    kept.set(performanceId, entry);
    counts.catch(() => {
      if (kept.get(performanceId) === entry) kept.delete(performanceId);
    });
    return counts;
  };
}
