/** joi schemas that many routes share. */
import Joi from "joi";

export const uuid = () => Joi.string().uuid({ separator: "-", wrapper: false }).lowercase();
const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;
/** An instant: with a time and a zone (a bare date means another moment in each country). We answer UTC with milliseconds. */
export const timestamp = () =>
  Joi.string()
    .isoDate()
    .pattern(RFC_3339, "RFC 3339 date-time with a zone")
    .description("RFC 3339, UTC, milliseconds");
/** The first instant whose year has five digits: another form in JSON, and no date a human meant. */
const END_OF_TIME_MS = Date.UTC(10_000, 0);

/** Whether an RFC 3339 string names a day that exists: `Date` turns 30 February into 1 March without a word. */
export function isInstant(text: string): boolean {
  const [year, month, day] = text.slice(0, 10).split("-").map(Number) as [number, number, number];
  const lastOfMonth = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const milliseconds = Date.parse(text);
  return milliseconds >= 0 && milliseconds < END_OF_TIME_MS && day <= lastOfMonth;
}

export const email = () => Joi.string().email({ tlds: false }).max(254).lowercase().trim();
/** One line of visible text: no control characters (PostgreSQL stores no NUL), no half of a surrogate pair, not only blanks. */
export const text = (max: number) =>
  Joi.string()
    .max(max)
    .pattern(/^(?!\s*$)[^\p{Cc}\p{Cs}]+$/u, "visible text on one line");
/** The same with line breaks and tabs. */
export const multilineText = (max: number) =>
  Joi.string()
    .max(max)
    .pattern(/^(?!\s*$)(?:[^\p{Cc}\p{Cs}]|[\n\r\t])+$/u, "visible text");
const CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf("currency"));
export const currency = () =>
  Joi.string()
    .pattern(/^[A-Z]{3}$/, "ISO 4217 code")
    .custom((code: string, helpers) =>
      CURRENCIES.has(code) ? code : helpers.error("string.pattern.name", { name: "ISO 4217 code" }),
    );
/** An integer in the currency's minor unit. */
export const amount = () => Joi.number().integer().min(0).max(1_000_000_000);

/** With limits off durations start here, so that a whole on-sale fits into a test. */
const SHORTEST_SECONDS = 5;

/** A whole number of seconds between the bounds; `limits: false` lets it start from 5. */
export function durationSeconds(limits: boolean, min: number, max: number): Joi.NumberSchema {
  return Joi.number()
    .integer()
    .min(limits ? min : SHORTEST_SECONDS)
    .max(max);
}

export const pageQuery = Joi.object({
  limit: Joi.number().integer().min(1).max(100).default(20),
  cursor: Joi.string()
    .max(256)
    .pattern(/^[A-Za-z0-9_-]+$/, "cursor"),
});

export interface Page {
  readonly limit: number;
  readonly cursor?: string;
}

/** A list's answer. */
export const pageOf = (item: Joi.Schema) =>
  Joi.object({ items: Joi.array().items(item).required(), nextCursor: Joi.string().allow(null).required() });

/** Opaque to clients; the last id of a page suffices, because UUIDv7 sorts by time. */
export function encodeCursor(lastId: string): string {
  return Buffer.from(lastId).toString("base64url");
}

/** @returns the id, or null for a cursor we did not make. */
export function decodeCursor(cursor: string): string | null {
  const id = Buffer.from(cursor, "base64url").toString();
  return uuid().required().validate(id).error ? null : id;
}
