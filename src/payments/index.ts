/**
 * The payments room: the port to those who take the money, and what their word does to reservations.
 *
 * It owns the tables payments, payment_events, refunds and cancellations; the sandbox provider owns sandbox_charges and
 * sandbox_webhooks. It changes reservations only through the transitions of their room, in its own transactions.
 */
export type { Cancellations, CancellationView } from "./cancellations.ts";
export type { PaymentsDeps, PaymentTiming } from "./parts.ts";
export { createPayments, type Payments } from "./payments.ts";
export type {
  Charge,
  ChargeAnswer,
  PaymentMethod,
  PaymentProvider,
  Refund,
  RefundAnswer,
  WebhookCheck,
  WebhookEvent,
} from "./provider.ts";
export {
  createSandboxDeliveries,
  type SandboxDeliveries,
  type SandboxDeliveriesDeps,
} from "./sandbox/deliveries.ts";
export { createSandboxProvider } from "./sandbox/provider.ts";
export type { ListedPayment, PaymentFilter } from "./store.ts";
export { createStripeProvider, type StripeOptions } from "./stripe/provider.ts";
export { signWebhook } from "./webhook-signature.ts";
