/** The table, for a terminal and for the documentation. */
import type { Goal, Row } from "./bench.ts";
import { median } from "./rounds.ts";
import type { Finding } from "./run.ts";

export interface Judged {
  readonly ours: number;
  readonly baseline: number | null;
  /** Of the medians; the value itself when there is no baseline. */
  readonly ratio: number;
  readonly least: number;
  readonly most: number;
  readonly met: boolean | null;
}

export function judge({ ours, baseline, goal }: Row): Judged {
  const each = baseline === null ? ours : ours.map((value, round) => value / (baseline[round] as number));
  const middle = baseline === null ? null : median(baseline);
  const ratio = middle === null ? median(ours) : median(ours) / middle;
  return {
    ours: median(ours),
    baseline: middle,
    ratio,
    least: Math.min(...each),
    most: Math.max(...each),
    met: goal === null ? null : isMet(goal, ratio),
  };
}

function isMet({ kind, value }: Goal, ratio: number): boolean {
  return kind === "at least" ? ratio >= value : ratio <= value;
}

/** Four digits that matter. */
export function format(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString("en");
  return String(Number(value.toPrecision(3)));
}

export function describeGoal(goal: Goal | null): string {
  if (goal === null) return "published";
  return `${goal.kind === "at least" ? "≥" : "≤"} ${goal.value}`;
}

const MET = new Map([
  [true, "yes"],
  [false, "**no**"],
  [null, "–"],
]);

const HEAD = ["id", "what", "ours", "baseline", "ratio [min–max]", "goal", "met"];

function cells(row: Row): string[] {
  const { ours, baseline, ratio, least, most, met } = judge(row);
  return [
    row.id,
    row.what,
    `${format(ours)} ${row.unit}`,
    baseline === null ? "–" : `${format(baseline)} ${row.unit}`,
    `${format(ratio)} [${format(least)}–${format(most)}]`,
    describeGoal(row.goal),
    MET.get(met) ?? "–",
  ];
}

export function toMarkdownTable(rows: readonly Row[]): string {
  const lines = [HEAD, HEAD.map(() => "---"), ...rows.map(cells)];
  return lines.map((line) => `| ${line.join(" | ")} |`).join("\n");
}

/** Aligned columns. */
export function toTerminalTable(rows: readonly Row[]): string {
  const lines = [HEAD, ...rows.map((row) => cells(row).map((cell) => cell.replaceAll("*", "")))];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] as number))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

export function rowLine(row: Row): string {
  const [id, what, ours, baseline, ratio, goal, met] = cells(row);
  return `${id}  ${what}: ours ${ours}, baseline ${baseline}, ratio ${ratio}, goal ${goal}, met ${met}`;
}

function roundsOf({ id, what, unit, ours, baseline }: Row): string {
  const pairs = ours.map((value, round) =>
    baseline === null ? format(value) : `${format(value)} : ${format(baseline[round] as number)}`,
  );
  return `- **${id}** ${what} (${unit}${baseline === null ? "" : ", ours : baseline"}): ${pairs.join("; ")}`;
}

export interface Report {
  readonly findings: readonly Finding[];
  readonly facts: Readonly<Record<string, string>>;
  readonly rounds: number;
  readonly seconds: number;
  readonly ceiling: number;
}

/** The generated part of docs/benchmarks.md. */
export function toDocument({ findings, facts, rounds, seconds, ceiling }: Report): string {
  const rows = findings.flatMap((finding) => finding.rows);
  const broken = findings.filter(({ fault }) => fault !== null);
  const noted = rows.filter(({ notes }) => notes.length > 0);
  return [
    ...Object.entries(facts).map(([name, value]) => `- ${name}: ${value}`),
    `- Rounds: ${rounds} of ${seconds} s a side, ours and baseline in turn; a ratio is that of the two medians, in brackets the smallest and the largest of a round`,
    `- Load generator: one process, at most ${format(ceiling)} requests a second here`,
    "",
    toMarkdownTable(rows),
    "",
    ...broken.map(({ bench, fault }) => `- **${bench.id}** could not be measured: ${fault?.message}`),
    ...noted.map(({ id, what, notes }) => `- **${id}** ${what}: ${notes.join("; ")}.`),
    "",
    "## All rounds",
    "",
    ...rows.map(roundsOf),
    "",
  ].join("\n");
}
