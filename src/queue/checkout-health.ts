/**
 * How holding goes on this gateway, by queue: what the automatic rate is steered by.
 *
 * Kept in cells of a second and reported for the last five, in one command a queue and second. A queue whose rate is
 * fixed answers that it has no target.
 */
import type { HoldCounts, LineStore } from "./line-store.ts";

export interface TriedHold {
  readonly queueId: string;
  readonly tookMs: number;
  /** It ended in a fault of ours, not in a refusal. */
  readonly failed: boolean;
}

interface Watched {
  /** The current second first. */
  cells: HoldCounts[];
  /** Milliseconds; null while unknown, or the rate is fixed. */
  targetMs: number | null;
}

const CELLS = 5;
const NONE: HoldCounts = { total: 0, slow: 0, failed: 0, crowded: 0 };

/** @param isCrowded whether somebody waits for a connection to the database now. */
export function createCheckoutHealth(store: Pick<LineStore, "reportHolds">, isCrowded: () => boolean) {
  const queues = new Map<string, Watched>();
  return {
    note({ queueId, tookMs, failed }: TriedHold): void {
      const watched = queues.get(queueId) ?? { cells: [NONE], targetMs: null };
      queues.set(queueId, watched);
      const now = watched.cells[0] ?? NONE;
      const isSlow = watched.targetMs !== null && tookMs > watched.targetMs;
      watched.cells[0] = {
        total: now.total + 1,
        slow: now.slow + Number(isSlow),
        failed: now.failed + Number(failed),
        crowded: now.crowded + Number(isCrowded()),
      };
    },

    /** Once a second. */
    async report(gatewayId: string): Promise<void> {
      for (const [queueId, watched] of queues) {
        const counts = watched.cells.reduce(add, NONE);
        watched.cells = [NONE, ...watched.cells].slice(0, CELLS);
        if (counts.total === 0) queues.delete(queueId);
        watched.targetMs = await store.reportHolds(queueId, gatewayId, counts);
      }
    },
  };
}

function add(a: HoldCounts, b: HoldCounts): HoldCounts {
  return {
    total: a.total + b.total,
    slow: a.slow + b.slow,
    failed: a.failed + b.failed,
    crowded: a.crowded + b.crowded,
  };
}
