/** The queries of boards and alerts, and which metrics and labels they name. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

export const DEPLOY = path.resolve(import.meta.dirname, "../../deploy");
const BOARDS = path.join(DEPLOY, "grafana/boards");

export interface Query {
  /** The board and panel, or the alert. */
  readonly of: string;
  readonly text: string;
}

export interface Board {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly {
    readonly type: string;
    readonly title: string;
    readonly description: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly datasource: { readonly uid: string };
    readonly fieldConfig: { readonly defaults: { readonly thresholds?: object } };
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

export const boards = (): readonly Board[] =>
  readdirSync(BOARDS).map((file) => JSON.parse(readFileSync(path.join(BOARDS, file), "utf8")));

/** Grafana's own variable is a length of time. */
const filled = (expr: string) => expr.replaceAll("$__rate_interval", "1m");

export const boardQueries = (): readonly Query[] =>
  boards().flatMap(({ title, panels }) =>
    panels.flatMap((panel) =>
      panel.targets.map(({ expr }) => ({ of: `${title}, ${panel.title}`, text: filled(expr) })),
    ),
  );

export interface Alert extends Query {
  readonly severity: string;
  readonly runbook: string;
}

/** The file is ours and simple: each key of an alert on a line of its own. */
export function alerts(): readonly Alert[] {
  const text = readFileSync(path.join(DEPLOY, "prometheus/alerts.yml"), "utf8");
  return text
    .split(/^ {6}- alert: /m)
    .slice(1)
    .map((block) => {
      const value = (key: string) => new RegExp(`^ +${key}: (.+)$`, "m").exec(block)?.[1] ?? "";
      return {
        of: block.split("\n", 1)[0] ?? "",
        text: value("expr"),
        severity: value("severity"),
        runbook: value("runbook"),
      };
    });
}

/** Words of PromQL that are no metrics: those before a parenthesis are functions and found by that. */
const WORDS = new Set([
  "and",
  "or",
  "unless",
  "bool",
  "offset",
  "ignoring",
  "on",
  "group_left",
  "group_right",
]);

export interface Named {
  readonly metric: string;
  /** Asked for in braces. */
  readonly labels: readonly string[];
}

export function metricsIn(query: string): Named[] {
  const bare = query.replace(/\b(by|without|on|ignoring)\s*\([^)]*\)/g, " ").replace(/\[[^\]]*\]/g, " ");
  // What stands in braces is taken together with the name before them, so nothing inside is taken for a name.
  return [...bare.matchAll(/([a-zA-Z_:][\w:]*)(\{[^}]*\})?(\s*\()?/g)]
    .filter(([, name = "", , isCalled]) => !isCalled && !WORDS.has(name))
    .map(([, metric = "", braces = ""]) => ({
      metric,
      labels: [...braces.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label as string),
    }));
}

/** The labels by which it sums. */
export const groupings = (query: string): string[] =>
  [...query.matchAll(/\b(?:by|without)\s*\(([^)]*)\)/g)].flatMap(([, list = ""]) =>
    list.split(",").map((label) => label.trim()),
  );
