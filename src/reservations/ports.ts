/** What the room needs of others. Each is an object that the application hands in. */

import type { KeyObject } from "node:crypto";
import type { JobQueue } from "../platform/jobs.ts";
import type { LockService } from "../platform/lock.ts";
import type { Logger } from "../platform/logger.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Database, Transaction } from "../platform/postgres.ts";

export interface PerformanceFacts {
  readonly id: string;
  readonly startsAt: Date;
  readonly currency: string;
  readonly holdSeconds: number;
  readonly maxSeatsPerFan: number;
  readonly queueId: string;
}

/** The seats of one performance by ordinal; it never changes, and one object stands for it as long as it is cached. */
export interface SeatMap {
  readonly seatCount: number;
  readonly ids: readonly string[];
  readonly sections: readonly { readonly id: string; readonly name: string; readonly amount: number }[];
  /** Index into `sections`. */
  readonly sectionOf: ArrayLike<number>;
  readonly rowName: ArrayLike<string>;
  readonly number: ArrayLike<number>;
  readonly accessible: ArrayLike<number>;
  ordinalOf(seatId: string): number | undefined;
}

export interface CatalogPort {
  facts(performanceId: string): Promise<PerformanceFacts | null>;
  seatMap(performanceId: string): Promise<SeatMap | null>;
}

export interface FansPort {
  /** Locks the account's row until the transaction ends: what one fan does to seats happens one after the other. */
  lockFan(trx: Transaction, userId: string): Promise<void>;
  /** The same for several, waiting for nobody. @returns those that it could lock. */
  lockFans(trx: Transaction, userIds: readonly string[]): Promise<string[]>;
}

export type PassCheck =
  | { readonly ok: true; readonly userId: string; readonly ticketId: string; readonly fence: number }
  | { readonly ok: false; readonly reason: "PASS_REQUIRED" | "PASS_EXPIRED" };

export interface AdmissionPort {
  verifyPass(token: string, performanceId: string): PassCheck;
  /** Checks slot and fence, and keeps the slot for at least `holdSeconds` from now. */
  useSlot(use: {
    queueId: string;
    userId: string;
    ticketId: string;
    fence: number;
    holdSeconds: number;
  }): Promise<
    | { readonly ok: true }
    | { readonly ok: false; readonly reason: "PASS_EXPIRED" | "PASS_REVOKED" | "REBUILDING" }
  >;
  /** A hold was tried with a good pass, whatever became of it; failed: by a fault of ours. */
  holdTried(tried: { queueId: string; tookMs: number; failed: boolean }): void;
  /**
   * The latest end of the ticket's live reservations changed; null when none is live.
   * @returns whether an operator has removed the ticket: what it holds must end then.
   */
  holdsChanged(change: AdmissionHolder & { liveUntil: Date | null }): Promise<{ readonly removed: boolean }>;
  /** The purchase is finished and nothing else of this ticket is live. */
  endSession(holder: AdmissionHolder): Promise<void>;
}

export interface AdmissionHolder {
  readonly queueId: string;
  readonly userId: string;
  readonly ticketId: string;
}

export interface HoldExpiryJob {
  readonly reservationId: string;
}

export interface ReservationsDeps {
  readonly db: Database;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly locks: LockService;
  readonly jobs: Pick<JobQueue<HoldExpiryJob>, "add">;
  readonly catalog: CatalogPort;
  readonly fans: FansPort;
  readonly admission: AdmissionPort;
  /** Signs the codes that are scanned at the gate. */
  readonly admissionCodeKey: KeyObject;
}
