/** The statements of the payments room, typed. */
import { fileURLToPath } from "node:url";
import type { Queryable, Transaction } from "../platform/postgres.ts";
import { loadStatements, type StatementOptions } from "../platform/statements.ts";
import type { CancellationView } from "./cancellations.ts";
import type { Charge, PaymentMethod } from "./provider.ts";

export type PaymentStatus = "pending" | "succeeded" | "failed" | "cancelled";
export type RefundReason = "fan" | "late_payment" | "performance_cancelled";

export interface PaymentRow {
  readonly id: string;
  readonly reservationId: string;
  readonly userId: string;
  readonly provider: string;
  readonly providerId: string | null;
  readonly method: PaymentMethod;
  readonly amount: number;
  readonly currency: string;
  readonly status: PaymentStatus;
  readonly bodyHash: Buffer;
  readonly startedAt: Date;
  readonly settledAt: Date | null;
  readonly refund: {
    readonly id: string;
    readonly status: "pending" | "succeeded";
    readonly amount: number;
    readonly reason: RefundReason;
  } | null;
}

/** A payment as operators see it. */
export interface ListedPayment {
  readonly id: string;
  readonly reservationId: string;
  readonly performanceId: string;
  readonly userId: string;
  readonly provider: string;
  /** Its number there. */
  readonly providerReference: string | null;
  readonly amount: number;
  readonly currency: string;
  readonly status: PaymentStatus;
  readonly reservationStatus: string;
  readonly startedAt: Date;
  readonly settledAt: Date | null;
  /** How often the provider was asked about it. */
  readonly checks: number;
  readonly refund: {
    readonly id: string;
    readonly status: "pending" | "succeeded";
    readonly amount: number;
    readonly reason: RefundReason;
    /** How often it was sent to the provider. */
    readonly attempts: number;
  } | null;
}

/** `undecided`: the provider has not decided; `late`: it came when the hold was over; `refunding`: on its way back. */
export type PaymentFilter = "undecided" | "late" | "refunding";

export interface NewPayment {
  readonly id: string;
  readonly reservationId: string;
  readonly userId: string;
  readonly method: PaymentMethod;
  readonly amount: number;
  readonly currency: string;
  readonly key: string;
  readonly bodyHash: Buffer;
  readonly now: Date;
  readonly firstCheckSeconds: number;
}

export interface DueRefund extends Charge {
  readonly refundId: string;
  readonly attempts: number;
  readonly reservationId: string;
  readonly provider: string;
}

/** How often a question is asked again: the first wait doubles up to the longest. */
export interface Backoff {
  readonly shortestSeconds: number;
  readonly longestSeconds: number;
}

export function chargeOf({ id, providerId, amount, currency, method }: PaymentRow): Charge {
  return { paymentId: id, providerId, amount, currency, method };
}

export type Store = ReturnType<typeof createStore>;

export function createStore(options?: StatementOptions) {
  const run = loadStatements(fileURLToPath(new URL("./sql", import.meta.url)), options);
  const one = async <Row>(on: Queryable, name: string, bindings: Record<string, unknown>): Promise<Row> =>
    (await run<Row>(on, name, bindings))[0] as Row;
  const happened = async (on: Queryable, name: string, bindings: Record<string, unknown>): Promise<boolean> =>
    (await run(on, name, bindings)).length === 1;

  return {
    read: (on: Queryable, id: string) => one<PaymentRow | undefined>(on, "read-payment", { id }),
    findByKey: (trx: Transaction, userId: string, reservationId: string, key: string) =>
      one<PaymentRow | undefined>(trx, "find-payment-by-key", { userId, reservationId, key }),
    insert: (trx: Transaction, payment: NewPayment) =>
      run(trx, "insert-payment", {
        ...payment,
        provider: payment.method.type,
        method: JSON.stringify(payment.method),
      }),
    settle: (
      trx: Transaction,
      id: string,
      change: { from: PaymentStatus; to: PaymentStatus; now: Date; providerId: string | null },
    ) => happened(trx, "settle-payment", { id, ...change }),
    noteProviderId: (trx: Transaction, id: string, providerId: string) =>
      run(trx, "note-provider-id", { id, providerId }),

    /** @returns false for an event that was here before. */
    recordEvent: (
      trx: Transaction,
      event: { provider: string; eventId: string; type: string; paymentId: string | null },
    ) => happened(trx, "record-event", event),

    keptPayment: (trx: Transaction, reservationId: string) =>
      one<{ id: string; amount: number } | undefined>(trx, "kept-payment", { reservationId }),
    insertRefund: (
      trx: Transaction,
      refund: { id: string; paymentId: string; reason: RefundReason; endsReservation: boolean; now: Date },
    ) => happened(trx, "insert-refund", refund),
    /** @returns undefined when there is no refund of this payment, or it is settled already. */
    settleRefund: (trx: Transaction, paymentId: string, now: Date, providerId: string | null) =>
      one<{ id: string; endsReservation: boolean } | undefined>(trx, "settle-refund", {
        paymentId,
        now,
        providerId,
      }),

    /** @returns false when it was there before. */
    insertCancellation: (trx: Transaction, request: { performanceId: string; reason: string; by: string }) =>
      happened(trx, "insert-cancellation", request),
    openCancellations: (on: Queryable) =>
      run<{ performanceId: string; reason: string }>(on, "open-cancellations", {}),
    /** @returns false when it was finished before. */
    finishCancellation: (on: Queryable, performanceId: string) =>
      happened(on, "finish-cancellation", { performanceId }),
    readCancellation: (on: Queryable, performanceId: string) =>
      one<CancellationView | undefined>(on, "read-cancellation", { performanceId }),

    list: (on: Queryable, page: { status: PaymentFilter | null; before: string | null; limit: number }) =>
      run<ListedPayment>(on, "list-payments", { ...page }),

    /** @param undecidedSeconds the age at which each is asked about, whatever its turn. */
    claimDuePayments: (on: Queryable, limit: number, backoff: Backoff, undecidedSeconds: number) =>
      run<PaymentRow & { ageSeconds: number }>(on, "claim-due-payments", {
        limit,
        ...backoff,
        undecidedSeconds,
      }),
    claimDueRefunds: (on: Queryable, limit: number, backoff: Backoff) =>
      run<DueRefund>(on, "claim-due-refunds", { limit, ...backoff }),
  };
}
