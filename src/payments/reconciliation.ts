/**
 * Asks the provider about everything undecided, and sends what is to be paid back.
 *
 * A payment undecided for too long is cancelled at the provider, and so is one that never arrived there, once our
 * call can't be under way any more. Whatever the provider then says is settled; we never decide for it. Claiming a
 * row puts its next turn off, so any number of workers may do this at once.
 */
import type { Parts } from "./parts.ts";
import type { ChargeAnswer, PaymentProvider } from "./provider.ts";
import type { Settlement } from "./settlement.ts";
import { chargeOf, type DueRefund, type PaymentRow } from "./store.ts";

export interface Reconciliation {
  /** One round over what is due. @returns how many payments and refunds it looked at. */
  reconcile(limit: number): Promise<number>;
}

/** Asked about side by side; each takes a connection only for as long as its word is taken in. */
const AT_ONCE = 5;
const REFUND_BACKOFF = { shortestSeconds: 1, longestSeconds: 300 };

export function createReconciliation(parts: Parts, settlement: Settlement): Reconciliation {
  const { db, log, reservations, store, timing, providerOf, call } = parts;
  const { transitions } = reservations;

  async function ask(
    provider: PaymentProvider,
    payment: PaymentRow,
    ageSeconds: number,
  ): Promise<ChargeAnswer> {
    const charge = chargeOf(payment);
    const answer = await call((signal) => provider.query(charge, signal));
    const neverArrived = answer.status === "unknown" && ageSeconds * 1_000 > 2 * timing.callTimeoutMs;
    const tooLong = answer.status === "pending" && ageSeconds >= timing.undecidedSeconds;
    if (neverArrived || tooLong) return call((signal) => provider.cancel(charge, signal));
    return answer.status === "unknown" ? { status: "pending", providerId: null } : answer;
  }

  async function check(payment: PaymentRow & { ageSeconds: number }): Promise<void> {
    const provider = providerOf(payment.provider);
    if (!provider) throw new Error(`there is no provider ${payment.provider} any more`);
    const answer = await ask(provider, payment, payment.ageSeconds);
    if (answer.status === "pending" && answer.providerId === payment.providerId) return;
    const payable = await transitions.payable(payment.reservationId);
    if (!payable) throw new Error(`reservation ${payment.reservationId} is gone`);
    await settlement.charge(payable, payment.id, answer);
  }

  async function payBack({
    refundId,
    reservationId,
    provider: name,
    attempts,
    ...charge
  }: DueRefund): Promise<void> {
    const provider = providerOf(name);
    if (!provider) throw new Error(`there is no provider ${name} any more`);
    const answer = await call((signal) => provider.refund({ refundId, charge }, signal));
    if (answer.status === "pending") return;
    const payable = await transitions.payable(reservationId);
    if (!payable) throw new Error(`reservation ${reservationId} is gone`);
    await settlement.refund(payable, charge.paymentId, answer.providerId);
  }

  /** One that fails or hangs must not keep the others waiting; its turn comes again. */
  async function each<T>(
    what: string,
    items: readonly T[],
    idOf: (item: T) => string,
    work: (item: T) => Promise<void>,
  ): Promise<void> {
    const waiting = items.values();
    const workThrough = async () => {
      for (const item of waiting)
        await work(item).catch((fault) => log.warn("reconciliation", { what, id: idOf(item), fault }));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, workThrough));
  }

  return {
    async reconcile(limit) {
      const backoff = {
        shortestSeconds: timing.firstCheckSeconds,
        longestSeconds: timing.longestCheckSeconds,
      };
      const payments = await store.claimDuePayments(db, limit, backoff, timing.undecidedSeconds);
      await each("payment", payments, ({ id }) => id, check);
      const refunds = await store.claimDueRefunds(db, limit, REFUND_BACKOFF);
      await each("refund", refunds, ({ refundId }) => refundId, payBack);
      return payments.length + refunds.length;
    },
  };
}
