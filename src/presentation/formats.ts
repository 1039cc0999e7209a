/** Numbers, money, dates and spans of time as a reader of the language writes them. All through `Intl`. */
import type { Language } from "./language.ts";

const LOCALES: Readonly<Record<Language, string>> = { en: "en", ko: "ko-KR" };

/** Making a formatter costs more than a thousand uses of it. */
const kept = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();

function numbers(language: Language, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `n${language}${JSON.stringify(options)}`;
  const known = kept.get(key) as Intl.NumberFormat | undefined;
  const format = known ?? new Intl.NumberFormat(LOCALES[language], options);
  kept.set(key, format);
  return format;
}

function dates(language: Language, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `d${language}${JSON.stringify(options)}`;
  const known = kept.get(key) as Intl.DateTimeFormat | undefined;
  const format = known ?? new Intl.DateTimeFormat(LOCALES[language], options);
  kept.set(key, format);
  return format;
}

export function formatNumber(value: number, language: Language): string {
  return numbers(language, {}).format(value);
}

/** @param amount in the currency's minor unit, whose size `Intl` knows. */
export function formatMoney(amount: number, currency: string, language: Language): string {
  const format = numbers(language, { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 0;
  return format.format(amount / 10 ** digits);
}

/** Newer locale data write AM and PM in Korean dates, older ones what Koreans do; pages and servers must agree. */
const DAY_PERIODS: Readonly<Partial<Record<Language, Readonly<Record<string, string>>>>> = {
  ko: { AM: "오전", PM: "오후" },
};

function withDayPeriod(language: Language, at: string | Date, options: Intl.DateTimeFormatOptions): string {
  return dates(language, options)
    .formatToParts(new Date(at))
    .map(({ type, value }) => (type === "dayPeriod" && DAY_PERIODS[language]?.[value]) || value)
    .join("");
}

/**
 * Day and time.
 * @param timeZone IANA name of the place it happens at; the reader's own zone, named, when it is null.
 */
export function formatDateTime(
  at: string | Date,
  language: Language,
  timeZone: string | null = null,
): string {
  return withDayPeriod(language, at, {
    year: "numeric",
    month: "long",
    day: "numeric",
    weekday: "short",
    hour: "numeric",
    minute: "2-digit",
    timeZone: timeZone ?? undefined,
    timeZoneName: "short",
  });
}

/**
 * The time of day, with seconds: for what has just happened.
 * @param timeZone as for `formatDateTime`; where a server writes it, it does not know the reader's own.
 */
export function formatTime(at: string | Date, language: Language, timeZone: string | null = null): string {
  return withDayPeriod(language, at, {
    hour: "numeric",
    minute: "2-digit",
    second: "2-digit",
    ...(timeZone === null ? {} : { timeZone, timeZoneName: "short" }),
  });
}

/** `4:05`, `1:04:05`; whole days are said in front. @param seconds below zero count as zero. */
export function formatCountdown(seconds: number, language: Language): string {
  const whole = Math.max(0, Math.ceil(seconds));
  const days = Math.floor(whole / 86_400);
  const hours = Math.floor((whole % 86_400) / 3_600);
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor((whole % 3_600) / 60);
  const clock =
    days > 0 || hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
  return days > 0 ? `${formatDuration(days * 86_400, language)} ${clock}` : clock;
}

/**
 * A wait as a span: from the middle estimate to the one that nine of ten do not exceed.
 * @param eta null: nobody knows yet.
 */
export function formatWait(
  eta: { readonly p50Seconds: number; readonly p90Seconds: number } | null,
  words: WaitWords,
  language: Language,
): string {
  if (!eta) return words.waitUnknown;
  const minutes = (seconds: number) => Math.ceil(seconds / 60) * 60;
  const [from, to] = [minutes(eta.p50Seconds), minutes(eta.p90Seconds)];
  if (to <= 60) return words.waitLess;
  if (from === to) return words.waitAbout(formatDuration(to, language));
  if (to < 3_600)
    return numbers(language, { style: "unit", unit: "minute", unitDisplay: "long" }).formatRange(
      Math.max(1, from / 60),
      to / 60,
    );
  return words.waitSpan(formatDuration(Math.max(60, from), language), formatDuration(to, language));
}

export interface WaitWords {
  readonly waitUnknown: string;
  readonly waitLess: string;
  waitAbout(span: string): string;
  waitSpan(from: string, to: string): string;
}

const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;

/** `4 minutes`, `1 hr 20 min`: the two largest units that are not zero. */
export function formatDuration(seconds: number, language: Language): string {
  const whole = Math.max(0, Math.round(seconds));
  const first = UNITS.findIndex(([, size]) => whole >= size);
  if (first < 0) return unit(0, "second", "long", language);
  const [name, size] = UNITS[first] as (typeof UNITS)[number];
  const count = Math.floor(whole / size);
  const next = UNITS[first + 1];
  const rest = next ? Math.floor((whole % size) / next[1]) : 0;
  if (!next || rest === 0) return unit(count, name, "long", language);
  return `${unit(count, name, "short", language)} ${unit(rest, next[0], "short", language)}`;
}

function unit(value: number, name: string, unitDisplay: "long" | "short", language: Language): string {
  return numbers(language, { style: "unit", unit: name, unitDisplay }).format(value);
}
