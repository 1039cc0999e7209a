/**
 * Thresholds, and the summary at the end: a table for people, the same figures as JSON.
 *
 * Every scenario has the thresholds of correctness; those of speed count only where the runner says so, because a
 * busy machine makes slow answers and no wrong ones.
 */
import { facts } from "./stage.ts";

export type Thresholds = Record<string, string[]>;

/** @param speed such as `{"http_req_duration{name:hold}": ["p(95)<150"]}`. */
export function thresholds(correct: Thresholds, speed: Thresholds): Thresholds {
  return {
    wrong_answers: ["count==0"],
    checks: ["rate==1"],
    ...correct,
    ...(facts.judgeSpeed ? speed : shown(speed)),
  };
}

/** k6 keeps apart only what a threshold names; these are always met. */
function shown(speed: Thresholds): Thresholds {
  return Object.fromEntries(Object.keys(speed).map((metric) => [metric, ["max>=0"]]));
}

/** Submetrics that shall stand in the summary. */
export const show = (...metrics: readonly string[]): Thresholds =>
  Object.fromEntries(metrics.map((metric) => [metric, ["max>=0"]]));

export const TREND_STATS = ["count", "avg", "med", "p(95)", "p(99)", "max"];

interface Metric {
  readonly type: string;
  readonly values: Readonly<Record<string, number>>;
  readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>;
}

interface Data {
  readonly metrics: Readonly<Record<string, Metric>>;
  readonly state: { readonly testRunDurationMs: number };
}

/** @param rows what to show, by metric and label. */
export function summary(rows: readonly (readonly [metric: string, label: string])[]) {
  return ({ metrics, state }: Data): Record<string, string> => {
    const missed = Object.entries(metrics).flatMap(([metric, { thresholds: set = {} }]) =>
      Object.entries(set).flatMap(([rule, { ok }]) => (ok ? [] : [`${metric} ${rule}`])),
    );
    const figures = Object.fromEntries(
      rows.flatMap(([metric, label]) => (metrics[metric] ? [[label, metrics[metric].values]] : [])),
    );
    const seconds = state.testRunDurationMs / 1_000;
    return {
      stdout: [...table(figures), ...missed.map((rule) => `✘ ${rule}`), ""].join("\n"),
      [facts.resultFile]: JSON.stringify(
        { name: facts.name, size: facts.size, seconds, figures, missed },
        null,
        2,
      ),
    };
  };
}

const HEAD = ["", "count", "p50", "p95", "p99", "max"];

function table(figures: Readonly<Record<string, Metric["values"]>>): string[] {
  const lines = Object.entries(figures).map(([label, values]) => [label, ...cells(values)]);
  const widths = HEAD.map((_, column) =>
    Math.max(...[HEAD, ...lines].map((line) => (line[column] ?? "").length)),
  );
  return [HEAD, ...lines].map((line) =>
    line
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[column] as number),
      )
      .join("  ")
      .trimEnd(),
  );
}

/** A trend's times in milliseconds, a rate in per cent, a counter. */
function cells(values: Metric["values"]): string[] {
  if (values.rate !== undefined && values.passes !== undefined)
    return [`${(values.rate * 100).toFixed(1)} %`];
  if (values.med === undefined) return [String(values.count ?? values.value ?? "")];
  const ms = ["med", "p(95)", "p(99)", "max"].map((stat) => short(values[stat] ?? 0));
  return [String(values.count ?? ""), ...ms];
}

const short = (ms: number) => (ms < 10 ? ms.toFixed(1) : String(Math.round(ms)));
