/**
 * Paying for a reservation.
 *
 * First the claim, in one transaction: the reservation becomes PAYING and the payment's row is written, under the
 * request's key. Then the provider is called, outside of any transaction. Then its answer is settled together
 * with what the client is told. If we die in between, or the answer is lost, the row stays pending, the seats stay
 * kept, and the reconciliation finds out; the client's retry with the same key is answered from the row.
 */
import { v7 } from "uuid";
import { type ErrorCode, Problem } from "../platform/errors.ts";
import type { Transaction } from "../platform/postgres.ts";
import { transactClaiming } from "../platform/transact.ts";
import {
  type IdempotencyClaim,
  jsonReply,
  type Payable,
  type ReservationView,
  type StoredReply,
} from "../reservations/index.ts";
import type { Parts } from "./parts.ts";
import type { ChargeAnswer, PaymentMethod, PaymentProvider } from "./provider.ts";
import type { Settled, Settlement } from "./settlement.ts";
import { chargeOf, type PaymentRow } from "./store.ts";

export interface PayRequest {
  readonly userId: string;
  readonly reservationId: string;
  readonly method: PaymentMethod;
  readonly claim: IdempotencyClaim;
  /** For the problem document of a declined payment. */
  readonly instance: string;
  readonly requestId: string;
}

export type PayRefusal = Extract<
  ErrorCode,
  | "NOT_FOUND"
  | "HOLD_EXPIRED"
  | "ALREADY_CONFIRMED"
  | "PAYMENT_IN_PROGRESS"
  | "IDEMPOTENCY_IN_PROGRESS"
  | "IDEMPOTENCY_MISMATCH"
>;

export type PayOutcome =
  | { readonly ok: true; readonly reply: StoredReply; readonly replayed: boolean }
  | { readonly ok: false; readonly reason: PayRefusal };

type Begun =
  | { readonly ok: true; readonly payment: PaymentRow; readonly earlier: boolean; readonly now: Date }
  | { readonly ok: false; readonly reason: PayRefusal };

const UNDECIDED: ChargeAnswer = { status: "pending", providerId: null };
/** When a client that was told "pending" may look again. */
const RETRY_AFTER_SECONDS = 2;

export function createPay(parts: Parts, settlement: Settlement) {
  const { db, log, metrics, reservations, store, timing } = parts;
  const { transitions, idempotency } = reservations;

  async function begin(payable: Payable, { claim, method }: PayRequest): Promise<Begun> {
    return transactClaiming<Begun>(db, claim.lock, async (trx) => {
      const row = await transitions.lock(trx, payable);
      // Asked under the fan's lock: the first request may have been settled, and answered, while this one waited for it.
      if ((await idempotency.find(trx, claim)).found !== "nothing")
        return { ok: false, reason: "IDEMPOTENCY_IN_PROGRESS" };
      const { id: reservationId, userId, totalAmount: amount, currency, now } = row;
      const earlier = await store.findByKey(trx, userId, reservationId, claim.key);
      if (earlier) return { ok: true, payment: earlier, earlier: true, now };
      const begun = await transitions.beginPayment(trx, payable, row);
      if (!begun.ok) return begun;
      const { key, bodyHash } = claim;
      const { firstCheckSeconds } = timing;
      const payment = {
        id: v7(),
        reservationId,
        userId,
        method,
        amount,
        currency,
        key,
        bodyHash,
        now,
        firstCheckSeconds,
      };
      await store.insert(trx, payment);
      const fresh = {
        provider: method.type,
        providerId: null,
        status: "pending",
        startedAt: now,
        settledAt: null,
        refund: null,
      } as const;
      return { ok: true, payment: { ...payment, ...fresh }, earlier: false, now };
    });
  }

  async function charge(provider: PaymentProvider, payment: PaymentRow): Promise<ChargeAnswer> {
    try {
      return await parts.call((signal) => provider.charge(chargeOf(payment), signal));
    } catch (fault) {
      log.warn("the provider's answer did not come", {
        paymentId: payment.id,
        provider: provider.name,
        fault,
      });
      return UNDECIDED;
    }
  }

  /** A request with this key has been here, and its answer was lost: the row knows what became of it. */
  function resume(payment: PaymentRow, { claim }: PayRequest, now: Date): PayRefusal | null {
    if (!claim.bodyHash.equals(payment.bodyHash)) return "IDEMPOTENCY_MISMATCH";
    const mayStillRun = now.getTime() - payment.startedAt.getTime() < timing.callTimeoutMs + 1_000;
    return payment.status === "pending" && mayStillRun ? "IDEMPOTENCY_IN_PROGRESS" : null;
  }

  async function work(request: PayRequest): Promise<PayOutcome> {
    const provider = parts.providerOf(request.method.type);
    const payable = await transitions.payable(request.reservationId);
    if (!provider || payable?.userId !== request.userId) return { ok: false, reason: "NOT_FOUND" };
    const begun = await begin(payable, request);
    if (!begun.ok) {
      if (begun.reason === "HOLD_EXPIRED") await reservations.expireAlone(payable.id);
      return begun;
    }
    const { payment, earlier, now } = begun;
    const refusal = earlier ? resume(payment, request, now) : null;
    if (refusal) return { ok: false, reason: refusal };
    if (!earlier) transitions.announce(payable);
    const answer = earlier ? UNDECIDED : await charge(provider, payment);
    return settle(payable, payment, answer, request, earlier);
  }

  async function settle(
    payable: Payable,
    { id }: PaymentRow,
    answer: ChargeAnswer,
    request: PayRequest,
    earlier: boolean,
  ): Promise<PayOutcome> {
    const { claim } = request;
    let reply: StoredReply | undefined;
    let replayed = false;
    /** While we waited for the provider a retry may have been answered; then the key has that answer. */
    const remember = async (trx: Transaction, settled: Settled) => {
      reply = replyOf(settled, request);
      if (await idempotency.remember(trx, claim, reply)) return;
      const known = await idempotency.find(trx, claim);
      if (known.found !== "reply") return;
      reply = known.reply;
      replayed = true;
    };
    try {
      const settled = await settlement.charge(payable, id, answer, remember);
      if (settled.payment.status === "pending" && !earlier) metrics.outcomes.inc({ outcome: "pending" });
      return { ok: true, reply: reply ?? replyOf(settled, request), replayed };
    } catch (fault) {
      const kept = await transitions.answerAfterCut(payable, claim, fault);
      if (!kept) throw fault;
      transitions.announce(payable, { purchased: kept.status === 201 });
      return { ok: true, reply: kept, replayed: false };
    }
  }

  return async (request: PayRequest): Promise<PayOutcome> => {
    const outcome = await idempotency.once(request.claim, db, () => work(request));
    return "replay" in outcome ? { ok: true, reply: outcome.replay, replayed: true } : outcome;
  };
}

export interface PaymentReply {
  readonly id: string;
  readonly status: PaymentRow["status"];
  readonly reservation: ReservationView;
}

function replyOf({ payment, reservation }: Settled, { instance, requestId }: PayRequest): StoredReply {
  const { id, status } = payment;
  const body: PaymentReply = { id, status, reservation };
  const Location = `/api/v1/payments/${id}`;
  const problem = (refusal: Problem, headers: Record<string, string> = {}) =>
    jsonReply(refusal.status, refusal.toJSON(instance, requestId), {
      "Content-Type": "application/problem+json; charset=utf-8",
      ...headers,
    });
  if (status === "pending")
    return jsonReply(202, body, { Location, "Retry-After": String(RETRY_AFTER_SECONDS) });
  if (status !== "succeeded") return problem(new Problem("PAYMENT_DECLINED"));
  if (payment.refund?.reason === "late_payment") return problem(cameTooLate(reservation), { Location });
  return jsonReply(201, body, { Location });
}

/** The card was charged, and what it was to pay for is gone or paid: no success, and the fan must hear of the money. */
function cameTooLate({ status }: ReservationView): Problem {
  const detail = "The money came too late for this reservation; all of it goes back.";
  if (status === "CONFIRMED") return new Problem("ALREADY_CONFIRMED", { detail });
  return new Problem(status === "PAYING" ? "PAYMENT_IN_PROGRESS" : "HOLD_EXPIRED", { detail });
}
