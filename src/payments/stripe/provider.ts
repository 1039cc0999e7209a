/**
 * Real cards by Stripe, on the same port as the sandbox. The browser gives the card to Stripe and us a payment method's
 * id, so no card number ever comes here.
 *
 * A charge is two calls, both under idempotency keys made of our payment's id: a PaymentIntent is created, then
 * confirmed. So when an answer is lost, creating it again finds the same intent, whose state says what happened, and
 * cancelling it makes sure that a confirmation still under way can't succeed. One call that does both would leave us
 * with nothing to ask about. Stripe keeps idempotency keys for a day; by then every payment is long decided.
 *
 * The library's own retries are off: the reconciliation asks again, and knows for how long.
 */
import type { KeyObject } from "node:crypto";
import Joi from "joi";
import Stripe from "stripe";
import type { Charge, ChargeAnswer, PaymentProvider, Refund, RefundAnswer } from "../provider.ts";
import { toStripeAmount } from "./amounts.ts";
import { verifyStripeWebhook } from "./webhook.ts";

export interface StripeOptions {
  readonly secretKey: KeyObject;
  readonly webhookSecret: KeyObject;
  /** Where the API is, when not at Stripe. */
  readonly api?: { readonly host: string; readonly port: number; readonly protocol: "http" | "https" };
}

const TIMEOUT_MS = 10_000;

const methodSchema = Joi.object({
  type: Joi.string().valid("stripe").required(),
  paymentMethod: Joi.string()
    .pattern(/^pm_\w{1,250}$/, "a payment method's id")
    .required()
    .description("as Stripe's own form in the browser answered it"),
});

type Intent = Pick<Stripe.PaymentIntent, "id" | "status" | "last_payment_error">;

export function createStripeProvider({ secretKey, webhookSecret, api }: StripeOptions): PaymentProvider {
  const stripe = new Stripe(textOf(secretKey), {
    maxNetworkRetries: 0,
    timeout: TIMEOUT_MS,
    telemetry: false,
    ...api,
  });
  const { paymentIntents, refunds } = stripe;

  /** The same intent however often it is asked for. */
  const create = ({ paymentId, amount, currency, method }: Charge): Promise<Intent> =>
    paymentIntents.create(
      {
        amount: toStripeAmount(amount, currency),
        currency: currency.toLowerCase(),
        payment_method: String(method.paymentMethod),
        // Whatever would need another page ends as a refusal: the hold would not wait for it.
        automatic_payment_methods: { enabled: true, allow_redirects: "never" },
        metadata: { paymentId },
      },
      { idempotencyKey: `create-${paymentId}` },
    );
  const idOf = async (charge: Charge): Promise<string> => charge.providerId ?? (await create(charge)).id;
  const look = async (charge: Charge): Promise<Intent> => paymentIntents.retrieve(await idOf(charge));

  return {
    name: "stripe",
    methodSchema,

    async charge(charge) {
      let id: string | null = null;
      try {
        ({ id } = await create(charge));
        const confirm = { error_on_requires_action: true } as const;
        const confirmed = await paymentIntents.confirm(id, confirm, {
          idempotencyKey: `confirm-${charge.paymentId}`,
        });
        return { status: statusOf(confirmed) ?? "pending", providerId: id };
      } catch (fault) {
        if (!isRefusal(fault)) throw fault;
        // Not a word about the card: the intent may have ended before, by our own cancel for one.
        const known = id === null || isCardError(fault) ? null : statusOf(await paymentIntents.retrieve(id));
        return { status: known ?? "failed", providerId: id };
      }
    },

    async query(charge) {
      const intent = await look(charge);
      const status = statusOf(intent);
      return status ? { status, providerId: intent.id } : { status: "unknown" };
    },

    async cancel(charge): Promise<ChargeAnswer> {
      const id = await idOf(charge);
      const intent: Intent = await paymentIntents.cancel(id).catch((fault) => {
        // It is over already, one way or the other, and says so itself.
        if (isRefusal(fault)) return paymentIntents.retrieve(id);
        throw fault;
      });
      return { status: statusOf(intent) ?? "pending", providerId: id };
    },

    async refund({ refundId, charge }: Refund): Promise<RefundAnswer> {
      try {
        const made = await refunds.create(
          { payment_intent: await idOf(charge), metadata: { paymentId: charge.paymentId, refundId } },
          { idempotencyKey: `refund-${refundId}` },
        );
        // The answer to a repeated request is that to the first one; what it is now has to be asked.
        const { id, status } = made.status === "succeeded" ? made : await refunds.retrieve(made.id);
        if (status === "failed" || status === "canceled")
          throw new Error(`Stripe says that refund ${id} ${status}`);
        return { status: status === "succeeded" ? "succeeded" : "pending", providerId: id };
      } catch (fault) {
        if ((fault as { code?: string }).code !== "charge_already_refunded") throw fault;
        return { status: "succeeded", providerId: null };
      }
    },

    verifyWebhook: (headers, rawBody) =>
      verifyStripeWebhook(stripe.webhooks, textOf(webhookSecret), headers["stripe-signature"], rawBody),
  };
}

/** @returns null for an intent that was created, and whose confirmation never arrived. */
function statusOf({ status, last_payment_error: error }: Intent): ChargeAnswer["status"] | null {
  switch (status) {
    case "succeeded":
      return "succeeded";
    case "canceled":
      return "cancelled";
    case "requires_payment_method":
      return error ? "failed" : null;
    case "requires_confirmation":
      return null;
    case "requires_action":
      return "failed";
    default:
      return "pending";
  }
}

const isCardError = (fault: unknown): boolean => fault instanceof Stripe.errors.StripeCardError;

/** Stripe has understood the request and says no. Anything else leaves open what has happened. */
function isRefusal(fault: unknown): boolean {
  if (isCardError(fault)) return true;
  return (
    fault instanceof Stripe.errors.StripeInvalidRequestError &&
    [400, 402, 404].includes(fault.statusCode ?? 0)
  );
}

const textOf = (key: KeyObject): string => key.export().toString();
