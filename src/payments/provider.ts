/**
 * The port to whoever takes the money. A provider is told our payment's id as its reference, and everything it is
 * asked is idempotent by that id, so a question whose answer was lost can simply be asked again.
 *
 * It knows nothing of reservations, and it is never called inside a transaction.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { ObjectSchema } from "joi";

/** What the client gave to pay with, as the provider's own schema checked it. */
export interface PaymentMethod {
  /** Names the provider. */
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface Charge {
  readonly paymentId: string;
  /** The provider's own id, when an earlier answer told it. */
  readonly providerId: string | null;
  /** In the currency's minor unit. */
  readonly amount: number;
  readonly currency: string;
  readonly method: PaymentMethod;
}

/** `pending`: the provider has it and will decide. */
export type ChargeStatus = "succeeded" | "failed" | "cancelled" | "pending";

export interface ChargeAnswer {
  readonly status: ChargeStatus;
  readonly providerId: string | null;
}

export interface Refund {
  readonly refundId: string;
  readonly charge: Charge;
}

export interface RefundAnswer {
  /** `pending`: accepted; ask again or wait for the webhook. */
  readonly status: "succeeded" | "pending";
  readonly providerId: string | null;
}

export interface WebhookEvent {
  /** Unique at the provider; the same event may come many times. */
  readonly id: string;
  readonly type: string;
  /** Null when the event is not about a payment of ours. */
  readonly paymentId: string | null;
}

export type WebhookCheck =
  | { readonly ok: true; readonly event: WebhookEvent }
  | {
      readonly ok: false;
      readonly reason: "WEBHOOK_SIGNATURE_INVALID" | "WEBHOOK_STALE" | "MALFORMED_JSON" | "VALIDATION_FAILED";
    };

export interface PaymentProvider {
  /** Stands in `method.type` and in the path of its webhooks. */
  readonly name: string;
  readonly methodSchema: ObjectSchema;
  /** @throws when no answer came; then the charge may or may not have been made. */
  charge(charge: Charge, signal: AbortSignal): Promise<ChargeAnswer>;
  /** `unknown`: the charge never arrived there. @throws when no answer came. */
  query(charge: Charge, signal: AbortSignal): Promise<ChargeAnswer | { readonly status: "unknown" }>;
  /**
   * Makes sure that it will never succeed, also when it has not arrived yet, unless it already has.
   * @returns what it is now: `cancelled`, or what it had become before. @throws when no answer came.
   */
  cancel(charge: Charge, signal: AbortSignal): Promise<ChargeAnswer>;
  /** Gives the whole amount back. @throws when no answer came. */
  refund(refund: Refund, signal: AbortSignal): Promise<RefundAnswer>;
  /** Judges a webhook by the exact bytes of its body. */
  verifyWebhook(headers: IncomingHttpHeaders, rawBody: Buffer): WebhookCheck;
}
