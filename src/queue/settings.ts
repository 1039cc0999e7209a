/**
 * What an operator decides about a queue: when it opens, how fast it admits, how long a turn lasts.
 *
 * One type, its bounds as joi schemas (which are also the API's documentation), and the rules that span
 * several fields. Times are kept in one form, UTC with milliseconds, so that equal settings are equal strings.
 */
import Joi, { type ObjectSchema } from "joi";
import type { FieldError } from "../platform/errors.ts";
import { durationSeconds, isInstant, timestamp } from "../platform/http/schemas.ts";

export interface QueueSettings {
  /** From then on fans may wait for the draw; null: there is no lobby, the line starts at `opensAt`. */
  readonly lobbyOpensAt: string | null;
  /** Admissions start. */
  readonly opensAt: string;
  /** Joins and admissions end by themselves; null: only an operator closes. */
  readonly closesAt: string | null;
  /** Admissions in any rolling minute, at most. In mode `auto`: where the automatic rate starts from. */
  readonly ratePerMinute: number;
  /** Fans admitted or inside at once, at most. */
  readonly maxActive: number;
  /** How long an admission may go unclaimed. */
  readonly arrivalSeconds: number;
  /** How long a claimed admission lasts. */
  readonly sessionSeconds: number;
  /** How long a fan who is away keeps the front once passed over. */
  readonly graceSeconds: number;
  /** Fans admitted per available seat: above 1 because some leave without buying. */
  readonly overbook: number;
  /** `fixed`: `ratePerMinute` as it stands; `auto`: moved between the two bounds by how the checkout copes. */
  readonly mode: "fixed" | "auto";
  readonly minRatePerMinute: number;
  readonly maxRatePerMinute: number;
  /** The 95th percentile of a hold's duration that mode `auto` steers for. */
  readonly targetHoldP95Ms: number;
}

/** The most that may be admitted in any minute. */
export function mostPerMinute(settings: QueueSettings): number {
  return settings.mode === "auto" ? settings.maxRatePerMinute : settings.ratePerMinute;
}

/** What the creation of a performance says of its queue; the rest has defaults. */
export type NewQueueSettings = Pick<
  QueueSettings,
  "opensAt" | "ratePerMinute" | "maxActive" | "arrivalSeconds" | "sessionSeconds" | "graceSeconds"
> &
  Partial<Pick<QueueSettings, "lobbyOpensAt" | "closesAt" | "overbook">>;

export type QueuePatch = Partial<QueueSettings>;

export const DEFAULT_OVERBOOK = 1.5;
const DEFAULT_TARGET_HOLD_P95_MS = 500;
const rate = () => Joi.number().integer().min(1).max(60_000);

/** A fresh copy each: joi schemas are cheap to make and the two users differ in what is required. */
function fields(limits: boolean) {
  return {
    lobbyOpensAt: timestamp().allow(null),
    opensAt: timestamp(),
    closesAt: timestamp().allow(null),
    ratePerMinute: rate().description("admissions in any rolling minute"),
    maxActive: Joi.number().integer().min(1).max(1_000_000).description("fans admitted or inside at once"),
    arrivalSeconds: durationSeconds(limits, 15, 3_600).description("how long an admission may go unclaimed"),
    sessionSeconds: durationSeconds(limits, 30, 7_200).description("how long a claimed admission lasts"),
    graceSeconds: durationSeconds(limits, 15, 3_600).description("how long an absent fan keeps the front"),
    overbook: Joi.number().min(0.1).max(10).description("fans admitted per available seat"),
    mode: Joi.string().valid("fixed", "auto"),
    minRatePerMinute: rate().description("lower bound in mode auto"),
    maxRatePerMinute: rate().description("upper bound in mode auto"),
    targetHoldP95Ms: Joi.number().integer().min(10).max(60_000).description("milliseconds; steers mode auto"),
  };
}

/** The `queue` member of a new performance. */
export function queueSettingsSchema(limits: boolean): ObjectSchema {
  const { mode, minRatePerMinute, maxRatePerMinute, targetHoldP95Ms, ...all } = fields(limits);
  return Joi.object({
    ...all,
    opensAt: all.opensAt.required(),
    ratePerMinute: all.ratePerMinute.required(),
    maxActive: all.maxActive.required(),
    arrivalSeconds: all.arrivalSeconds.required(),
    sessionSeconds: all.sessionSeconds.required(),
    graceSeconds: all.graceSeconds.required(),
  });
}

/** Any of the settings; a null takes `lobbyOpensAt` or `closesAt` away. */
export function queuePatchSchema(limits: boolean): ObjectSchema {
  return Joi.object(fields(limits));
}

/** The settings as an answer shows them. */
export function queueSettingsView(): ObjectSchema {
  const all = fields(false);
  return Joi.object(Object.fromEntries(Object.entries(all).map(([name, field]) => [name, field.required()])));
}

export type SettingsOutcome =
  | { readonly ok: true; readonly settings: QueueSettings }
  | { readonly ok: false; readonly errors: FieldError[] };

/**
 * The settings of a new queue, with the defaults filled in. The bounds of mode `auto` start as 1 and
 * `ratePerMinute`, so that switching it on never admits faster than the operator once said.
 * @param prefix put before each path of a refusal, such as `queue.`.
 */
export function newSettings(input: NewQueueSettings, prefix = ""): SettingsOutcome {
  const defaults = {
    lobbyOpensAt: null,
    closesAt: null,
    overbook: DEFAULT_OVERBOOK,
    mode: "fixed",
    minRatePerMinute: 1,
    maxRatePerMinute: input.ratePerMinute,
    targetHoldP95Ms: DEFAULT_TARGET_HOLD_P95_MS,
  } as const;
  return settle({ ...defaults, ...input }, prefix);
}

/** The settings after a patch, or what is wrong with them as a whole; each field alone was checked by the schema. */
export function applyPatch(settings: QueueSettings, patch: QueuePatch): SettingsOutcome {
  return settle({ ...settings, ...patch }, "");
}

function settle(settings: QueueSettings, prefix: string): SettingsOutcome {
  const errors = checkAsWhole(settings).map(({ path, message }) => ({ path: prefix + path, message }));
  return errors.length > 0 ? { ok: false, errors } : { ok: true, settings: normalise(settings) };
}

function checkAsWhole(settings: QueueSettings): FieldError[] {
  const errors: FieldError[] = [];
  const refuse = (path: string, message: string) => errors.push({ path, message });
  for (const name of ["lobbyOpensAt", "opensAt", "closesAt"] as const) {
    const value = settings[name];
    if (value !== null && !isInstant(value))
      refuse(name, `${name} must be a date of the calendar from 1970 on`);
  }
  if (errors.length > 0) return errors;
  const opensAt = Date.parse(settings.opensAt);
  if (settings.lobbyOpensAt !== null && Date.parse(settings.lobbyOpensAt) > opensAt) {
    refuse("lobbyOpensAt", "lobbyOpensAt must not be after opensAt");
  }
  if (settings.closesAt !== null && Date.parse(settings.closesAt) <= opensAt) {
    refuse("closesAt", "closesAt must be after opensAt");
  }
  if (settings.minRatePerMinute > settings.maxRatePerMinute) {
    refuse("minRatePerMinute", "minRatePerMinute must not be above maxRatePerMinute");
  }
  return errors;
}

function normalise(settings: QueueSettings): QueueSettings {
  const utc = (text: string) => new Date(text).toISOString();
  return {
    ...settings,
    lobbyOpensAt: settings.lobbyOpensAt === null ? null : utc(settings.lobbyOpensAt),
    opensAt: utc(settings.opensAt),
    closesAt: settings.closesAt === null ? null : utc(settings.closesAt),
  };
}
