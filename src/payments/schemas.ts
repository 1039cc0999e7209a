/** Payments' requests and answers as joi schemas. */
import Joi from "joi";
import { currency, timestamp, uuid } from "../platform/http/schemas.ts";
import { reservationSchema } from "../reservations/index.ts";
import type { PaymentProvider } from "./provider.ts";

/** With one provider its schema stands alone, so that a wrong field is named and not "no alternative matches". */
export function payBody(providers: readonly PaymentProvider[]): Joi.ObjectSchema {
  const [first, ...others] = providers.map(({ methodSchema }) => methodSchema);
  const method =
    first && others.length === 0
      ? first
      : Joi.alternatives(...[first, ...others].filter((schema) => schema !== undefined));
  return Joi.object({ method: method.required() });
}

/** Of several seats, so it may be more than the bound of one price. */
const total = () => Joi.number().integer().min(0);
const status = Joi.string().valid("pending", "succeeded", "failed", "cancelled");

export const paymentReply = (value: "succeeded" | "pending") =>
  Joi.object({
    id: uuid().required(),
    status: Joi.string().valid(value).required(),
    reservation: reservationSchema.required(),
  });

export const refundReply = Joi.object({
  id: uuid().required(),
  status: Joi.string().valid("pending", "succeeded").required(),
  reservation: reservationSchema.required(),
});

export const paymentView = Joi.object({
  id: uuid().required(),
  reservationId: uuid().required(),
  status: status.required(),
  provider: Joi.string().required(),
  amount: total().required(),
  currency: currency().required(),
  startedAt: timestamp().required(),
  settledAt: timestamp().allow(null).required(),
  refund: Joi.object({
    id: uuid().required(),
    status: Joi.string().valid("pending", "succeeded").required(),
    amount: total().required(),
    reason: Joi.string().valid("fan", "late_payment", "performance_cancelled").required(),
  })
    .allow(null)
    .required(),
});
