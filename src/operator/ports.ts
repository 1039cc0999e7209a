/** What the operator's room needs of others; each room fits by shape, the application hands them in. */
import type { Catalog, SeatCounts } from "../catalog/index.ts";
import type { FieldError } from "../platform/errors.ts";
import type { Principal } from "../platform/http/route.ts";
import type { Transaction } from "../platform/postgres.ts";
import type { QueuePatch, QueueSettings } from "../queue/settings.ts";

export type CatalogPort = Pick<
  Catalog,
  "createEvent" | "setLook" | "event" | "createPerformance" | "seatMap" | "facts"
>;

export interface AuthPort {
  /** Null for an unknown account. */
  nameOf(userId: string): Promise<string | null>;
  issueStreamToken(principal: Principal): { readonly token: string; readonly expiresInSeconds: number };
  verifyStreamToken(
    token: string,
  ): { readonly ok: true; readonly principal: Principal } | { readonly ok: false };
}

export interface NoticeTexts {
  readonly ko?: string;
  readonly en?: string;
}

export interface QueueRecord {
  readonly performanceId: string;
  readonly settings: QueueSettings;
  /** Rises with each change of settings or controls. */
  readonly version: number;
}

/** What a control was and is; `changed` is false when it already was so. */
export interface ControlChange {
  readonly changed: boolean;
  readonly before: unknown;
  readonly after: unknown;
}

export type SettingsChange =
  | {
      readonly ok: true;
      readonly before: QueueSettings;
      readonly after: QueueSettings;
      readonly version: number;
    }
  | {
      readonly ok: false;
      readonly reason: "VERSION_MISMATCH" | "NOT_FOUND" | "VALIDATION_FAILED";
      readonly detail?: string;
      readonly errors?: readonly FieldError[];
    };

export type TicketOutcome =
  | { readonly ok: true; readonly userId: string }
  | { readonly ok: false; readonly reason: "NOT_FOUND" | "REBUILDING" };

/** The line's part of the statistics. */
export interface QueueStats {
  readonly phase: string;
  readonly waiting: number;
  readonly deferred: number;
  readonly active: number;
  readonly admittedTotal: number;
  readonly admittedLastMinute: number;
  readonly arrivedLastMinute: number;
  /** 0 to 1; null before anybody could have arrived. */
  readonly noShowRatio: number | null;
  readonly leftTotal: number;
  readonly ratePerMinute: number;
  readonly effectiveRatePerMinute: number;
  readonly limitedBy: string | null;
  readonly seats: SeatCounts | null;
  readonly etaForNewcomerSeconds: number | null;
}

/** `by` is always the operator's account id. */
export interface NewLane {
  readonly name: string;
  readonly share: number;
  readonly codes: { readonly count: number; readonly uses: number };
}

export type LaneChange =
  | {
      readonly ok: true;
      readonly before: unknown;
      readonly after: unknown;
      readonly codes: readonly string[];
    }
  | { readonly ok: false; readonly reason: "NOT_FOUND" }
  | { readonly ok: false; readonly reason: "VALIDATION_FAILED"; readonly errors: readonly FieldError[] };

export interface QueuePort {
  /** Writes the queue's row. */
  createQueue(
    trx: Transaction,
    queue: { readonly queueId: string; readonly performanceId: string; readonly settings: QueueSettings },
    by: string,
  ): Promise<void>;
  /** Loads a new queue into Redis, after the commit; workers do it later if this fails. */
  initialise(queueId: string): Promise<void>;
  settingsOf(queueId: string): Promise<QueueRecord | null>;
  /** @param ifVersion refuses with VERSION_MISMATCH when the queue has another one. */
  changeSettings(
    trx: Transaction,
    queueId: string,
    patch: QueuePatch,
    ifVersion: number | undefined,
    by: string,
  ): Promise<SettingsChange>;
  setPaused(trx: Transaction, queueId: string, paused: boolean, by: string): Promise<ControlChange | null>;
  close(trx: Transaction, queueId: string, by: string): Promise<ControlChange | null>;
  setNotice(
    trx: Transaction,
    queueId: string,
    texts: NoticeTexts | null,
    by: string,
  ): Promise<ControlChange | null>;
  /** Makes a lane, or gives an existing one another share and more codes. */
  addLane(trx: Transaction, queueId: string, lane: NewLane, by: string): Promise<LaneChange>;
  /** Brings the row into Redis, after the commit; workers do it within a tick or two if this fails. */
  apply(queueId: string): Promise<void>;
  /** Idempotent. */
  removeTicket(queueId: string, ticketId: string, by: string, reason: string): Promise<TicketOutcome>;
  /** Idempotent. */
  readmit(queueId: string, ticketId: string, by: string): Promise<TicketOutcome>;
  stats(queueId: string): Promise<QueueStats | null>;
}

export type SeatBlockOutcome =
  /** The seats that were in the other state until now. */
  | { readonly ok: true; readonly changed: readonly number[] }
  /** Nothing was changed; these are HELD or OCCUPIED. */
  | {
      readonly ok: false;
      readonly reason: "SEATS_IN_USE";
      readonly seats: readonly { readonly ordinal: number; readonly state: string }[];
    };

/** How far a cancelled performance has come. */
export interface CancellationProgress {
  readonly performanceId: string;
  readonly reason: string;
  readonly requestedAt: Date;
  readonly finishedAt: Date | null;
  readonly undecided: number;
  readonly toRefund: number;
  readonly refunding: number;
  readonly refunded: number;
}

export interface CancellationsPort {
  /** @returns false when it was requested before. */
  request(trx: Transaction, performanceId: string, reason: string, by: string): Promise<boolean>;
  progress(performanceId: string): Promise<CancellationProgress | null>;
}

export type PaymentFilter = "undecided" | "late" | "refunding";

export interface ListedPayment {
  readonly id: string;
  readonly startedAt: Date;
  readonly settledAt: Date | null;
}

export interface PaymentsPort {
  /** Newest first, from after `before`. @param status null: all. */
  listPayments(page: {
    status: PaymentFilter | null;
    before: string | null;
    limit: number;
  }): Promise<readonly ListedPayment[]>;
  readonly cancellations: CancellationsPort;
}

/** NOT_FOUND also for a ticket that was refunded. */
export type CheckInOutcome =
  | {
      readonly ok: true;
      readonly ticket: {
        readonly id: string;
        readonly reservationId: string;
        readonly performanceId: string;
        readonly ordinal: number;
        readonly checkedInAt: Date;
      };
    }
  | { readonly ok: false; readonly reason: "NOT_FOUND" }
  | { readonly ok: false; readonly reason: "ALREADY_CHECKED_IN"; readonly checkedInAt: Date };

/** What happened to a performance's seats in the last minute. */
export interface SeatActivity {
  readonly holdsPerMinute: number;
  readonly confirmationsPerMinute: number;
}

export interface ReservationsPort {
  createSeatStates(trx: Transaction, performanceId: string, seatCount: number): Promise<void>;
  blockSeats(
    trx: Transaction,
    performanceId: string,
    ordinals: readonly number[],
    reason: string,
  ): Promise<SeatBlockOutcome>;
  unblockSeats(
    trx: Transaction,
    performanceId: string,
    ordinals: readonly number[],
    reason: string,
  ): Promise<SeatBlockOutcome>;
  activity(performanceId: string): Promise<SeatActivity>;
  /** @param by the account of whoever scanned the code. */
  checkIn(trx: Transaction, code: string, by: string): Promise<CheckInOutcome>;
}
