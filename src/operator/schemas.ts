/** The operator's requests and answers as joi schemas. */
import Joi from "joi";
import { performanceView, seatCounts, sectionsSchema } from "../catalog/index.ts";
import {
  currency,
  durationSeconds,
  multilineText,
  pageQuery,
  text,
  timestamp,
  uuid,
} from "../platform/http/schemas.ts";
import { queueSettingsSchema, queueSettingsView } from "../queue/settings.ts";

const integer = () => Joi.number().integer();
/** 1,500 ids are what fits into a body of 64 KiB. */
const MAX_SEATS_PER_CHANGE = 1_500;

export const idParams = Joi.object({ id: uuid().required() });
export const ticketParams = Joi.object({ id: uuid().required(), ticketId: uuid().required() });
export const ifMatchHeader = Joi.object({
  "if-match": Joi.string().description("the ETag that the change is based on; any version when absent"),
});

export const newEvent = Joi.object({
  title: text(200).required(),
  venue: text(200).required(),
  description: multilineText(5_000),
});

export const newPerformance = (limits: boolean) =>
  Joi.object({
    startsAt: timestamp().required(),
    currency: currency().required(),
    holdSeconds: durationSeconds(limits, 30, 3_600)
      .required()
      .description("how long seats are held for payment"),
    maxSeatsPerFan: integer().min(1).max(20).required(),
    sections: sectionsSchema.required(),
    queue: queueSettingsSchema(limits).required(),
  });

export const createdPerformance = performanceView.keys({ queue: queueSettingsView().required() });

export const notice = Joi.object({
  texts: Joi.object({ ko: multilineText(500), en: multilineText(500) })
    .required()
    .description("the text in each language; none of them takes the notice down"),
});

const reason = () => text(500).required();
export const newLane = Joi.object({
  name: Joi.string()
    .pattern(/^[a-z0-9][a-z0-9-]{0,31}$/, "one of 1 to 32 lower-case letters, digits and hyphens")
    .required(),
  share: Joi.number()
    .min(0.01)
    .max(0.95)
    .required()
    .description("part of each tick; the rest is the general lane's"),
  codes: Joi.object({
    count: Joi.number().integer().min(0).max(10_000).required(),
    uses: Joi.number()
      .integer()
      .min(1)
      .max(1_000_000)
      .required()
      .description("how many accounts may use each code"),
  }).required(),
});
export const madeLane = Joi.object({
  name: Joi.string().required(),
  share: Joi.number().required(),
  codes: Joi.array()
    .items(Joi.string())
    .required()
    .description("shown this once; only their hashes are kept"),
});

export const removal = Joi.object({ reason: reason() });

export const seatChange = Joi.object({
  seatIds: Joi.array().items(uuid()).min(1).max(MAX_SEATS_PER_CHANGE).unique().required(),
  reason: reason(),
});

const seatInState = Joi.object({
  id: uuid().required(),
  ordinal: integer().min(0).required(),
  state: Joi.string().valid("AVAILABLE", "HELD", "OCCUPIED", "BLOCKED").required(),
});
export const changedSeats = Joi.object({ seats: Joi.array().items(seatInState).required() });

export const paymentsQuery = pageQuery.keys({
  status: Joi.string()
    .valid("undecided", "late", "refunding")
    .description(
      "undecided: the provider has not decided; late: it came when the hold was over; refunding: on its way back. All of them when absent",
    ),
});

export const listedPayment = Joi.object({
  id: uuid().required(),
  reservationId: uuid().required(),
  performanceId: uuid().required(),
  userId: uuid().required(),
  provider: Joi.string().required(),
  providerReference: Joi.string().allow(null).required().description("its number at the provider"),
  amount: integer().min(0).required(),
  currency: Joi.string().required(),
  status: Joi.string().valid("pending", "succeeded", "failed", "cancelled").required(),
  reservationStatus: Joi.string().required(),
  startedAt: timestamp().required(),
  settledAt: timestamp().allow(null).required(),
  checks: integer().min(0).required().description("how often the provider was asked about it"),
  refund: Joi.object({
    id: uuid().required(),
    status: Joi.string().valid("pending", "succeeded").required(),
    amount: integer().min(0).required(),
    reason: Joi.string().valid("fan", "late_payment", "performance_cancelled").required(),
    attempts: integer().min(0).required().description("how often it was sent to the provider"),
  })
    .allow(null)
    .required(),
});

export const cancellationBody = Joi.object({ reason: text(500).required() });

export const cancellation = Joi.object({
  performanceId: uuid().required(),
  reason: Joi.string().required(),
  requestedAt: timestamp().required(),
  finishedAt: timestamp()
    .allow(null)
    .required()
    .description("when every hold was over and every refund had begun"),
  undecided: integer().min(0).required().description("payments whose outcome is not known yet"),
  toRefund: integer().min(0).required().description("paid, and the refund has not begun"),
  refunding: integer().min(0).required().description("on its way to the payer"),
  refunded: integer().min(0).required(),
});

export const checkInBody = Joi.object({
  code: Joi.string()
    .max(128)
    .required()
    .description("as it stands on the ticket; upper and lower case are alike"),
});

export const checkedInTicket = Joi.object({
  ticketId: uuid().required(),
  reservationId: uuid().required(),
  performanceId: uuid().required(),
  seat: Joi.object({
    id: uuid().required(),
    ordinal: integer().min(0).required(),
    section: Joi.string().required(),
    row: Joi.string().required(),
    number: integer().required(),
  }).required(),
  checkedInAt: timestamp().required(),
});

const count = () => integer().min(0).required();
const rate = () => Joi.number().min(0).required();

export const statsView = Joi.object({
  phase: Joi.string()
    .valid("scheduled", "lobby", "drawing", "open", "paused", "recovering", "sold_out", "closed")
    .required(),
  waiting: count(),
  deferred: count().description("passed over while away, first in line when back"),
  active: count().description("slots in use: admitted or inside"),
  admittedTotal: count(),
  admittedLastMinute: count(),
  arrivedLastMinute: count(),
  noShowRatio: Joi.number().min(0).max(1).allow(null).required(),
  leftTotal: count(),
  ratePerMinute: rate().description("as set"),
  effectiveRatePerMinute: rate().description("in force now"),
  limitedBy: Joi.string()
    .valid("rate", "capacity", "seats", "nobody_waiting", "paused", "auto", "recovering")
    .allow(null)
    .required(),
  seats: seatCounts.allow(null).required(),
  holdsPerMinute: rate(),
  confirmationsPerMinute: rate(),
  etaForNewcomerSeconds: Joi.number().min(0).allow(null).required(),
});

export const auditQuery = pageQuery.keys({
  subjectId: uuid().description("only entries about this event, performance, queue or ticket"),
});

export const auditRecord = Joi.object({
  id: uuid().required(),
  at: timestamp().required(),
  actorId: uuid().required(),
  actor: Joi.string().required().description("the account's name at that time"),
  action: Joi.string().required(),
  subject: Joi.string().valid("event", "performance", "queue", "ticket").required(),
  subjectId: uuid().required(),
  before: Joi.any().required().description("null when there was nothing"),
  after: Joi.any().required().description("null when nothing is left"),
  reason: Joi.string().allow(null).required(),
});

export const streamToken = Joi.object({
  token: Joi.string().required(),
  expiresInSeconds: integer().required(),
});
