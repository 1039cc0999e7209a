/** Times as Grafana takes them, and how finely it asks for a stretch of time. */

/** Milliseconds since 1970. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
/** What Grafana rounds a step to, in seconds: to the nearest of them. */
const STEPS = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1_200, 1_800, 3_600, 7_200, 10_800, 21_600];

/** @returns null for what is no time. */
export function readTime(text: string, now: number): number | null {
  const [ago, count, unit] = /^now(?:-(\d{1,6})([smhd]))?$/.exec(text) ?? [];
  if (ago !== undefined) return now - Number(count ?? 0) * (SECONDS[unit ?? "s"] ?? 0) * 1_000;
  // `Date` takes a good deal more for a time.
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text)) return null;
  const read = Date.parse(text);
  return Number.isNaN(read) ? null : read;
}

/**
 * Seconds between two points of a panel: one point a pixel, but none finer than what is scraped.
 * @param pixels how wide the panel is.
 */
export function stepFor({ from, to }: TimeRange, pixels: number, scrapeSeconds: number): number {
  const exact = (to - from) / 1_000 / pixels;
  const distance = (step: number) => Math.abs(step - exact);
  const nearest = STEPS.reduce((best, step) => (distance(step) <= distance(best) ? step : best));
  return Math.max(nearest, scrapeSeconds);
}

/** The times that Grafana asks for, in seconds: it puts both ends on multiples of the step. */
export function gridOf({ from, to }: TimeRange, step: number): number[] {
  const first = Math.floor(from / 1_000 / step);
  const last = Math.floor(to / 1_000 / step);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}

/**
 * A query with Grafana's own variables filled in.
 * @throws Error for a variable that is none of them.
 */
export function fillVariables(expr: string, step: number, scrapeSeconds: number, range: TimeRange): string {
  const values: Readonly<Record<string, string>> = {
    __interval: `${step}s`,
    __interval_ms: String(step * 1_000),
    // Long enough that four scrapes fall into it, so that one that fails leaves no gap.
    __rate_interval: `${Math.max(step + scrapeSeconds, 4 * scrapeSeconds)}s`,
    __range: `${Math.round((range.to - range.from) / 1_000)}s`,
  };
  // A $ that no name follows is the end of a regular expression, or a group of it.
  return expr.replace(/\$\{?([a-z_]\w*)\}?/gi, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`asks for ${whole}, which is not known here`);
    return value;
  });
}
