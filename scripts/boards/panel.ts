/** A panel with its data, as the page is given it to draw. */
import { RefusedError } from "../cli.ts";
import type { Panel, Target, Threshold } from "./board.ts";
import { type Box, boxOf } from "./layout.ts";
import { queryRange, type Series } from "./prometheus.ts";
import { fillVariables, gridOf, stepFor, type TimeRange } from "./time.ts";
import { format, type Unit } from "./units.ts";

export interface Line {
  readonly name: string;
  readonly colour: string;
  readonly values: readonly (number | null)[];
}

export interface Graph {
  /** In seconds since 1970. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly unit: Unit;
  readonly min: number | null;
  readonly lineWidth: number;
  /** Of 1. */
  readonly fill: number;
  readonly isStacked: boolean;
}

export interface Drawing {
  readonly title: string;
  readonly box: Box;
  /** Of a panel that shows one value: it, as it is written. */
  readonly stat: string | null;
  /** null: there is no data. */
  readonly graph: Graph | null;
}

/** Grafana's classic palette, in its order. */
const PALETTE = [
  ...["#7EB26D", "#EAB839", "#6ED0E0", "#EF843C", "#E24D42", "#1F78C1", "#BA43A9", "#705DA0"],
  ...["#508642", "#CCA300", "#447EBC", "#C15C17", "#890F02", "#0A437C", "#6D1F62", "#584477"],
  ...["#B7DBAB", "#F4D598", "#70DBED", "#F9BA8F", "#F29191", "#82B5D8", "#E5A8E2", "#AEA2E0"],
];
const NAMED: Readonly<Record<string, string>> = {
  green: "#73BF69",
  orange: "#FF9830",
  red: "#F2495C",
  text: "#CCCCDC",
};
const SPARK_FILL = 0.15;

/** @throws RefusedError which names the panel, when it can't be filled. */
export async function fillPanel(
  panel: Panel,
  prometheus: URL,
  range: TimeRange,
  scrapeSeconds: number,
): Promise<Drawing> {
  const box = boxOf(panel.gridPos);
  const step = stepFor(range, box.width, scrapeSeconds);
  const times = gridOf(range, step);
  try {
    const found = await Promise.all(
      panel.targets.map(async (target) => {
        const query = fillVariables(target.expr, step, scrapeSeconds, range);
        return named(target, await queryRange(prometheus, query, times, step));
      }),
    );
    return { title: panel.title, box, ...contents(panel, times, found.flat()) };
  } catch (fault) {
    throw new RefusedError(`The panel "${panel.of}" can't be drawn: ${(fault as Error).message}.`, {
      cause: fault,
    });
  }
}

export interface NamedSeries {
  readonly name: string;
  readonly values: Series["values"];
}

/** @throws Error for several series in a panel that shows one value. */
export function contents(
  panel: Panel,
  times: readonly number[],
  series: readonly NamedSeries[],
): Pick<Drawing, "stat" | "graph"> {
  // A series of gaps alone has nothing to show.
  const shown = series.filter(({ values }) => values.some((value) => value !== null));
  if (shown.length === 0) return { stat: null, graph: null };
  const { unit, min, lineWidth, fillOpacity, isStacked } = panel;
  if (panel.type === "timeseries") {
    const lines = shown.map((each, index) => ({ ...each, colour: PALETTE[index % PALETTE.length] ?? "" }));
    return { stat: null, graph: { times, lines, unit, min, lineWidth, fill: fillOpacity / 100, isStacked } };
  }
  const [only, ...more] = shown;
  if (!only || more.length > 0) throw new Error(`it shows one value and has ${shown.length} series`);
  const value = only.values.findLast((each) => each !== null) ?? 0;
  const lines = [{ ...only, colour: colourAt(value, panel.thresholds) }];
  return {
    stat: format(value, unit),
    graph: { times, lines, unit, min, lineWidth: 1, fill: SPARK_FILL, isStacked: false },
  };
}

/** What a legend calls each series; one without the label that is asked for has nothing in its place. */
export function named({ legendFormat, expr }: Target, series: readonly Series[]): NamedSeries[] {
  return series.map(({ labels, values }) => ({
    name: legendFormat.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label: string) => labels[label] ?? "") || expr,
    values,
  }));
}

/** Of the last threshold that the value has reached. */
export function colourAt(value: number, thresholds: readonly Threshold[]): string {
  const color = thresholds.findLast((step) => step.value === null || value >= step.value)?.color ?? "text";
  const colour = color.startsWith("#") ? color : NAMED[color];
  if (!colour) throw new Error(`a threshold is ${color}, which is no colour known here`);
  return colour;
}
