/**
 * Calling a performance off: nothing more is sold, every hold ends, everybody has their money back.
 *
 * The request is a row, and everything after it follows from rows, so any number of workers may work it off, die and
 * be replaced. Each round takes free seats off sale, ends holds and begins refunds, a batch at a time; what is being
 * paid for just now waits for the provider's word and is found by a later round. When every seat is BLOCKED it is
 * over for good: money that comes later finds no seat, and goes back by itself.
 */
import { v7 } from "uuid";
import type { Transaction } from "../platform/postgres.ts";
import { transact } from "../platform/transact.ts";
import type { Parts } from "./parts.ts";

export interface CancellationView {
  readonly performanceId: string;
  readonly reason: string;
  readonly requestedAt: Date;
  /** Null while there is something left to do. */
  readonly finishedAt: Date | null;
  /** Payments whose outcome is not known yet. */
  readonly undecided: number;
  /** Paid, and the refund has not begun. */
  readonly toRefund: number;
  readonly refunding: number;
  readonly refunded: number;
}

export interface Cancellations {
  /** In the caller's transaction. @returns false when it was called off before; the first reason stands. */
  request(trx: Transaction, performanceId: string, reason: string, by: string): Promise<boolean>;
  /** @returns null when it was never called off. */
  progress(performanceId: string): Promise<CancellationView | null>;
  /** One round over everything that was called off. @returns whether more can be done at once. */
  workOff(limit: number): Promise<boolean>;
}

const SEATS_A_BATCH = 1_000;

export function createCancellations({ db, log, reservations, store }: Parts): Cancellations {
  const { transitions } = reservations;

  /** As a fan's refund, whatever the hour and whether or not a ticket was used. */
  async function payBack(reservationId: string): Promise<void> {
    const payable = await transitions.payable(reservationId);
    if (!payable) throw new Error(`reservation ${reservationId} is gone`);
    const { begun } = await transact(db, async (trx) => {
      const row = await transitions.lock(trx, payable);
      const outcome = await transitions.beginRefund(trx, payable, row, { calledOff: true });
      if (!outcome.ok) return { ok: true, begun: false };
      const kept = await store.keptPayment(trx, reservationId);
      const refund = { reason: "performance_cancelled", endsReservation: true, now: row.now } as const;
      if (!kept || !(await store.insertRefund(trx, { id: v7(), paymentId: kept.id, ...refund })))
        throw new Error(`reservation ${reservationId} is confirmed without a payment`);
      return { ok: true, begun: true };
    });
    if (begun) transitions.announce(payable);
  }

  async function workOffOne(performanceId: string, reason: string, limit: number): Promise<boolean> {
    const blocked = await reservations.blockFreeSeats(performanceId, reason, SEATS_A_BATCH);
    const live = await reservations.liveReservations(performanceId, limit);
    let ended = 0;
    for (const { id, status } of live) {
      try {
        if (status === "CONFIRMED") await payBack(id);
        else await reservations.cancel(id, null, null);
        ended += 1;
      } catch (fault) {
        // One that fails must not keep the others waiting; it is among those of the next round.
        log.warn("called off, and not ended", { reservationId: id, fault });
      }
    }
    if (live.length > 0 || blocked > 0) return ended > 0 || blocked > 0;
    if ((await reservations.sellableSeats(performanceId)) > 0) return false;
    if (await store.finishCancellation(db, performanceId))
      log.info("performance called off", { performanceId });
    return false;
  }

  return {
    request: (trx, performanceId, reason, by) => store.insertCancellation(trx, { performanceId, reason, by }),
    progress: async (performanceId) => (await store.readCancellation(db, performanceId)) ?? null,
    async workOff(limit) {
      let more = false;
      for (const { performanceId, reason } of await store.openCancellations(db))
        more = (await workOffOne(performanceId, reason, limit)) || more;
      return more;
    },
  };
}
