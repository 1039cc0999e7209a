/** Paying, refunding, looking at a payment, and the providers' webhooks. */
import Joi from "joi";
import { Problem } from "../platform/errors.ts";
import type { AuthenticatedContext, RequestContext, Route } from "../platform/http/route.ts";
import { uuid } from "../platform/http/schemas.ts";
import { type IdempotencyClaim, idempotencyKey, readClaim, sendStored } from "../reservations/index.ts";
import type { PayOutcome, PayRequest } from "./pay.ts";
import type { PaymentMethod, PaymentProvider } from "./provider.ts";
import type { RefundOutcome, RefundRequest } from "./refunds.ts";
import { payBody, paymentReply, paymentView, refundReply } from "./schemas.ts";
import type { PaymentRow } from "./store.ts";
import type { WebhookOutcome } from "./webhooks.ts";

interface RoutedRoom {
  pay(request: PayRequest): Promise<PayOutcome>;
  refund(request: RefundRequest): Promise<RefundOutcome>;
  /** Of its owner; null else. */
  payment(id: string, userId: string): Promise<PaymentRow | null>;
  webhook(provider: string, headers: RequestContext["headers"], rawBody: Buffer): Promise<WebhookOutcome>;
}

const TAG = "Payments";
const byReservation = Joi.object({ reservationId: uuid().required() });
const keyRequired = Joi.object({ "Idempotency-Key": idempotencyKey(true) });

export function createRoutes(room: RoutedRoom, providers: readonly PaymentProvider[]): Route[] {
  return [pay(room, providers), refund(room), getPayment(room), receiveWebhook(room)];
}

function pay(room: RoutedRoom, providers: readonly PaymentProvider[]): Route {
  return {
    method: "post",
    path: "/reservations/:reservationId/payments",
    operationId: "payReservation",
    tag: TAG,
    summary: "Pay for a reservation",
    description:
      "The first payment extends the hold, once. While the outcome is unknown the seats are kept; look at `Location` again after `Retry-After`.",
    access: "account",
    params: byReservation,
    requestHeaders: keyRequired,
    body: payBody(providers),
    responses: {
      201: {
        description: "Paid; the reservation carries the tickets.",
        schema: paymentReply("succeeded"),
        headers: { Location: "the payment", "Idempotent-Replayed": "true on a replay" },
      },
      202: {
        description: "The outcome is not known yet.",
        schema: paymentReply("pending"),
        headers: {
          Location: "the payment",
          "Retry-After": "seconds",
          "Idempotent-Replayed": "true on a replay",
        },
      },
    },
    errors: [
      "IDEMPOTENCY_KEY_REQUIRED",
      "PAYMENT_DECLINED",
      "NOT_FOUND",
      "HOLD_EXPIRED",
      "ALREADY_CONFIRMED",
      "PAYMENT_IN_PROGRESS",
      "IDEMPOTENCY_IN_PROGRESS",
      "IDEMPOTENCY_MISMATCH",
      "BUSY",
    ],
    async handler({
      params,
      body,
      headers,
      principal,
      req,
      requestId,
    }: AuthenticatedContext<{ reservationId: string }, unknown, { method: PaymentMethod }>) {
      const { reservationId } = params;
      const { userId } = principal;
      const claim = requireClaim(
        headers["idempotency-key"],
        userId,
        `POST /reservations/${reservationId}/payments`,
        body,
      );
      const instance = req.originalUrl.split("?", 1)[0] ?? "/";
      const outcome = await room.pay({
        userId,
        reservationId,
        method: body.method,
        claim,
        instance,
        requestId,
      });
      if (!outcome.ok) throw new Problem(outcome.reason);
      return sendStored(outcome.reply, outcome.replayed);
    },
  };
}

function refund(room: RoutedRoom): Route {
  return {
    method: "post",
    path: "/reservations/:reservationId/refunds",
    operationId: "refundReservation",
    tag: TAG,
    summary: "Give a paid reservation back",
    description: "The seats are free at once, the tickets are void, and the money follows.",
    access: "account",
    params: byReservation,
    requestHeaders: keyRequired,
    body: Joi.object({}),
    bodyOptional: true,
    responses: {
      201: {
        description: "The refund has begun.",
        schema: refundReply,
        headers: { "Idempotent-Replayed": "true on a replay" },
      },
    },
    errors: ["IDEMPOTENCY_KEY_REQUIRED", "NOT_FOUND", "NOT_REFUNDABLE", "IDEMPOTENCY_IN_PROGRESS", "BUSY"],
    async handler({ params, body, headers, principal }: AuthenticatedContext<{ reservationId: string }>) {
      const { reservationId } = params;
      const { userId } = principal;
      const claim = requireClaim(
        headers["idempotency-key"],
        userId,
        `POST /reservations/${reservationId}/refunds`,
        body,
      );
      const outcome = await room.refund({ userId, reservationId, claim });
      if (!outcome.ok) throw new Problem(outcome.reason);
      return sendStored(outcome.reply, outcome.replayed);
    },
  };
}

function requireClaim(
  header: string | string[] | undefined,
  userId: string,
  route: string,
  body: unknown,
): IdempotencyClaim {
  const claim = readClaim(header, userId, route, body);
  if (!claim) throw new Problem("IDEMPOTENCY_KEY_REQUIRED");
  return claim;
}

function getPayment(room: RoutedRoom): Route {
  return {
    method: "get",
    path: "/payments/:paymentId",
    operationId: "getPayment",
    tag: TAG,
    summary: "A payment of one's own",
    access: "account",
    params: Joi.object({ paymentId: uuid().required() }),
    responses: { 200: { description: "The payment.", schema: paymentView } },
    errors: ["NOT_FOUND"],
    async handler({ params, principal }: AuthenticatedContext<{ paymentId: string }>) {
      const payment = await room.payment(params.paymentId, principal.userId);
      if (!payment) throw new Problem("NOT_FOUND");
      return { status: 200, body: toView(payment), headers: { "Cache-Control": "no-store" } };
    },
  };
}

function toView({
  id,
  reservationId,
  status,
  provider,
  amount,
  currency,
  startedAt,
  settledAt,
  refund,
}: PaymentRow): object {
  return {
    id,
    reservationId,
    status,
    provider,
    amount,
    currency,
    startedAt: startedAt.toISOString(),
    settledAt: settledAt?.toISOString() ?? null,
    refund,
  };
}

function receiveWebhook(room: RoutedRoom): Route {
  return {
    method: "post",
    path: "/payments/webhooks/:provider",
    operationId: "receiveWebhook",
    tag: TAG,
    summary: "News from a payment provider",
    description: "Signed over the exact bytes of the body. A duplicate is answered like the first.",
    access: "public",
    rawBody: true,
    params: Joi.object({
      provider: Joi.string()
        .pattern(/^[a-z][a-z0-9-]{0,31}$/, "provider")
        .required(),
    }),
    requestHeaders: Joi.object({
      "FastPass-Signature": Joi.string().description(
        "of the sandbox: t=<unix seconds>,v1=<hex HMAC-SHA256 of t, a dot and the raw body>",
      ),
      "Stripe-Signature": Joi.string().description("of Stripe, by its own scheme"),
    }),
    responses: { 200: { description: "Taken in, now or earlier." } },
    errors: [
      "NOT_FOUND",
      "WEBHOOK_SIGNATURE_INVALID",
      "WEBHOOK_STALE",
      "MALFORMED_JSON",
      "VALIDATION_FAILED",
      "BODY_TOO_LARGE",
      "BUSY",
    ],
    async handler({ params, headers, rawBody }: RequestContext<{ provider: string }>) {
      const bytes = Buffer.isBuffer(rawBody) ? rawBody : Buffer.alloc(0);
      const outcome = await room.webhook(params.provider, headers, bytes);
      if (!outcome.ok) throw new Problem(outcome.reason);
      return { status: 200 };
    },
  };
}
