/**
 * A provider's word becomes the state of the payment and of its reservation, in one transaction.
 *
 * The word may come as the answer to our call, by webhook, or as the answer to the reconciliation's question, in
 * any order and any number of times. All three end here, and only the first one that says something new changes
 * anything. Locks: fan, reservation, payment, seats; a payment is only ever changed under its reservation's lock.
 */
import { v7 } from "uuid";
import type { Transaction } from "../platform/postgres.ts";
import { transact } from "../platform/transact.ts";
import type { LockedReservation, Payable, ReservationView } from "../reservations/index.ts";
import type { Parts } from "./parts.ts";
import type { ChargeAnswer } from "./provider.ts";
import type { PaymentRow } from "./store.ts";

/** What stands in the database once the word was taken in. */
export interface Settled {
  readonly payment: PaymentRow;
  readonly reservation: ReservationView;
}

export interface WebhookOrigin {
  readonly provider: string;
  readonly eventId: string;
  readonly type: string;
  readonly paymentId: string;
}

export interface Settlement {
  /** @param also runs in the same transaction, when the word was taken in. */
  charge(
    payable: Payable,
    paymentId: string,
    answer: ChargeAnswer,
    also?: (trx: Transaction, settled: Settled) => Promise<void>,
  ): Promise<Settled>;
  /** The refund has reached the payer. @param origin absent when the provider answered our own call. */
  refund(
    payable: Payable,
    paymentId: string,
    providerId: string | null,
    origin?: WebhookOrigin,
  ): Promise<{ duplicate: boolean }>;
  /** As `charge`, for a webhook: the event is recorded in the same transaction, and a known one changes nothing. */
  chargeByWebhook(
    payable: Payable,
    answer: ChargeAnswer,
    origin: WebhookOrigin,
  ): Promise<{ duplicate: boolean }>;
}

type Effect = { readonly outcome: string; readonly purchased: boolean } | null;

export function createSettlement({ db, log, metrics, reservations, store }: Parts): Settlement {
  const { transitions } = reservations;

  async function takeIn(
    trx: Transaction,
    payable: Payable,
    row: LockedReservation,
    paymentId: string,
    answer: ChargeAnswer,
  ): Promise<Effect> {
    const payment = await store.read(trx, paymentId);
    if (!payment) throw new Error(`payment ${paymentId} is gone`);
    const { status: to, providerId } = answer;
    const { status: from } = payment;
    if (to === "pending") {
      if (providerId !== null && payment.providerId === null)
        await store.noteProviderId(trx, paymentId, providerId);
      return null;
    }
    // What is decided stays decided, but for money: that is never turned away by an earlier no.
    if (from === "succeeded" || (from !== "pending" && to !== "succeeded")) return null;
    if (!(await store.settle(trx, paymentId, { from, to, now: row.now, providerId })))
      throw new Error(`payment ${paymentId} is not where its lock found it`);
    if (to !== "succeeded") {
      await transitions.paymentDeclined(trx, row);
      return { outcome: to === "failed" ? "declined" : "cancelled", purchased: false };
    }
    return moneyArrived(trx, payable, row, payment);
  }

  async function moneyArrived(
    trx: Transaction,
    payable: Payable,
    row: LockedReservation,
    payment: PaymentRow,
  ): Promise<Effect> {
    const late = payment.status !== "pending";
    const made = await transitions.moneyArrived(trx, payable, row, late);
    if (made === "CONFIRMED") return { outcome: late ? "late_confirmed" : "succeeded", purchased: true };
    const refund = {
      id: v7(),
      paymentId: payment.id,
      reason: "late_payment",
      endsReservation: made === "REFUNDING",
      now: row.now,
    } as const;
    if (!(await store.insertRefund(trx, refund)))
      throw new Error(`payment ${payment.id} could not be put down for its refund`);
    log.warn("late money goes back", { paymentId: payment.id, reservationId: payable.id, was: row.status });
    return { outcome: "late_refunded", purchased: false };
  }

  function announce(payable: Payable, effect: Effect): void {
    if (!effect) return;
    metrics.outcomes.inc({ outcome: effect.outcome });
    transitions.announce(payable, effect);
  }

  return {
    async charge(payable, paymentId, answer, also) {
      const { effect, settled } = await transact(db, async (trx) => {
        const row = await transitions.lock(trx, payable);
        const effect = await takeIn(trx, payable, row, paymentId, answer);
        const payment = (await store.read(trx, paymentId)) as PaymentRow;
        const settled = { payment, reservation: await transitions.viewIn(trx, payable) };
        await also?.(trx, settled);
        return { ok: true, effect, settled };
      });
      announce(payable, effect);
      return settled;
    },

    async chargeByWebhook(payable, answer, origin) {
      const { effect, duplicate } = await transact(db, async (trx) => {
        if (!(await store.recordEvent(trx, origin))) return { ok: true, effect: null, duplicate: true };
        const row = await transitions.lock(trx, payable);
        return {
          ok: true,
          effect: await takeIn(trx, payable, row, origin.paymentId, answer),
          duplicate: false,
        };
      });
      announce(payable, effect);
      return { duplicate };
    },

    async refund(payable, paymentId, providerId, origin) {
      const { done, duplicate } = await transact(db, async (trx) => {
        if (origin && !(await store.recordEvent(trx, origin)))
          return { ok: true, done: false, duplicate: true };
        const row = await transitions.lock(trx, payable);
        const settled = await store.settleRefund(trx, paymentId, row.now, providerId);
        if (settled?.endsReservation) await transitions.refunded(trx, row);
        return { ok: true, done: settled !== undefined, duplicate: false };
      });
      if (done) metrics.outcomes.inc({ outcome: "refunded" });
      return { duplicate };
    },
  };
}
