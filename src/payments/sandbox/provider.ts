/**
 * A provider that needs no account. The card says how it behaves:
 *   success     charged at once
 *   declined    refused at once
 *   undecided   answers pending; charged after `settleAfterSeconds`, told by webhook
 *   lost_reply  charged at once, and the answer never arrives
 */
import type { KeyObject } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import Joi from "joi";
import { v7 } from "uuid";
import type { Database } from "../../platform/postgres.ts";
import type { Charge, ChargeAnswer, ChargeStatus, PaymentProvider, WebhookCheck } from "../provider.ts";
import { checkSignature } from "../webhook-signature.ts";
import { type BookedCharge, createSandboxStore, type NewCharge } from "./store.ts";

const CARDS = ["success", "declined", "undecided", "lost_reply"] as const;
type Card = (typeof CARDS)[number];

const BOOKED_AS: Readonly<Record<Card, ChargeStatus>> = {
  success: "succeeded",
  declined: "failed",
  undecided: "pending",
  lost_reply: "succeeded",
};
const SETTLE_AFTER_SECONDS = 5;

const methodSchema = Joi.object({
  type: Joi.string().valid("sandbox").required(),
  card: Joi.string()
    .valid(...CARDS)
    .required()
    .description("how the charge goes"),
  settleAfterSeconds: Joi.number()
    .integer()
    .min(1)
    .max(600)
    .description(`when an undecided charge succeeds; ${SETTLE_AFTER_SECONDS} when absent`),
});

/** No control characters: PostgreSQL stores no NUL, and nobody names an event so. */
const eventText = Joi.string()
  .max(255)
  .pattern(/^[^\p{Cc}\p{Cs}]+$/u, "visible text");
const webhookBody = Joi.object({
  id: eventText.required(),
  type: eventText.required(),
  data: Joi.object({ paymentId: Joi.string().max(255).required() })
    .unknown()
    .required(),
}).unknown();

export function createSandboxProvider({
  db,
  webhookKey,
}: {
  db: Database;
  webhookKey: KeyObject;
}): PaymentProvider {
  const books = createSandboxStore(db);

  return {
    name: "sandbox",
    methodSchema,

    async charge(charge, signal) {
      const card = charge.method.card as Card;
      const after = (charge.method.settleAfterSeconds as number | undefined) ?? SETTLE_AFTER_SECONDS;
      const booked = await books.charge(toBook(charge), BOOKED_AS[card], after);
      if (card === "lost_reply") await lost(signal);
      return toAnswer(booked);
    },

    async query({ paymentId }) {
      await books.settleDue(paymentId, 1);
      const booked = await books.query(paymentId);
      return booked ? toAnswer(booked) : { status: "unknown" };
    },

    async cancel(charge) {
      await books.settleDue(charge.paymentId, 1);
      return toAnswer(await books.cancel(toBook(charge)));
    },

    async refund({ refundId, charge }) {
      const providerId = await books.refund(charge.paymentId, refundId);
      if (providerId === null) throw new Error(`the sandbox has no charge for payment ${charge.paymentId}`);
      return { status: "succeeded", providerId };
    },

    verifyWebhook: (headers, rawBody) => verify(webhookKey, headers, rawBody),
  };
}

function toBook({ paymentId, amount, currency, method }: Charge): NewCharge {
  return { id: `ch_${v7()}`, paymentId, amount, currency, card: String(method.card) };
}

function toAnswer({ id, status }: BookedCharge): ChargeAnswer {
  return { status, providerId: id };
}

/** Never resolves. */
function lost(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function verify(key: KeyObject, headers: IncomingHttpHeaders, rawBody: Buffer): WebhookCheck {
  const signature = checkSignature(key, headers["fastpass-signature"], rawBody);
  if (!signature.ok) return signature;
  let body: unknown;
  try {
    body = JSON.parse(rawBody.toString("utf8"));
  } catch {
    return { ok: false, reason: "MALFORMED_JSON" };
  }
  const { error, value } = webhookBody.validate(body, { convert: false });
  if (error) return { ok: false, reason: "VALIDATION_FAILED" };
  return { ok: true, event: { id: value.id, type: value.type, paymentId: value.data.paymentId } };
}
