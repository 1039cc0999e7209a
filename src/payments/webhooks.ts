/** Webhooks: judged by the bytes of their body, recorded in the transaction of their effect, welcome twice. */
import type { IncomingHttpHeaders } from "node:http";
import { validate } from "uuid";
import type { ErrorCode } from "../platform/errors.ts";
import { transact } from "../platform/transact.ts";
import type { Parts } from "./parts.ts";
import type { ChargeStatus, WebhookEvent } from "./provider.ts";
import type { Settlement, WebhookOrigin } from "./settlement.ts";

type WebhookRefusal = Extract<
  ErrorCode,
  "NOT_FOUND" | "WEBHOOK_SIGNATURE_INVALID" | "WEBHOOK_STALE" | "MALFORMED_JSON" | "VALIDATION_FAILED"
>;

export type WebhookOutcome = { readonly ok: true } | { readonly ok: false; readonly reason: WebhookRefusal };

const CHARGE_EVENTS: Readonly<Record<string, ChargeStatus>> = {
  "payment.succeeded": "succeeded",
  "payment.failed": "failed",
};

export function createWebhooks(
  { db, log, metrics, reservations, store, providerOf }: Parts,
  settlement: Settlement,
) {
  const { transitions } = reservations;

  async function takeIn(provider: string, event: WebhookEvent): Promise<string> {
    const paymentId = event.paymentId !== null && validate(event.paymentId) ? event.paymentId : null;
    const payment = paymentId === null ? undefined : await store.read(db, paymentId);
    const ours = payment?.provider === provider ? payment : undefined;
    const status = CHARGE_EVENTS[event.type];
    if (!ours || (!status && event.type !== "refund.succeeded")) return note(provider, event);
    const payable = await transitions.payable(ours.reservationId);
    if (!payable) throw new Error(`reservation ${ours.reservationId} of payment ${ours.id} is gone`);
    const origin: WebhookOrigin = { provider, eventId: event.id, type: event.type, paymentId: ours.id };
    const { duplicate } = status
      ? await settlement.chargeByWebhook(payable, { status, providerId: null }, origin)
      : await settlement.refund(payable, ours.id, null, origin);
    return duplicate ? "duplicate" : "accepted";
  }

  /** An event that is about nothing of ours changes nothing; it is written down, so that someone can look. */
  async function note(provider: string, { id: eventId, type }: WebhookEvent): Promise<string> {
    const { isNew } = await transact(db, async (trx) => ({
      ok: true,
      isNew: await store.recordEvent(trx, { provider, eventId, type, paymentId: null }),
    }));
    if (!isNew) return "duplicate";
    log.warn("a webhook about nothing of ours", { provider, eventId, type });
    return "ignored";
  }

  return async (
    providerName: string,
    headers: IncomingHttpHeaders,
    rawBody: Buffer,
  ): Promise<WebhookOutcome> => {
    const provider = providerOf(providerName);
    if (!provider) return { ok: false, reason: "NOT_FOUND" };
    const check = provider.verifyWebhook(headers, rawBody);
    if (!check.ok) {
      metrics.webhooks.inc({ outcome: "refused" });
      return check;
    }
    metrics.webhooks.inc({ outcome: await takeIn(providerName, check.event) });
    return { ok: true };
  };
}
