/** Stripe's webhooks: verified by its own library, told in our words. */
import type Stripe from "stripe";
import type { WebhookCheck } from "../provider.ts";
import { TOLERANCE_SECONDS } from "../webhook-signature.ts";

/** What Stripe's events mean to us; any other is written down and changes nothing. */
const MEANINGS: Readonly<Record<string, string>> = {
  "payment_intent.succeeded": "payment.succeeded",
  "payment_intent.payment_failed": "payment.failed",
  "payment_intent.canceled": "payment.failed",
};

interface Told {
  readonly metadata?: { readonly paymentId?: string } | null;
  readonly status?: string;
}

export function verifyStripeWebhook(
  webhooks: Stripe["webhooks"],
  secret: string,
  header: string | string[] | undefined,
  rawBody: Buffer,
): WebhookCheck {
  if (typeof header !== "string") return { ok: false, reason: "WEBHOOK_SIGNATURE_INVALID" };
  let event: Stripe.Event;
  try {
    event = webhooks.constructEvent(rawBody, header, secret, TOLERANCE_SECONDS);
  } catch (fault) {
    // The signature is judged first, so a body that is no JSON was at least signed.
    if (fault instanceof SyntaxError) return { ok: false, reason: "MALFORMED_JSON" };
    const stale = /tolerance/i.test((fault as Error).message);
    return { ok: false, reason: stale ? "WEBHOOK_STALE" : "WEBHOOK_SIGNATURE_INVALID" };
  }
  const told = (event.data?.object ?? {}) as Told;
  if (typeof event.id !== "string" || typeof event.type !== "string")
    return { ok: false, reason: "VALIDATION_FAILED" };
  const paymentId = told.metadata?.paymentId ?? null;
  return { ok: true, event: { id: event.id, type: meaningOf(event.type, told), paymentId } };
}

function meaningOf(type: string, { status }: Told): string {
  if (/^refund\./.test(type) && status === "succeeded") return "refund.succeeded";
  return MEANINGS[type] ?? type;
}
