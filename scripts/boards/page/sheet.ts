/** Draws a board into the page it runs in. */
import uPlot from "uplot";
import type { Drawing, Graph, Line } from "../panel.ts";
import type { Sheet } from "../studio.ts";
import { formatTick } from "../units.ts";

export { reduceColours } from "./colours.ts";

const GRID = "#2b2d33";
const TEXT = "#9fa0a8";
const FONT = '11px "DejaVu Sans", Inter, Arial, sans-serif';
const POWERS_OF_TWO = Array.from({ length: 50 }, (_, power) => 2 ** power);
const MARGIN = 8;
/** How wide a time below the axis is; half of the last one stands out. */
const LAST_TIME = 52;

export function draw({ title, from, to, panels }: Sheet): void {
  const header = child(document.body, "header");
  child(header, "h1").textContent = title;
  child(header, "span").textContent = `${clock(from, "date")} ${clock(from)} to ${clock(to)} UTC`;
  const main = child(document.body, "main");
  const bottom = Math.max(...panels.map(({ box }) => box.top + box.height));
  main.style.height = `${bottom + MARGIN}px`;
  for (const panel of panels) drawPanel(main, panel, [from / 1_000, to / 1_000]);
}

function drawPanel(main: HTMLElement, { title, box, stat, graph }: Drawing, span: [number, number]): void {
  const section = child(main, "section");
  for (const [side, pixels] of Object.entries(box)) section.style.setProperty(side, `${pixels}px`);
  child(section, "h2").textContent = title;
  if (graph === null) {
    child(section, "p", "none").textContent = "no data";
    return;
  }
  if (stat !== null) {
    const value = child(section, "p", "value");
    value.textContent = stat;
    value.style.color = graph.lines[0]?.colour ?? "";
  }
  const place = child(section, "div", "plot");
  if (stat === null) writeLegend(section, graph.lines);
  const size = { width: place.clientWidth, height: place.clientHeight };
  const hasAxes = stat === null;
  new uPlot(options(graph, span, size, hasAxes), [[...graph.times], ...heights(graph)], place);
}

function options(
  { lines, unit, min, lineWidth, fill, isStacked }: Graph,
  span: [number, number],
  size: { width: number; height: number },
  hasAxes: boolean,
): uPlot.Options {
  const axis = { stroke: TEXT, font: FONT, grid: { stroke: GRID, width: 1 }, ticks: { show: false } };
  return {
    ...size,
    legend: { show: false },
    cursor: { show: false },
    padding: hasAxes ? [8, LAST_TIME / 2, 0, 0] : [2, 0, 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), "UTC"),
    scales: {
      x: { range: span },
      y: { range: (_, least, most) => reach(min === null ? least : Math.min(min, least), most) },
    },
    axes: hasAxes
      ? [
          { ...axis, size: 22, values: (_, ticks) => ticks.map((tick) => clock(tick * 1_000)), space: 80 },
          {
            ...axis,
            values: (_, ticks) => ticks.map((tick) => formatTick(tick, unit)),
            size: (_, texts) => 16 + 7 * Math.max(...(texts ?? [""]).map(({ length }) => length)),
            ...(unit === "bytes" ? { incrs: POWERS_OF_TWO } : {}),
            space: 26,
          },
        ]
      : [{ show: false }, { show: false }],
    series: [
      {},
      ...lines.map(({ colour }) => ({
        stroke: colour,
        width: lineWidth,
        fill: `${colour}${Math.round(fill * 255)
          .toString(16)
          .padStart(2, "0")}`,
        // showPoints is "never" on every board.
        points: { show: false },
      })),
    ],
    // Each fills down to the one below it.
    bands: isStacked ? lines.slice(1).map((_, index) => ({ series: [index + 2, index + 1] })) : [],
  };
}

/** The least and the greatest of the axis: no line touches the top, and one of zeros lies at the bottom. */
function reach(least: number, most: number): [number, number] {
  return [least, most > least ? most + (most - least) * 0.08 : least + 1];
}

/** How high each line is: of a stack, what lies below it is added. */
function heights({ times, lines, isStacked }: Graph): (number | null)[][] {
  if (!isStacked) return lines.map(({ values }) => [...values]);
  const sums: (number | null)[] = times.map((_, at) =>
    lines.every(({ values }) => values[at] === null) ? null : 0,
  );
  return lines.map(({ values }) => {
    for (const [at, sum] of sums.entries()) if (sum !== null) sums[at] = sum + (values[at] ?? 0);
    return [...sums];
  });
}

/** As many names as find room, and how many do not. */
function writeLegend(section: HTMLElement, lines: readonly Line[]): void {
  const legend = child(section, "div", "legend");
  const entries = lines.map(({ name, colour }) => {
    const entry = child(legend, "span");
    child(entry, "i").style.background = colour;
    entry.append(name);
    return entry;
  });
  const rest = child(legend, "span");
  for (let left = 1; legend.scrollHeight > legend.clientHeight && entries.length > 0; left += 1) {
    entries.pop()?.remove();
    rest.textContent = `and ${left} more`;
  }
}

function clock(milliseconds: number, part: "time" | "date" = "time"): string {
  const iso = new Date(milliseconds).toISOString();
  return part === "date" ? iso.slice(0, 10) : iso.slice(11, 19);
}

function child<Name extends keyof HTMLElementTagNameMap>(
  parent: HTMLElement,
  name: Name,
  className = "",
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  element.className = className;
  parent.append(element);
  return element;
}
