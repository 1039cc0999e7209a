/** What the seats room gives and needs, in its own words. */

export type SeatStatus = "AVAILABLE" | "HELD" | "OCCUPIED" | "BLOCKED";

export interface SeatCounts {
  readonly available: number;
  readonly held: number;
  readonly occupied: number;
  readonly blocked: number;
}

/** One transition of a seat. A greater version is a later one. */
export interface SeatChange {
  readonly ordinal: number;
  readonly status: SeatStatus;
  readonly version: number;
  /** When it happened, by the database's clock; only measured. */
  readonly at?: Date;
}

export interface AllSeatStates {
  /** One letter a seat in ordinal order: A, H, O or B. */
  readonly states: string;
  readonly versions: ArrayLike<number>;
  /** What these states contain; opaque. */
  readonly watermark: string;
}

/**
 * How the write side lets the seats be read. A change is told after the watermark of every read that did not
 * contain it, in whatever order the transactions committed.
 */
export interface SeatReads {
  readAllSeatStates(performanceId: string): Promise<AllSeatStates>;
  readSeatChanges(
    performanceId: string,
    watermark: string,
  ): Promise<{ readonly changes: readonly SeatChange[]; readonly nextWatermark: string }>;
}

/** A performance whose availability is kept up to date. */
export interface LivePerformance {
  readonly performanceId: string;
  readonly queueId: string;
  /** Fans may be in its queue now: its copy is confirmed and its counts are reported every second. */
  readonly queueActive: boolean;
}
