/** What operators do to seats: they are made with their performance, and blocked and unblocked all or nothing. */
import type { Transaction } from "../platform/postgres.ts";
import { transact } from "../platform/transact.ts";
import type { Parts } from "./parts.ts";
import type { SeatStatus } from "./seat-status.ts";
import type { SeatActivity } from "./store.ts";

export type BlockOutcome =
  | {
      readonly ok: true /** The seats that were in the other state until now. */;
      readonly changed: readonly number[];
    }
  /** Nothing was changed; these are HELD or OCCUPIED. */
  | {
      readonly ok: false;
      readonly reason: "SEATS_IN_USE";
      readonly seats: readonly { readonly ordinal: number; readonly state: SeatStatus }[];
    };

export interface OperatorSeats {
  /** In the transaction that makes the performance and its seats. */
  createSeatStates(trx: Transaction, performanceId: string, seatCount: number): Promise<void>;
  /** Refused with the list when a seat is HELD or OCCUPIED. Seats already blocked stay so. */
  blockSeats(
    trx: Transaction,
    performanceId: string,
    ordinals: readonly number[],
    reason: string,
  ): Promise<BlockOutcome>;
  unblockSeats(
    trx: Transaction,
    performanceId: string,
    ordinals: readonly number[],
    reason: string,
  ): Promise<BlockOutcome>;
  activity(performanceId: string): Promise<SeatActivity>;
  /** Blocks at most `limit` seats that are free, for a performance that is called off. @returns how many. */
  blockFreeSeats(performanceId: string, reason: string, limit: number): Promise<number>;
  /** Seats that are not BLOCKED. */
  sellableSeats(performanceId: string): Promise<number>;
  /** At most `limit` of those HELD or CONFIRMED. */
  liveReservations(
    performanceId: string,
    limit: number,
  ): Promise<{ readonly id: string; readonly status: "HELD" | "CONFIRMED" }[]>;
}

export function createOperatorSeats({ db, store, releases, announcements }: Parts): OperatorSeats {
  async function change(
    trx: Transaction,
    performanceId: string,
    ordinals: readonly number[],
    to: { from: SeatStatus; to: SeatStatus; cause: "block" | "unblock"; reason: string },
  ): Promise<BlockOutcome> {
    const lapsed = await store.lockLapsedOnSeats(trx, performanceId, ordinals);
    const { seats, now } = await store.lockSeats(trx, performanceId, ordinals, lapsed);
    const ended = await store.endReservations(trx, lapsed, {
      from: "HELD",
      to: "EXPIRED",
      cause: "takeover",
      now,
      onlyLapsed: true,
    });
    const freed = new Set(ended.flatMap((one) => one.freed).map(({ ordinal }) => ordinal));
    const inUse = seats.filter(
      ({ ordinal, status }) =>
        ordinals.includes(ordinal) && (status === "HELD" || status === "OCCUPIED") && !freed.has(ordinal),
    );
    if (inUse.length > 0) {
      return {
        ok: false,
        reason: "SEATS_IN_USE",
        seats: inUse.map(({ ordinal, status }) => ({ ordinal, state: status })),
      };
    }
    const changed = await store.setSeatsBlocked(trx, performanceId, { ordinals, now, ...to });
    await store.notifySeats(trx, performanceId);
    // The transaction is the caller's, who may still undo it.
    void trx.executionPromise.then(
      () => releases.announce(ended, "takeover"),
      () => undefined,
    );
    return { ok: true, changed };
  }

  return {
    activity: (performanceId) => store.activity(db, performanceId),
    async blockFreeSeats(performanceId, reason, limit) {
      const { blocked } = await transact(db, async (trx) => ({
        ok: true,
        blocked: await store.blockFreeSeats(trx, performanceId, reason, limit),
      }));
      if (blocked > 0) announcements.seatsChanged(performanceId);
      return blocked;
    },
    sellableSeats: (performanceId) => store.countSellable(db, performanceId),
    liveReservations: (performanceId, limit) => store.liveOfPerformance(db, performanceId, limit),
    async createSeatStates(trx, performanceId, seatCount) {
      await store.createSeatStates(trx, performanceId, seatCount);
    },
    blockSeats: (trx, performanceId, ordinals, reason) =>
      change(trx, performanceId, ordinals, { from: "AVAILABLE", to: "BLOCKED", cause: "block", reason }),
    unblockSeats: (trx, performanceId, ordinals, reason) =>
      change(trx, performanceId, ordinals, { from: "BLOCKED", to: "AVAILABLE", cause: "unblock", reason }),
  };
}
