/** Reservations' requests and answers as joi schemas. */
import Joi from "joi";
import { amount, currency, timestamp, uuid } from "../platform/http/schemas.ts";

const integer = () => Joi.number().integer();

/** More seats than any performance allows one fan are refused as SEAT_LIMIT; this only bounds the work. */
const MOST_SEATS = 100;

export const holdBody = Joi.object({
  seatIds: Joi.array().items(uuid()).min(1).max(MOST_SEATS).unique().description("seats by id, all or none"),
  bestAvailable: Joi.object({
    quantity: integer().min(1).max(MOST_SEATS).required(),
    sectionId: uuid().description("any section when absent, the dearest first"),
    accessible: Joi.boolean().strict().description("true: accessible seats; they are offered to nobody else"),
  }).description("the best seats side by side"),
}).xor("seatIds", "bestAvailable");

export const reservationSchema = Joi.object({
  id: uuid().required(),
  performanceId: uuid().required(),
  status: Joi.string()
    .valid("HELD", "PAYING", "CONFIRMED", "EXPIRED", "CANCELLED", "PAID_LATE", "REFUNDING", "REFUNDED")
    .required(),
  version: integer().min(1).required().description("also the ETag"),
  seats: Joi.array()
    .items(
      Joi.object({
        id: uuid().required(),
        ordinal: integer().min(0).required(),
        section: Joi.string().required(),
        row: Joi.string().required(),
        number: integer().required(),
        amount: amount().required(),
      }),
    )
    .required(),
  totalAmount: integer().min(0).required(),
  currency: currency().required(),
  expiresAt: timestamp().required(),
  extendedUntil: timestamp().allow(null).required().description("set once, when the first payment begins"),
  tickets: Joi.array()
    .items(Joi.object({ id: uuid().required(), seatId: uuid().required(), code: Joi.string().required() }))
    .description("only of a CONFIRMED reservation"),
});

export const idempotencyKey = (required: boolean) => {
  const key = Joi.string().pattern(/^[\x20-\x7e]{1,255}$/, "1 to 255 printable ASCII characters");
  return required ? key.required() : key;
};
