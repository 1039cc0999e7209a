/** What the catalog tells: its views for clients and its facts for the other rooms. */
import type { SectionPlan } from "./hall.ts";
import type { LookView } from "./look.ts";

/** Fixed when a performance is made, so every process may keep a copy for as long as it likes. */
export interface PerformanceFacts {
  readonly id: string;
  readonly eventId: string;
  readonly startsAt: Date;
  /** ISO 4217. */
  readonly currency: string;
  readonly holdSeconds: number;
  readonly maxSeatsPerFan: number;
  readonly seatCount: number;
  readonly queueId: string;
  readonly layoutVersion: number;
}

export interface PerformanceView extends Omit<PerformanceFacts, "startsAt" | "layoutVersion"> {
  /** RFC 3339. */
  readonly startsAt: string;
}

export interface EventView {
  readonly id: string;
  readonly title: string;
  readonly venue: string;
  readonly description: string | null;
  readonly createdAt: string;
  /** Null: the pages are plain. */
  readonly look: LookView | null;
  /** By start. */
  readonly performances: readonly PerformanceView[];
}

/** How many seats are in each state. */
export interface SeatCounts {
  readonly available: number;
  readonly held: number;
  readonly occupied: number;
  readonly blocked: number;
}

export interface Section {
  readonly id: string;
  readonly name: string;
  /** The price of each of its seats, in the currency's minor unit. */
  readonly amount: number;
}

export interface SeatDescription {
  readonly id: string;
  readonly ordinal: number;
  /** The section's name. */
  readonly section: string;
  readonly row: string;
  readonly number: number;
  readonly amount: number;
}

/**
 * The seats of one performance as columns; index i is the seat with ordinal i. Ordinals are dense, from 0, in
 * layout order: section by section, row by row from the stage, seat by seat from the left.
 */
export interface SeatMap {
  readonly performanceId: string;
  readonly version: number;
  readonly seatCount: number;
  /** In layout order. */
  readonly sections: readonly Section[];
  readonly ids: readonly string[];
  /** Index into `sections`. */
  readonly sectionOf: Uint16Array;
  readonly rowName: readonly string[];
  readonly number: Uint16Array;
  /** Centimetres to the right of the stage's middle line. */
  readonly x: Int32Array;
  /** Centimetres away from the stage. */
  readonly y: Int32Array;
  /** 1 for an accessible seat. */
  readonly accessible: Uint8Array;
  /** Undefined when the seat is not of this performance. */
  ordinalOf(seatId: string): number | undefined;
  /** @throws RangeError for an ordinal that no seat has. */
  describe(ordinal: number): SeatDescription;
}

export interface NewPerformance {
  readonly startsAt: Date;
  readonly currency: string;
  readonly holdSeconds: number;
  readonly maxSeatsPerFan: number;
  readonly sections: readonly SectionPlan[];
  readonly queueId: string;
}

export interface NewEvent {
  readonly title: string;
  readonly venue: string;
  readonly description?: string;
}
