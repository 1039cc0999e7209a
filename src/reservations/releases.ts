/**
 * How holds end without being paid: by their owner, by their deadline, by leaving the queue.
 *
 * A deadline has three executors. The delayed job makes it prompt, the sweeper makes it certain, and whoever
 * wants the seats before either has come takes them over. All run the same conditional UPDATE, so whichever is
 * first ends the hold and the others change nothing.
 */
import type { Transaction } from "../platform/postgres.ts";
import { transact } from "../platform/transact.ts";
import { createDueHolds } from "./due-holds.ts";
import type { Parts } from "./parts.ts";
import type { Cause, Ended, LiveHold, Named, Store } from "./store.ts";

export type ReleasedBy = "job" | "sweeper" | "takeover";

export type ExpireOutcome = { readonly done: true } | { readonly done: false; readonly remainingMs: number };

export type CancelOutcome =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly reason: "NOT_FOUND" | "VERSION_MISMATCH" | "ALREADY_CONFIRMED" | "PAYMENT_IN_PROGRESS";
    };

/** Who ends a fan's stay: the fan, or an operator. */
export type LeaveCause = "left" | "removed";
export type LeaveOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: "PAYMENT_IN_PROGRESS" };

export interface Releases {
  /** The delayed job: ends the hold only if its deadline is over, in one transaction with others that are due. */
  expireDue(reservationId: string): Promise<ExpireOutcome>;
  /** Re-reads the row and ends it only if its deadline is over. */
  expire(reservationId: string, by: ReleasedBy): Promise<ExpireOutcome>;
  /** Ends at most `limit` lapsed holds. @returns how many. */
  sweep(limit: number): Promise<number>;
  /** Ends the lapsed holds of one performance, for someone who found no seat. @returns whether there were any. */
  sweepPerformance(performanceId: string): Promise<boolean>;
  /** Ends the lapsed holds on these seats, whole. */
  sweepSeats(performanceId: string, ordinals: readonly number[]): Promise<void>;
  /** @param userId the owner; null for anybody's. @param ifVersions the versions that may be cancelled; null for any. */
  cancel(
    reservationId: string,
    userId: string | null,
    ifVersions: readonly number[] | null,
  ): Promise<CancelOutcome>;
  /** `left`: all or none; with a payment undecided, nothing is released. `removed`: all that are not being paid. */
  releaseHoldsOf(userId: string, performanceId: string, cause: LeaveCause): Promise<LeaveOutcome>;
  /** Fans with live reservations; asked when a queue is rebuilt. */
  liveHolds(performanceId: string): Promise<LiveHold[]>;
  /** Tells others of lapsed holds that a committed transaction has ended. */
  announce(ended: readonly Ended[], by: ReleasedBy): void;
  /** Waits for the jobs' transaction under way. */
  close(): Promise<void>;
}

const TAKEOVER_LIMIT = 200;
const DONE: ExpireOutcome = { done: true };

export function createReleases({
  db,
  log,
  fans,
  metrics,
  store,
  announcements,
}: Omit<Parts, "releases" | "pictures">): Releases {
  function announce(ended: readonly Ended[], by: ReleasedBy): void {
    for (const reservation of ended) {
      metrics.released.inc({ by });
      metrics.releaseLagSeconds.observe(
        Math.max(0, reservation.endedAt.getTime() - reservation.expiresAt.getTime()) / 1_000,
      );
      announcements.changed(reservation);
    }
  }

  const endLapsed = (trx: Transaction, named: readonly Named[], cause: Cause, now: Date) =>
    store.endReservations(trx, named, { from: "HELD", to: "EXPIRED", cause, now, onlyLapsed: true });

  async function sweep(which: Parameters<Store["lockLapsed"]>[1], by: ReleasedBy): Promise<Ended[]> {
    const outcome = await transact(db, async (trx) => {
      const lapsed = await store.lockLapsed(trx, which);
      const now = new Date(Math.max(...lapsed.map((row) => row.now.getTime())));
      return { ok: true, ended: await endLapsed(trx, lapsed, by, now) };
    });
    announce(outcome.ended, by);
    return outcome.ended;
  }

  async function expire(id: string, by: ReleasedBy): Promise<ExpireOutcome> {
    const outcome = await transact(db, async (trx) => {
      const row = await store.lockReservation(trx, id, null);
      // PAYING may become HELD again until its deadline, and then this job is due again.
      if (row?.status !== "HELD" && row?.status !== "PAYING") return { ok: true, ended: [], remainingMs: 0 };
      const ended = row.status === "HELD" ? await endLapsed(trx, [row], by, row.now) : [];
      return { ok: true, ended, remainingMs: row.expiresAt.getTime() - row.now.getTime() };
    });
    announce(outcome.ended, by);
    // By the database's clock, not this machine's.
    return outcome.remainingMs > 0 ? { done: false, remainingMs: outcome.remainingMs } : DONE;
  }

  const dueHolds = createDueHolds({
    log,
    async remaining(ids) {
      const due = ids.length > 0 ? await store.readDue(db, ids) : [];
      return new Map(due.map(({ id, expiresAt, now }) => [id, expiresAt.getTime() - now.getTime()]));
    },
    async endOver(ids, limit) {
      const ended = await sweep({ limit, performanceId: null, ids }, "job");
      return new Set(ended.map(({ id }) => id));
    },
    expireAlone: (id) => expire(id, "job"),
  });

  return {
    announce,
    liveHolds: (performanceId) => store.liveHolds(db, performanceId),

    expire,
    expireDue: dueHolds.expire,
    close: dueHolds.close,

    sweep: async (limit) => (await sweep({ limit, performanceId: null, ids: [] }, "sweeper")).length,
    sweepPerformance: async (performanceId) =>
      (await sweep({ limit: TAKEOVER_LIMIT, performanceId, ids: [] }, "takeover")).length > 0,

    async sweepSeats(performanceId, ordinals) {
      const outcome = await transact(db, async (trx) => {
        const lapsed = await store.lockLapsedOnSeats(trx, performanceId, ordinals);
        if (lapsed.length === 0) return { ok: true, ended: [] };
        const { now } = await store.lockSeats(trx, performanceId, ordinals, lapsed);
        return { ok: true, ended: await endLapsed(trx, lapsed, "takeover", now) };
      });
      announce(outcome.ended, "takeover");
    },

    async cancel(id, userId, ifVersions) {
      const outcome = await transact<CancelOutcome & { ended?: Ended[] }>(db, async (trx) => {
        const row = await store.lockReservation(trx, id, userId);
        if (!row) return { ok: false, reason: "NOT_FOUND" };
        if (ifVersions && !ifVersions.includes(row.version)) return { ok: false, reason: "VERSION_MISMATCH" };
        if (row.status === "PAYING") return { ok: false, reason: "PAYMENT_IN_PROGRESS" };
        if (row.status === "CANCELLED" || row.status === "EXPIRED") return { ok: true };
        if (row.status !== "HELD") return { ok: false, reason: "ALREADY_CONFIRMED" };
        const { now } = row;
        return {
          ok: true,
          ended: await store.endReservations(trx, [row], {
            from: "HELD",
            to: "CANCELLED",
            cause: "cancel",
            now,
          }),
        };
      });
      if (outcome.ok) for (const reservation of outcome.ended ?? []) announcements.changed(reservation);
      return outcome.ok ? { ok: true } : outcome;
    },

    async releaseHoldsOf(userId, performanceId, cause) {
      const outcome = await transact<LeaveOutcome & { ended?: Ended[] }>(db, async (trx) => {
        await fans.lockFan(trx, userId);
        const live = await store.lockLiveOfFan(trx, performanceId, userId);
        const held = live.filter(({ status }) => status === "HELD");
        if (cause === "left" && held.length < live.length)
          return { ok: false, reason: "PAYMENT_IN_PROGRESS" };
        const now = held[0]?.now;
        if (!now) return { ok: true };
        return {
          ok: true,
          ended: await store.endReservations(trx, held, {
            from: "HELD",
            to: "CANCELLED",
            cause,
            now,
          }),
        };
      });
      if (!outcome.ok) return { ok: false, reason: "PAYMENT_IN_PROGRESS" };
      if (outcome.ended) announcements.seatsChanged(performanceId);
      return { ok: true };
    },
  };
}
