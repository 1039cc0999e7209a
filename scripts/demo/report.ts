/** The report at the end: what happened, how long it took, what was checked, and a summary for the README. */
import os from "node:os";
import { OWN_WAIT } from "./api.ts";
import type { Check } from "./checks/check.ts";
import { type Ledger, percentile } from "./ledger.ts";
import type { DemoOptions, Scenario } from "./options.ts";
import { HANDSHAKE_WAIT } from "./stream.ts";
import type { World } from "./world.ts";

export interface Run {
  readonly options: DemoOptions;
  readonly scenario: Scenario;
  readonly world: World;
  readonly ledger: Ledger;
  readonly checks: readonly Check[];
  /** From the opening to the last word. */
  readonly seconds: number;
}

const MOST_VIOLATIONS = 5;
/** Milliseconds by which this process's own event loop was late, 99th percentile: a slow client makes slow answers. */
export const OWN_DELAY = "event loop p99";

export function writeReport(run: Run): string {
  return [
    "",
    "What happened",
    ...table(happened(run)),
    "",
    "Time to answer, in milliseconds",
    ...table(latencies(run.ledger), 1),
    "",
    ...table(codes(run.ledger), 1),
    "",
    "What must hold",
    ...run.checks.flatMap(writeCheck),
    "",
    ...summary(run),
  ].join("\n");
}

function happened({ ledger, world, seconds }: Run): string[][] {
  const total = (name: string) => number(ledger.total(name));
  const stories = world.records.flatMap((record) => record.stories);
  const admitted = stories.filter(({ admittedAt }) => admittedAt !== null).length;
  const told = (end: string) =>
    number(stories.filter((story) => story.told?.end === end && !story.bought).length);
  const frames = ledger.names("frame:").map((name) => [`  ${name}`, total(`frame:${name}`)]);
  return [
    ["fans", number(world.records.length)],
    ["joins", total("joined")],
    ["  clicked twice, one place", total("double joins")],
    ["  joined again in another tab, same place", total("joins that found their place")],
    ["  before the opening, refused", total("came too early")],
    ["reloads, place kept", total("reloads")],
    ["admitted", number(admitted)],
    ["  arrived", total("arrived")],
    ["  did not come", total("turns not taken")],
    ["left by themselves", total("left")],
    ["told that it is sold out", told("sold_out")],
    ["refused to join: sold out", number(world.records.filter((record) => record.refusedAsSoldOut).length)],
    ["told that their turn is over", told("expired")],
    ["holds", total("holds")],
    ["  refused", total("holds refused")],
    ["  clicked twice, one hold", total("double holds")],
    ["  cancelled", total("cancelled")],
    ["  lapsed", `${total("lapsed")} (${percent(ledger.total("lapsed"), ledger.total("holds"))} of holds)`],
    ["payments", total("paid")],
    ["  declined, then paid", total("declined")],
    ["  undecided at first", total("undecided at first")],
    ["  clicked twice, one payment", total("double payments")],
    ["seats sold", `${total("seats sold")} (the last after ${soldAfter(world)} s)`],
    [
      "lapsed seats free again after",
      `${quantile(ledger, "release lag", 0.5)} ms, p95 ${quantile(ledger, "release lag", 0.95)} ms`,
    ],
    ["  not seen on the map", total("lapses not seen on the map")],
    ["from the opening to the last word", `${seconds.toFixed(0)} s`],
    [
      "WebSocket frames",
      number(ledger.names("frame:").reduce((sum, name) => sum + ledger.total(`frame:${name}`), 0)),
    ],
    ...frames,
  ];
}

function latencies(ledger: Ledger): string[][] {
  const quantiles = (name: string) =>
    [0.5, 0.95, 1].map((p) => Math.round(percentile(ledger.samples(name), p) ?? 0).toString());
  const rows = [
    ...ledger.names("http:").map((name) => [name, `http:${name}`]),
    ...ledger.names("stream:").map((name) => [`${name} stream, to the first frame`, `stream:${name}`]),
  ].map(([label, name]) => {
    const values = ledger.samples(name as string);
    return [label as string, number(values.length), ...quantiles(name as string)];
  });
  const own = Math.round(ledger.samples(OWN_DELAY)[0] ?? 0);
  return [
    ["", "requests", "p50", "p95", "max"],
    ...rows,
    [
      "not in these: the wait for a connection",
      number(ledger.samples(OWN_WAIT).length),
      ...quantiles(OWN_WAIT),
    ],
    [
      "  and for the turn to open a stream",
      number(ledger.samples(HANDSHAKE_WAIT).length),
      ...quantiles(HANDSHAKE_WAIT),
    ],
    [`  and the load generator's own lag, p99 ${own} ms`, "", "", "", ""],
  ];
}

function codes(ledger: Ledger): string[][] {
  const surprises = new Map<string, number>();
  for (const { what } of ledger.surprises) surprises.set(what, (surprises.get(what) ?? 0) + 1);
  const rows = ledger
    .names("code:")
    .map((code) => [code, number(ledger.total(`code:${code}`)), number(surprises.get(code) ?? 0)]);
  return [["Refusals by code", "all", "not expected"], ...rows];
}

function writeCheck({ name, violations, note }: Check): string[] {
  if (violations.length === 0) return [`  ✔ ${name}${note ? ` (${note})` : ""}`];
  const shown = violations.slice(0, MOST_VIOLATIONS).map((violation) => `      ${violation}`);
  const more = violations.length - shown.length;
  return [`  ✘ ${name}: ${violations.length}`, ...shown, ...(more > 0 ? [`      and ${more} more`] : [])];
}

/** A block that can be pasted into the README. */
function summary({ options, scenario, world, ledger, checks }: Run): string[] {
  const { fans, seats, gateways, workers, seed, existing } = options;
  const house = existing?.url ?? `${plural(gateways, "gateway")}, ${plural(workers, "worker")}`;
  const admitted = world.records
    .flatMap((record) => record.stories)
    .filter((story) => story.admittedAt !== null);
  const failed = checks.filter(({ violations }) => violations.length > 0).length;
  const verdict =
    failed === 0 ? `all ${checks.length} checks hold` : `${failed} of ${checks.length} checks failed`;
  return [
    "```text",
    `${number(fans)} fans in ${(scenario.burstMs / 1_000).toFixed(1)} s for ${number(seats)} seats · ${house} · ${plural(os.cpus().length, "core")} · seed ${seed}`,
    `joined     ${pad(ledger.total("joined"))}   p50 ${quantile(ledger, "http:join", 0.5)} ms, p95 ${quantile(ledger, "http:join", 0.95)} ms; ${ledger.total("double joins") + ledger.total("joins that found their place")} clicked or joined twice and kept one place`,
    `admitted   ${pad(admitted.length)}   in order, nobody overtaken; paused, resumed and sped up by the operator`,
    `held       ${pad(ledger.total("holds"))}   p50 ${quantile(ledger, "http:hold", 0.5)} ms, p95 ${quantile(ledger, "http:hold", 0.95)} ms; ${number(ledger.total("holds refused"))} came too late for their seats`,
    `lapsed     ${pad(ledger.total("lapsed"))}   seats free again after p50 ${quantile(ledger, "release lag", 0.5)} ms, p95 ${quantile(ledger, "release lag", 0.95)} ms`,
    `paid       ${pad(ledger.total("paid"))}   ${number(ledger.total("seats sold"))} seats, each sold once; the last one ${soldAfter(world)} s after the opening`,
    `${failed === 0 ? "✔" : "✘"} ${verdict}`,
    "```",
  ];
}

function soldAfter({ purchases, opensAt }: World): string {
  const last = purchases.at(-1)?.at ?? opensAt;
  return ((last - opensAt) / 1_000).toFixed(0);
}

const number = (value: number) => value.toLocaleString("en");
const pad = (value: number) => number(value).padStart(6);
const plural = (value: number, noun: string) => `${value} ${noun}${value === 1 ? "" : "s"}`;
const percent = (part: number, whole: number) => `${whole === 0 ? 0 : Math.round((part / whole) * 100)} %`;

function quantile(ledger: Ledger, name: string, p: number): string {
  const value = percentile(ledger.samples(name), p);
  return value === null ? "–" : Math.round(value).toString();
}

/** @param numbersFrom the column from which on figures stand to the right. */
function table(rows: readonly (readonly string[])[], numbersFrom = Number.POSITIVE_INFINITY): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  return rows.map((row) =>
    `  ${row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column >= numbersFrom ? cell.padStart(Math.max(width, 6)) : cell.padEnd(width);
      })
      .join("  ")}`.trimEnd(),
  );
}
