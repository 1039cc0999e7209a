/** The catalog's requests and answers as joi schemas. */
import Joi from "joi";
import { amount, currency, multilineText, text, timestamp, uuid } from "../platform/http/schemas.ts";
import { MAX_SEATS } from "./hall.ts";
import { LOGO_TYPES, MAX_LOGO_BYTES } from "./look.ts";

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

const eventTexts = Joi.object({
  title: text(200),
  venue: text(200),
  description: multilineText(5_000),
  waiting: multilineText(1_000).description("shown to those who wait"),
}).description("where a field is absent, the event's own stands");
const lookTexts = Joi.object({ ko: eventTexts, en: eventTexts });

/** `checkLook` has the rules that joi can't tell. */
export const lookSchema = Joi.object({
  accent: Joi.string()
    .pattern(/^#[0-9a-f]{6}$/, "#rrggbb in lower case")
    .description("colour of buttons; pages darken or lighten it until it can be told from the page"),
  timeZone: Joi.string().max(64).description("IANA name; the times of performances are told in it"),
  texts: lookTexts,
  logo: Joi.object({
    type: Joi.string()
      .valid(...LOGO_TYPES)
      .required(),
    base64: Joi.string()
      .base64()
      .max(Math.ceil(MAX_LOGO_BYTES / 3) * 4)
      .required(),
  })
    .allow(null)
    .description("absent: as it was; null: none"),
});

const lookView = Joi.object({
  accent: Joi.string().allow(null).required(),
  timeZone: Joi.string().allow(null).required(),
  texts: lookTexts.required(),
  logoUrl: Joi.string().allow(null).required().description("may be cached for ever"),
});

export const eventView = Joi.object({
  id: uuid().required(),
  title: Joi.string().required(),
  venue: Joi.string().required(),
  description: Joi.string().allow(null).required(),
  createdAt: timestamp().required(),
  look: lookView.allow(null).required().description("how its pages look; null: plain"),
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
