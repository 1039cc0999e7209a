/** The room put together from its parts. */

import type { Route } from "../platform/http/route.ts";
import type { JobOutcome } from "../platform/jobs.ts";
import type { StatementOptions } from "../platform/statements.ts";
import { createAnnouncements } from "./announcements.ts";
import { createSeatFeed, type SeatFeed } from "./feed.ts";
import { createGate, type Gate } from "./gate.ts";
import { createHold, type HoldOutcome, type HoldRequest } from "./hold.ts";
import { createIdempotency, type Idempotency } from "./idempotency.ts";
import type { Parts } from "./parts.ts";
import { createPaymentTransitions, type PaymentTransitions } from "./payment-transitions.ts";
import { createPictures } from "./picture.ts";
import type { ReservationsDeps } from "./ports.ts";
import { createReads, type Reads } from "./reads.ts";
import {
  type CancelOutcome,
  createReleases,
  type LeaveCause,
  type LeaveOutcome,
  type Releases,
} from "./releases.ts";
import { createRoutes } from "./routes.ts";
import { createOperatorSeats, type OperatorSeats } from "./seats.ts";
import { loadReservationStatements } from "./statements.ts";
import { createStore, type LiveHold } from "./store.ts";

export interface Reservations extends OperatorSeats, SeatFeed, Reads, Gate {
  readonly routes: Route[];
  hold(request: HoldRequest): Promise<HoldOutcome>;
  /** @param userId the owner; null for anybody's. @param ifVersions the versions that may be cancelled; null for any. */
  cancel(
    reservationId: string,
    userId: string | null,
    ifVersions: readonly number[] | null,
  ): Promise<CancelOutcome>;
  /**
   * A fan gives up the admission: all holds end, or none while a payment is undecided. Or loses it: all holds end but
   * those that are being paid.
   */
  releaseHoldsOf(userId: string, performanceId: string, cause: LeaveCause): Promise<LeaveOutcome>;
  /** Fans whose reservations keep their slot open, and until when. */
  liveHolds(performanceId: string): Promise<LiveHold[]>;
  /** Handles the job `hold-<reservationId>`; it may come early, late or twice. */
  expire(reservationId: string): Promise<JobOutcome>;
  /** The same for whoever comes upon a hold that is over, and must not wait for the others that are. */
  expireAlone(reservationId: string): Promise<void>;
  /** Ends at most `limit` lapsed holds. Any number of processes may sweep at once. @returns how many. */
  sweep(limit: number): Promise<number>;
  /** Deletes at most `limit` idempotency records past their time. @returns how many. */
  forgetOldKeys(limit: number): Promise<number>;
  /** For the payments room. */
  readonly transitions: PaymentTransitions;
  readonly idempotency: Idempotency;
  /** Waits for what is still being told to others. */
  close(): Promise<void>;
}

export function createReservations(deps: ReservationsDeps, options?: StatementOptions): Reservations {
  const { db, admissionCodeKey, metrics } = deps;
  const run = loadReservationStatements(options);
  const store = createStore(run);
  const feed = createSeatFeed(db, run);
  const base = {
    ...deps,
    metrics: metrics.reservations,
    codeKey: admissionCodeKey,
    store,
    feed,
    idempotency: createIdempotency(run),
    announcements: createAnnouncements(deps, store, (userId, performanceId) =>
      releases.releaseHoldsOf(userId, performanceId, "removed"),
    ),
    pictures: createPictures(feed),
  };
  const releases: Releases = createReleases(base);
  const parts: Parts = { ...base, releases };
  const room = {
    ...createOperatorSeats(parts),
    ...createReads(parts),
    ...createGate(parts),
    ...feed,
    hold: createHold(parts),
    cancel: releases.cancel,
    releaseHoldsOf: releases.releaseHoldsOf,
    liveHolds: releases.liveHolds,
    async expire(reservationId: string): Promise<JobOutcome> {
      const outcome = await releases.expireDue(reservationId);
      return outcome.done ? outcome : { done: false, dueAt: new Date(Date.now() + outcome.remainingMs) };
    },
    async expireAlone(reservationId: string): Promise<void> {
      await releases.expire(reservationId, "job");
    },
    sweep: releases.sweep,
    forgetOldKeys: (limit: number) => base.idempotency.forgetOld(db, limit),
    transitions: createPaymentTransitions(parts),
    idempotency: base.idempotency,
    async close() {
      await releases.close();
      await base.announcements.settle();
    },
  };
  return { ...room, routes: createRoutes(room) };
}
