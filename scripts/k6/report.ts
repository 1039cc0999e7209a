/** `npm run k6 -- report`: every scenario several times, their medians beside the seed's figures, and where the time goes. */
import { readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { median } from "../bench/frame/rounds.ts";
import { removePlace, temporaryPlace } from "../local/places.ts";
import type { Say } from "../local/setup-error.ts";
import type { Options } from "./options.ts";
import { type Programs, type Result, runScenario } from "./run.ts";
import type { ScenarioName } from "./scenarios.ts";
import { breakDown, readSpans, toTable } from "./spans.ts";

const DOCUMENT = path.resolve(import.meta.dirname, "../../docs/load-tests.md");
/** Whatever stands above it in the document is written by hand. */
const MARK = "<!-- npm run k6 -- report writes everything below this line -->";
const HOLD = "POST /api/v1/performances/:performanceId/reservations";
const TRACED = ["seed-50", "seed-500"] as const;

interface Row {
  readonly name: ScenarioName;
  /** As the scenario's summary names it. */
  readonly figure: string;
  /** Milliseconds, of p95: what the seed project wrote down, and what we want. */
  readonly seed?: number;
  readonly aim?: number;
}

const ROWS: readonly Row[] = [
  { name: "smoke", figure: "hold" },
  { name: "seed-50", figure: "hold", seed: 21, aim: 15 },
  { name: "seed-500", figure: "hold", seed: 464, aim: 150 },
  { name: "stampede", figure: "join" },
  { name: "stampede", figure: "socket to place" },
  { name: "stampede", figure: "claim" },
  { name: "stampede", figure: "hold" },
  { name: "stampede", figure: "pay" },
  { name: "hot-seat", figure: "winners" },
  { name: "hot-seat", figure: "losers" },
  { name: "best-available-herd", figure: "hold" },
  { name: "abandon", figure: "deadline to release" },
  { name: "reconnect-storm", figure: "place known again" },
];
const STATS = ["med", "p(95)", "p(99)", "max"] as const;
const HEAD = ["scenario", "what", "p50", "p95", "p99", "max", "p95 of each round", "seed's p95", "aim"];

export async function writeReport(
  options: Options,
  programs: Programs,
  stop: AbortSignal,
  say: Say,
): Promise<void> {
  const results = new Map<ScenarioName, Result[]>();
  const broken: string[] = [];
  /** One run that could not be made must not cost the others. */
  const attempt = async (name: ScenarioName, changes: Partial<Options>): Promise<Result[]> => {
    try {
      return [await runScenario(name, { ...options, ...changes }, programs, stop, say)];
    } catch (fault) {
      if (stop.aborted) throw fault;
      broken.push(`- **${name}** could not be run: ${(fault as Error).message}`);
      say(broken.at(-1) as string);
      return [];
    }
  };
  for (const name of new Set(ROWS.map((row) => row.name))) {
    const rounds: Result[] = [];
    results.set(name, rounds);
    // A threshold on time that is not met is what the table shows; it does not end the report.
    for (let round = 1; round <= options.rounds; round += 1) {
      say(`\n— ${name}, round ${round} of ${options.rounds}`);
      rounds.push(...(await attempt(name, {})));
    }
  }
  const killed = await attempt("stampede", { killWorker: true });
  const written = [
    ...facts([...results.values()].flat()),
    "",
    ...markdown([HEAD, ...ROWS.map((row) => cells(row, results.get(row.name) ?? []))]),
    "",
    ...[...results].map(([name, rounds]) => verdict(name, rounds)),
    verdict("stampede, a worker killed in the middle", killed),
    ...broken,
    "",
    ...(await whereTheTimeGoes(attempt)),
  ];
  if (options.isSmall) say(`\n${written.join("\n")}`);
  else await write(written, say);
  const failed = [...results.values(), killed]
    .flat()
    .some(({ checks }) => checks.some(({ violations }) => violations.length > 0));
  if (failed || broken.length > 0) process.exitCode = 1;
}

async function write(written: readonly string[], say: Say): Promise<void> {
  const [kept = ""] = (await readFile(DOCUMENT, "utf8")).split(MARK);
  await writeFile(DOCUMENT, `${kept.trimEnd()}\n\n${MARK}\n\n${written.join("\n")}\n`);
  say(`\n${written.join("\n")}\n\nWritten to docs/load-tests.md`);
}

function facts(results: readonly Result[]): string[] {
  const [first] = results;
  const cores = os.cpus();
  return [
    `- ${cores[0]?.model.trim() ?? "unknown"}, ${cores.length} cores, ${Math.round(os.totalmem() / 2 ** 30)} GiB; Fast Pass, PostgreSQL, Redis and k6 share them`,
    `- ${Object.entries(first?.versions ?? {})
      .map(([what, version]) => `${what} ${version}`)
      .join(", ")}`,
    `- Load before a run: ${results.map(({ loadBefore }) => loadBefore.toFixed(1)).join(", ")}`,
  ];
}

function cells({ name, figure, seed, aim }: Row, rounds: readonly Result[]): string[] {
  const values = rounds.map(({ figures }) => figures[figure] ?? {});
  const medians = STATS.map((stat) => ms(median(values.map((value) => value[stat] ?? Number.NaN))));
  const each = values.map((value) => ms(value["p(95)"] ?? Number.NaN)).join(", ");
  return [name, figure, ...medians, each, seed ? `${seed} ms` : "", aim ? `< ${aim} ms` : ""];
}

/** What was counted in all rounds, and what was wrong. */
function verdict(name: string, rounds: readonly Result[]): string {
  const sum = (label: string) =>
    rounds.reduce((total, { figures }) => total + (figures[label]?.count ?? 0), 0);
  const counted = ["fans served", "seats won", "holds lapsed", "places kept", "places told"]
    .map((label) => ({ label, count: sum(label) }))
    .filter(({ count }) => count > 0)
    .map(({ label, count }) => `${count.toLocaleString("en")} ${label}`);
  const broken = rounds.flatMap(({ checks }) => checks).filter(({ violations }) => violations.length > 0);
  const lost = sum("fans lost") + sum("places that rose");
  return [
    `- **${name}**: ${[...counted, `${sum("wrong answers")} wrong answers`, `${lost} places lost or worse`].join(", ")};`,
    broken.length === 0
      ? "every check of the books holds."
      : `broken: ${broken.map((one) => one.name).join("; ")}.`,
  ].join(" ");
}

async function whereTheTimeGoes(
  attempt: (name: ScenarioName, changes: Partial<Options>) => Promise<readonly Result[]>,
): Promise<string[]> {
  const place = await temporaryPlace("k6-traces");
  const lines = ["## Where the time goes", ""];
  try {
    for (const name of TRACED) {
      const traces = path.join(place, `${name}.jsonl`);
      if ((await attempt(name, { traces })).length === 0) continue;
      const rows = toTable(breakDown(await readSpans(traces), HOLD));
      lines.push(`A hold in \`${name}\`, traced (which itself costs time):`, "", ...markdown(rows), "");
      await rm(traces);
    }
  } finally {
    await removePlace(place);
  }
  return lines;
}

function markdown([head = [], ...rows]: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`);
}

function ms(value: number): string {
  if (!Number.isFinite(value)) return "–";
  return `${value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("en")} ms`;
}
