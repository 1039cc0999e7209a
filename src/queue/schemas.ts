/** The forms of the queue's requests and answers; the API document is made from these. */
import Joi from "joi";
import { timestamp, uuid } from "../platform/http/schemas.ts";
import { drawSummary } from "./draw/schemas.ts";

export const queueParams = Joi.object({ queueId: uuid().required() });

const nullableCount = () => Joi.number().integer().min(0).allow(null).required();
const nullableTime = () => timestamp().allow(null).required();

export const PHASES = [
  "scheduled",
  "lobby",
  "drawing",
  "open",
  "paused",
  "recovering",
  "sold_out",
  "closed",
] as const;
export const LIMITS = [
  "rate",
  "capacity",
  "seats",
  "nobody_waiting",
  "paused",
  "auto",
  "recovering",
] as const;

export const noticeTexts = Joi.object({ ko: Joi.string().max(500), en: Joi.string().max(500) });

export const queueStatus = Joi.object({
  id: uuid().required(),
  performanceId: uuid().required(),
  phase: Joi.string()
    .valid(...PHASES)
    .required(),
  epoch: Joi.number().integer().required(),
  lobbyOpensAt: nullableTime(),
  opensAt: timestamp().required(),
  closesAt: nullableTime(),
  waiting: Joi.number().integer().min(0).required(),
  ratePerMinute: Joi.number().integer().required(),
  limitedBy: Joi.string()
    .valid(...LIMITS)
    .required(),
  seatsLeft: nullableCount(),
  seatsHeld: nullableCount(),
  notice: noticeTexts.allow(null).required(),
  draw: drawSummary.allow(null).required().description("the draw of the lobby, in short"),
  logHead: Joi.string()
    .allow(null)
    .required()
    .description(
      "the newest entry of the admission journal: a JWS of its `number` and `hash`, signed each minute by the key that signs passes",
    ),
});

export const turnLength = Joi.object({
  arrivalSeconds: Joi.number().integer().required().description("how long a turn waits to be claimed"),
  sessionSeconds: Joi.number().integer().required().description("how long it lasts from the claim on"),
});

export const ticketView = Joi.object({
  ticketId: uuid().required(),
  queueId: uuid().required(),
  epoch: Joi.number().integer().required(),
  ticket: Joi.string().required().description("the signed ticket; the credential of the position stream"),
  lane: Joi.string().required(),
  state: Joi.string()
    .valid("lobby", "waiting", "deferred", "admitted", "inside", "left", "expired", "removed", "ended")
    .required(),
  sequence: Joi.number().integer().required().description("unique and rising, not dense"),
  position: Joi.number().integer().min(1).allow(null).required(),
  ahead: nullableCount(),
  waiting: Joi.number().integer().min(0).required(),
  eta: Joi.object({
    p50Seconds: Joi.number().integer().required(),
    p90Seconds: Joi.number().integer().required(),
  })
    .allow(null)
    .required()
    .description("null until measured"),
  seatsLeft: nullableCount(),
  seatsHeld: nullableCount(),
  asOf: timestamp().required(),
  pollAfterSeconds: Joi.number().integer().min(1).required(),
  reconnectSpreadSeconds: Joi.number().integer().min(1).required(),
  arriveBy: nullableTime(),
  passExpiresAt: nullableTime(),
  deferredUntil: nullableTime(),
});

export const joinBody = Joi.object({
  ticket: Joi.string().max(2_048).description("a signed ticket of an earlier epoch"),
  code: Joi.string().max(64).description("opens a priority lane"),
});

export const claimView = Joi.object({
  pass: Joi.string().required(),
  passExpiresAt: timestamp().required(),
  fence: Joi.number().integer().required(),
  performanceId: uuid().required(),
});

export const keySet = Joi.object({
  keys: Joi.array()
    .items(
      Joi.object({
        kty: Joi.string().required(),
        crv: Joi.string().required(),
        x: Joi.string().required(),
        y: Joi.string().required(),
        kid: Joi.string().required(),
        use: Joi.string().required(),
        alg: Joi.string().required(),
      }),
    )
    .required(),
});
