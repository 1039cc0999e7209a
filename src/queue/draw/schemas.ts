/** The forms of the draw's answers; the API document is made from these. */
import Joi from "joi";
import { timestamp, uuid } from "../../platform/http/schemas.ts";

const hash = () => Joi.string().hex().length(64);
const known = <S extends Joi.Schema>(schema: S) => schema.allow(null).required();

export const drawRecord = Joi.object({
  queueId: uuid().required(),
  algorithm: Joi.string()
    .required()
    .description("names how list, order and hashes are made; see docs/fairness.md"),
  commitment: hash().required().description("SHA-256 of the seed, fixed when the queue was made"),
  committedAt: timestamp().required(),
  counts: Joi.object({ entries: known(Joi.number().integer().min(0)) })
    .required()
    .description("tickets on the list; null until the lobby has closed"),
  root: known(hash()).description("the Merkle root of the list; null until the lobby has closed"),
  listedAt: known(timestamp()),
  beacon: known(
    Joi.object({
      source: Joi.string().required().description("an address, or `file`"),
      before: known(Joi.string()).description("what the source said right after the list was fixed"),
      value: known(Joi.string()).description("mixed into the order; null once settled: none came in time"),
      settledAt: known(timestamp()),
    }),
  ).description("the public value that was promised; null: none was"),
  seed: known(hash()).description("published once everybody drawn stands in the line"),
  publishedAt: known(timestamp()),
});

/** In the queue's status: enough to note down before the lobby opens and to compare afterwards. */
export const drawSummary = Joi.object({
  commitment: hash().required(),
  root: known(hash()),
  seed: known(hash()),
});

export const drawProof = Joi.object({
  queueId: uuid().required(),
  ticketId: uuid().required(),
  root: hash().required(),
  entries: Joi.number().integer().min(1).required(),
  leaf: Joi.number().integer().min(0).required().description("where the ticket stands on the list, from 0"),
  path: Joi.array()
    .items(hash())
    .required()
    .description("the hashes beside the way from the leaf to the root, the nearest first (RFC 9162)"),
  place: known(Joi.number().integer().min(1)).description("the place drawn, which is the ticket's sequence"),
});
