/**
 * What a payment does to its reservation. Each transition runs in the caller's transaction, after `lock`, and is
 * one conditional UPDATE that names the state and the version it leaves.
 *
 *   HELD → PAYING → CONFIRMED → REFUNDING → REFUNDED
 *          PAYING → HELD (declined in time) | EXPIRED (declined late)
 *   EXPIRED | CANCELLED → PAID_LATE → CONFIRMED (the same seats were all free, within the cap) | REFUNDING
 *
 * An undecided payment keeps its seats for as long as it is undecided: only the provider's word moves PAYING.
 */
import { v7 } from "uuid";
import { mayBeCommitted, type Transaction } from "../platform/postgres.ts";
import { transact } from "../platform/transact.ts";
import type { IdempotencyClaim, StoredReply } from "./idempotency.ts";
import type { Parts } from "./parts.ts";
import type { PerformanceFacts, SeatMap } from "./ports.ts";
import type { LockedReservation } from "./store.ts";
import { type ReservationView, viewOf } from "./views.ts";

/** A reservation with what its transitions need and no transaction may wait for. */
export interface Payable {
  readonly id: string;
  readonly userId: string;
  readonly ticketId: string;
  readonly performanceId: string;
  readonly ordinals: readonly number[];
  readonly facts: PerformanceFacts;
  readonly map: SeatMap;
}

export type BeginRefusal = "HOLD_EXPIRED" | "ALREADY_CONFIRMED" | "PAYMENT_IN_PROGRESS";

/** SURPLUS: the reservation has its money already or is being refunded, so this money must go back. */
export type MoneyOutcome = "CONFIRMED" | "REFUNDING" | "SURPLUS";

export interface PaymentTransitions {
  /** Reads what the others need; not for use inside a transaction. @returns null when there is no such reservation. */
  payable(reservationId: string): Promise<Payable | null>;
  /** Locks the fan and the reservation, in that order. */
  lock(trx: Transaction, payable: Payable): Promise<LockedReservation>;
  /** HELD → PAYING, with the extension if it is the first payment. */
  beginPayment(
    trx: Transaction,
    payable: Payable,
    row: LockedReservation,
  ): Promise<{ ok: true } | { ok: false; reason: BeginRefusal }>;
  /** The provider has the money. @param decided the payment had already ended as failed or cancelled. */
  moneyArrived(
    trx: Transaction,
    payable: Payable,
    row: LockedReservation,
    decided: boolean,
  ): Promise<MoneyOutcome>;
  /** The provider said no, or cancelled: PAYING → HELD in time, else EXPIRED. Any other state is left alone. */
  paymentDeclined(trx: Transaction, row: LockedReservation): Promise<void>;
  /** CONFIRMED → REFUNDING; the seats are free again. @param how `calledOff`: also late, and with used tickets. */
  beginRefund(
    trx: Transaction,
    payable: Payable,
    row: LockedReservation,
    how?: { calledOff: boolean },
  ): Promise<{ ok: true } | { ok: false; reason: "NOT_REFUNDABLE" }>;
  /** REFUNDING → REFUNDED. Any other state is left alone. */
  refunded(trx: Transaction, row: LockedReservation): Promise<void>;
  /** The owner's view, as this transaction sees it. */
  viewIn(trx: Transaction, payable: Payable): Promise<ReservationView>;
  /**
   * The answer that a transaction kept whose connection was cut, perhaps at COMMIT. Locking the fan waits until the server
   * has finished with it, either way. @returns null when there is none, or the fault was another.
   */
  answerAfterCut(payable: Payable, claim: IdempotencyClaim, fault: unknown): Promise<StoredReply | null>;
  /** Tells others after the commit. @param purchased it is paid, so the fan's session may end. */
  announce(payable: Payable, how?: { purchased: boolean }): void;
}

/** The first payment makes a hold last at least this long from its start, and no longer than the hold itself. */
const EXTENSION_SECONDS = 120;

export function createPaymentTransitions({
  db,
  fans,
  catalog,
  codeKey,
  store,
  idempotency,
  announcements,
  releases,
}: Parts): PaymentTransitions {
  const extensionOf = ({ facts }: Payable) => Math.min(facts.holdSeconds, EXTENSION_SECONDS);

  async function confirm(
    trx: Transaction,
    { id, ordinals }: Payable,
    leaving: { version: number; from: "PAYING" | "PAID_LATE"; now: Date },
  ): Promise<void> {
    const { version, from, now } = leaving;
    const cause = from === "PAYING" ? "payment" : "payment_late";
    const ticketIds = ordinals.map(() => v7());
    const confirmed = await store.confirm(trx, { id, version }, { from, cause, now, ticketIds });
    if (confirmed?.occupied !== ordinals.length) {
      throw new Error(
        `reservation ${id} was to be confirmed with ${ordinals.length} seats, ${confirmed?.occupied} were its own`,
      );
    }
  }

  /** The hold is over. Its seats are taken for it again if all are free; else the money goes back. */
  async function paidLate(trx: Transaction, payable: Payable, row: LockedReservation): Promise<MoneyOutcome> {
    const { id, performanceId, userId, ordinals, facts } = payable;
    const late = moved(
      await store.move(trx, row, { from: row.status, to: "PAID_LATE", cause: "payment_late", now: row.now }),
      id,
    );
    const { seats, now } = await store.lockSeats(trx, performanceId, ordinals, []);
    const owned = await store.countOwned(trx, performanceId, userId, now);
    if (seats.every(({ status }) => status === "AVAILABLE") && owned + seats.length <= facts.maxSeatsPerFan) {
      const { taken } = await store.retakeSeats(trx, id, performanceId, seats, now);
      if (taken !== ordinals.length)
        throw new Error(`reservation ${id} took ${taken} of its ${ordinals.length} locked seats again`);
      await confirm(trx, payable, { version: late.version, from: "PAID_LATE", now });
      return "CONFIRMED";
    }
    moved(
      await store.move(
        trx,
        { id, version: late.version },
        { from: "PAID_LATE", to: "REFUNDING", cause: "payment_late", now },
      ),
      id,
    );
    return "REFUNDING";
  }

  return {
    async payable(reservationId) {
      const record = await store.readById(db, reservationId, null);
      if (!record) return null;
      const { id, userId, ticketId, performanceId, status } = record;
      const [facts, map] = await Promise.all([catalog.facts(performanceId), catalog.seatMap(performanceId)]);
      if (!facts || !map) throw new Error(`performance ${performanceId} of reservation ${id} is gone`);
      const ordinals = record.seats.map(({ ordinal }) => ordinal);
      // A lapsed hold that nobody has ended yet must not stand in the way of late money.
      if (status === "EXPIRED" || status === "CANCELLED") await releases.sweepSeats(performanceId, ordinals);
      return { id, userId, ticketId, performanceId, ordinals, facts, map };
    },

    async lock(trx, { id, userId }) {
      await fans.lockFan(trx, userId);
      const row = await store.lockReservation(trx, id, userId);
      if (!row) throw new Error(`reservation ${id} is gone`);
      return row;
    },

    async beginPayment(trx, payable, row) {
      if (row.status === "PAYING") return { ok: false, reason: "PAYMENT_IN_PROGRESS" };
      if (row.status === "EXPIRED" || row.status === "CANCELLED")
        return { ok: false, reason: "HOLD_EXPIRED" };
      if (row.status !== "HELD") return { ok: false, reason: "ALREADY_CONFIRMED" };
      const begun = await store.beginPayment(trx, row, extensionOf(payable));
      return begun ? { ok: true } : { ok: false, reason: "HOLD_EXPIRED" };
    },

    async moneyArrived(trx, payable, row, decided) {
      const { status, version, now } = row;
      if (status === "PAYING" && !decided) {
        await confirm(trx, payable, { version, from: "PAYING", now });
        return "CONFIRMED";
      }
      if (status === "EXPIRED" || status === "CANCELLED") return paidLate(trx, payable, row);
      if (status !== "HELD") return "SURPLUS";
      // Declined, held again, and now the provider says it was paid after all.
      const begun = await store.beginPayment(trx, row, extensionOf(payable));
      if (begun) {
        await confirm(trx, payable, { version: begun.version, from: "PAYING", now });
        return "CONFIRMED";
      }
      await store.endReservations(trx, [row], { from: "HELD", to: "EXPIRED", cause: "takeover", now });
      return paidLate(trx, payable, { ...row, status: "EXPIRED", version: version + 1 });
    },

    async paymentDeclined(trx, row) {
      if (row.status !== "PAYING") return;
      const { now } = row;
      if (row.expiresAt > now) {
        moved(
          await store.move(trx, row, { from: "PAYING", to: "HELD", cause: "payment_declined", now }),
          row.id,
        );
      } else {
        const ended = await store.endReservations(trx, [row], {
          from: "PAYING",
          to: "EXPIRED",
          cause: "payment_declined",
          now,
        });
        if (ended.length !== 1) throw new Error(`reservation ${row.id} did not end`);
      }
    },

    async beginRefund(trx, { id, facts }, row, { calledOff } = { calledOff: false }) {
      if (row.status !== "CONFIRMED" || (row.now >= facts.startsAt && !calledOff))
        return { ok: false, reason: "NOT_REFUNDABLE" };
      const { issued, voided } = await store.voidTickets(trx, id, row.now, calledOff);
      if (issued !== voided) return { ok: false, reason: "NOT_REFUNDABLE" };
      const ended = await store.endReservations(trx, [row], {
        from: "CONFIRMED",
        to: "REFUNDING",
        cause: "refund",
        now: row.now,
      });
      if (ended.length !== 1) throw new Error(`reservation ${id} did not end`);
      return { ok: true };
    },

    async refunded(trx, row) {
      if (row.status !== "REFUNDING") return;
      moved(
        await store.move(trx, row, { from: "REFUNDING", to: "REFUNDED", cause: "refund", now: row.now }),
        row.id,
      );
    },

    async viewIn(trx, { id, map }) {
      const record = await store.readById(trx, id, null);
      if (!record) throw new Error(`reservation ${id} is gone`);
      return viewOf(record, map, codeKey);
    },

    async answerAfterCut({ userId }, claim, fault) {
      if (!mayBeCommitted(fault)) return null;
      const known = await transact(db, async (trx) => {
        await fans.lockFan(trx, userId);
        return { ok: true, remembered: await idempotency.find(trx, claim) };
      }).catch(() => null);
      return known?.remembered.found === "reply" ? known.remembered.reply : null;
    },

    announce: (payable, how) => announcements.changed(payable, how),
  };
}

/** The row is locked, so a transition that finds it elsewhere is a fault of ours. */
function moved(made: { version: number } | undefined, id: string): { version: number } {
  if (!made) throw new Error(`reservation ${id} is not where its lock found it`);
  return made;
}
