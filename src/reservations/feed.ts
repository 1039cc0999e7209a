/**
 * What a read model of the seats is built from: all states at one instant, and what changed since.
 *
 * A watermark is the PostgreSQL snapshot a read was made with. A change is new when its transaction is visible
 * now and was not visible in that snapshot, so each one is delivered exactly once, in whatever order the
 * transactions committed, and a long transaction elsewhere delays nobody.
 */
import type { Database } from "../platform/postgres.ts";
import type { StatementRunner } from "../platform/statements.ts";
import type { SeatStatus } from "./seat-status.ts";
import { loadReservationStatements } from "./statements.ts";

export interface SeatStates {
  /** One letter a seat in ordinal order: `A`, `H`, `O`, `B`. Empty when the performance has no seats. */
  readonly states: string;
  /** By ordinal; each transition of a seat raises its version by one, 0 at creation. */
  readonly versions: number[];
  /** Opaque; give it to `readSeatChanges`. */
  readonly watermark: string;
}

export interface SeatChange {
  readonly ordinal: number;
  readonly status: SeatStatus;
  /** Apply a change only over a lower version. */
  readonly version: number;
  /** When the transition was made. */
  readonly at: Date;
}

export interface SeatChanges {
  /** The newest transition of each seat that changed, in ordinal order. */
  readonly changes: SeatChange[];
  readonly nextWatermark: string;
}

export interface SeatFeed {
  readAllSeatStates(performanceId: string): Promise<SeatStates>;
  readSeatChanges(performanceId: string, afterWatermark: string): Promise<SeatChanges>;
}

export function createSeatFeed(db: Database, run: StatementRunner = loadReservationStatements()): SeatFeed {
  return {
    async readAllSeatStates(performanceId) {
      const [all] = await run<SeatStates>(db, "read-all-seat-states", { performanceId });
      return all as SeatStates;
    },
    async readSeatChanges(performanceId, afterWatermark) {
      const rows = await run<SeatChange & { watermark: string }>(db, "read-seat-changes", {
        performanceId,
        after: afterWatermark,
      });
      const changes = rows.flatMap(({ watermark: _, ...change }) =>
        change.ordinal === null ? [] : [change],
      );
      return { changes, nextWatermark: (rows[0] as { watermark: string }).watermark };
    },
  };
}
