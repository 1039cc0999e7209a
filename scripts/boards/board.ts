/** The boards as Grafana is given them, and what of a panel can be drawn. */
import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { RefusedError } from "../cli.ts";
import type { GridPos } from "./layout.ts";
import { isUnit, type Unit } from "./units.ts";

const GRAFANA = path.resolve(import.meta.dirname, "../../deploy/grafana");
const BOARDS = path.join(GRAFANA, "boards");

export const BOARD_NAMES: readonly string[] = readdirSync(BOARDS)
  .filter((file) => file.endsWith(".json"))
  .map((file) => path.basename(file, ".json"));

/** How often Prometheus scrapes, as Grafana is told by its data source. */
export const SCRAPE_SECONDS = scrapeSeconds();

export interface Threshold {
  readonly color: string;
  /** From this value on; null: from the least one on. */
  readonly value: number | null;
}

export interface Target {
  readonly expr: string;
  readonly legendFormat: string;
}

export interface Panel {
  /** Board and title, for messages. */
  readonly of: string;
  readonly title: string;
  readonly type: "stat" | "timeseries";
  readonly gridPos: GridPos;
  readonly targets: readonly Target[];
  readonly unit: Unit;
  readonly min: number | null;
  readonly thresholds: readonly Threshold[];
  readonly lineWidth: number;
  /** Of 100. */
  readonly fillOpacity: number;
  readonly isStacked: boolean;
}

export interface Board {
  readonly name: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** What Grafana gives to a panel that says nothing of thresholds. */
const USUAL_THRESHOLDS: readonly Threshold[] = [
  { color: "green", value: null },
  { color: "red", value: 80 },
];

/** @throws RefusedError for a panel that can't be drawn as Grafana would. */
export const readBoards = (): Promise<Board[]> =>
  Promise.all(
    BOARD_NAMES.map(async (name) => {
      const json = JSON.parse(await readFile(path.join(BOARDS, `${name}.json`), "utf8"));
      if (json.templating?.list?.length > 0)
        throw new RefusedError(`The board ${json.title} has variables of its own, which are not known here.`);
      return {
        name,
        title: json.title,
        panels: json.panels.map((panel: PanelJson) => readPanel(json.title, panel)),
      };
    }),
  );

export interface PanelJson {
  readonly title: string;
  readonly type: string;
  readonly gridPos: GridPos;
  readonly targets?: readonly Target[];
  readonly options?: Readonly<Record<string, unknown>>;
  readonly fieldConfig?: {
    readonly defaults?: {
      readonly unit?: string;
      readonly min?: number;
      readonly thresholds?: { readonly mode: string; readonly steps: readonly Threshold[] };
      readonly custom?: {
        readonly lineWidth?: number;
        readonly fillOpacity?: number;
        readonly showPoints?: string;
        readonly stacking?: { readonly mode: string };
      };
    };
    readonly overrides?: readonly unknown[];
  };
}

/** Whatever else a panel says would be left out of its picture without a word. */
const KNOWN = {
  panel: ["id", "type", "title", "description", "datasource", "gridPos", "fieldConfig", "targets", "options"],
  target: ["refId", "expr", "legendFormat", "datasource"],
  defaults: ["unit", "min", "thresholds", "custom"],
  custom: ["lineWidth", "fillOpacity", "showPoints", "stacking"],
  options: ["reduceOptions", "colorMode", "legend", "tooltip"],
} as const;

/** @throws RefusedError which names the panel and what of it can't be drawn. */
export function readPanel(board: string, json: PanelJson): Panel {
  const of = `${board}, ${json.title}`;
  const refuse = (what: string) => {
    throw new RefusedError(`The panel "${of}" can't be drawn: ${what}.`);
  };
  const onlyKnown = (kind: keyof typeof KNOWN, given: object) => {
    const unknown = Object.keys(given).find((key) => !(KNOWN[kind] as readonly string[]).includes(key));
    if (unknown)
      refuse(`it has ${kind === "panel" ? unknown : `${kind} with ${unknown}`}, which is not known here`);
  };
  const { type, targets = [], options = {}, fieldConfig: { defaults = {}, overrides = [] } = {} } = json;
  const { custom = {}, thresholds } = defaults;
  if (type !== "stat" && type !== "timeseries") refuse(`it is a ${type}`);
  onlyKnown("panel", json);
  onlyKnown("defaults", defaults);
  onlyKnown("custom", custom);
  onlyKnown("options", options);
  for (const target of targets) onlyKnown("target", target);
  if (overrides.length > 0) refuse("it has overrides");
  const unit = defaults.unit ?? "short";
  if (!isUnit(unit)) return refuse(`its unit is ${unit}`) as never;
  const stacking = custom.stacking?.mode ?? "none";
  if (stacking !== "none" && stacking !== "normal") refuse(`it stacks by ${stacking}`);
  if (type === "timeseries" && custom.showPoints !== "never")
    refuse(`it shows points ${custom.showPoints ?? "auto"}`);
  const calcs = (options.reduceOptions as { calcs?: string[] } | undefined)?.calcs ?? ["lastNotNull"];
  if (String(calcs) !== "lastNotNull") refuse(`it shows ${calcs}`);
  if ((thresholds?.mode ?? "absolute") !== "absolute") refuse(`its thresholds are ${thresholds?.mode}`);
  return {
    of,
    title: json.title,
    type: type as Panel["type"],
    gridPos: json.gridPos,
    targets,
    unit,
    min: defaults.min ?? null,
    thresholds: thresholds?.steps ?? USUAL_THRESHOLDS,
    lineWidth: custom.lineWidth ?? 1,
    fillOpacity: custom.fillOpacity ?? 0,
    isStacked: stacking === "normal",
  };
}

/** The file is ours and simple: a line says it. */
function scrapeSeconds(): number {
  const file = path.join(GRAFANA, "provisioning/datasources/prometheus.yml");
  const [, seconds] = /^ *timeInterval: (\d+)s$/m.exec(readFileSync(file, "utf8")) ?? [];
  if (seconds === undefined) throw new Error(`${file} has no timeInterval in seconds`);
  return Number(seconds);
}
