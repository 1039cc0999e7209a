/** The catalog's requests and answers as joi schemas. */
import Joi from "joi";
import { amount, currency, text, timestamp, uuid } from "../platform/http/schemas.ts";
import { MAX_SEATS } from "./hall.ts";

const integer = () => Joi.number().integer();

/** The `sections` of a new performance; `checkSections` has the rules that span several of them. */
export const sectionsSchema = Joi.array()
  .items(
    Joi.object({
      name: text(80).required(),
      rows: integer().min(1).max(500).required(),
      seatsPerRow: integer().min(1).max(500).required(),
      amount: amount().required().description("price of each seat in the currency's minor unit"),
      accessibleSeats: integer()
        .min(0)
        .max(MAX_SEATS)
        .description("of the section's seats; placed on the aisles"),
    }),
  )
  .min(1)
  .max(100)
  .description(`from the stage backwards; 1 to ${MAX_SEATS} seats in all`);

export const seatCounts = Joi.object({
  available: integer().required(),
  held: integer().required(),
  occupied: integer().required(),
  blocked: integer().required(),
});

const performanceFields = {
  id: uuid().required(),
  eventId: uuid().required(),
  startsAt: timestamp().required(),
  currency: currency().required(),
  seatCount: integer().min(1).max(MAX_SEATS).required(),
  maxSeatsPerFan: integer().required(),
  holdSeconds: integer().required(),
  queueId: uuid().required(),
};

export const performanceSummary = Joi.object(performanceFields);
export const performanceView = Joi.object({ ...performanceFields, counts: seatCounts.required() });

export const eventView = Joi.object({
  id: uuid().required(),
  title: Joi.string().required(),
  venue: Joi.string().required(),
  description: Joi.string().allow(null).required(),
  createdAt: timestamp().required(),
  performances: Joi.array().items(performanceSummary).required().description("by start"),
});

const seat = Joi.object({
  id: uuid().required(),
  ordinal: integer().min(0).required().description("its letter in the availability string"),
  number: integer().min(1).required(),
  x: integer().required().description("centimetres to the right of the stage's middle line"),
  y: integer().required().description("centimetres away from the stage"),
  accessible: Joi.boolean().required(),
});

export const layoutView = Joi.object({
  version: integer().required(),
  sections: Joi.array()
    .items(
      Joi.object({
        id: uuid().required(),
        name: Joi.string().required(),
        amount: amount().required(),
        rows: Joi.array()
          .items(Joi.object({ name: Joi.string().required(), seats: Joi.array().items(seat).required() }))
          .required(),
      }),
    )
    .required(),
});
