/**
 * Giving a paid reservation back. The seats are free as soon as it begins; the money follows through the outbox,
 * the rows of `refunds`, which the reconciliation sends to the provider until it has said yes.
 */
import { v7 } from "uuid";
import type { ErrorCode } from "../platform/errors.ts";
import type { Transaction } from "../platform/postgres.ts";
import { transactClaiming } from "../platform/transact.ts";
import {
  type IdempotencyClaim,
  jsonReply,
  type ReservationView,
  type StoredReply,
} from "../reservations/index.ts";
import type { Parts } from "./parts.ts";

export interface RefundRequest {
  readonly userId: string;
  readonly reservationId: string;
  readonly claim: IdempotencyClaim;
}

type RefundRefusal = Extract<
  ErrorCode,
  "NOT_FOUND" | "NOT_REFUNDABLE" | "IDEMPOTENCY_IN_PROGRESS" | "IDEMPOTENCY_MISMATCH"
>;

export type RefundOutcome =
  | { readonly ok: true; readonly reply: StoredReply; readonly replayed: boolean }
  | { readonly ok: false; readonly reason: RefundRefusal };

export interface RefundReply {
  readonly id: string;
  readonly status: "pending" | "succeeded";
  readonly reservation: ReservationView;
}

export function createRefunds({ db, reservations, store }: Parts) {
  const { transitions, idempotency } = reservations;

  async function work({ userId, reservationId, claim }: RefundRequest): Promise<RefundOutcome> {
    const payable = await transitions.payable(reservationId);
    if (payable?.userId !== userId) return { ok: false, reason: "NOT_FOUND" };
    const begin = async (trx: Transaction): Promise<RefundOutcome> => {
      if ((await idempotency.find(trx, claim)).found !== "nothing")
        return { ok: false, reason: "IDEMPOTENCY_IN_PROGRESS" };
      const row = await transitions.lock(trx, payable);
      const begun = await transitions.beginRefund(trx, payable, row);
      if (!begun.ok) return begun;
      const kept = await store.keptPayment(trx, reservationId);
      const refund = {
        id: v7(),
        paymentId: kept?.id ?? "",
        reason: "fan",
        endsReservation: true,
        now: row.now,
      } as const;
      if (!kept || !(await store.insertRefund(trx, refund)))
        throw new Error(`reservation ${reservationId} is confirmed without a payment`);
      const body: RefundReply = {
        id: refund.id,
        status: "pending",
        reservation: await transitions.viewIn(trx, payable),
      };
      const reply = jsonReply(201, body);
      await idempotency.remember(trx, claim, reply);
      return { ok: true, reply, replayed: false };
    };
    const outcome = await transactClaiming<RefundOutcome>(db, claim.lock, begin).catch(async (fault) => {
      const kept = await transitions.answerAfterCut(payable, claim, fault);
      if (!kept) throw fault;
      return { ok: true, reply: kept, replayed: false } as const;
    });
    if (outcome.ok) transitions.announce(payable);
    return outcome;
  }

  return async (request: RefundRequest): Promise<RefundOutcome> => {
    const outcome = await idempotency.once(request.claim, db, () => work(request));
    return "replay" in outcome ? { ok: true, reply: outcome.replay, replayed: true } : outcome;
  };
}
