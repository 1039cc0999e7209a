/**
 * `npm run bench`: how fast, against what, on this machine.
 *
 * Each goal runs its own baseline in the same run: A B A B, medians compared. Servers and the load generator are
 * processes of their own on private stores. The whole catalogue also writes docs/benchmarks.md.
 */
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { runCli } from "../cli.ts";
import { BENCHES } from "./catalogue.ts";
import { build } from "./frame/build.ts";
import { machineFacts } from "./frame/machine.ts";
import { type Options, readOptions } from "./frame/options.ts";
import { rowLine, toDocument, toTerminalTable } from "./frame/report.ts";
import { createRunner, type Finding } from "./frame/run.ts";
import { type OwnStores, openStores } from "./frame/stores.ts";

const DOCUMENT = path.resolve(import.meta.dirname, "..", "..", "docs", "benchmarks.md");
/** Whatever stands above it in the document is written by hand. */
const MARK = "<!-- npm run bench writes everything below this line -->";
const HEADING = "# Benchmarks\n";

const say = (line: string) => console.log(line);

await runCli(async () => {
  const options = readOptions(process.argv.slice(2), BENCHES);
  say("Compiling…");
  const programs = await build();
  const stores = await openStores();
  const runner = createRunner(programs, stores, options, say);
  const stop = () => {
    void runner
      .close()
      .then(() => stores.close())
      .finally(() => process.exit(130));
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    await report(options, stores, await measure(options, stores, runner));
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
    await runner.close();
    await stores.close();
  }
});

interface Measurement {
  readonly facts: Record<string, string>;
  readonly ceiling: number;
  readonly findings: readonly Finding[];
}

async function measure(
  { benches, rounds, seconds }: Options,
  stores: OwnStores,
  runner: ReturnType<typeof createRunner>,
): Promise<Measurement> {
  const facts = await machineFacts(stores);
  await stores.clear();
  for (const [name, value] of Object.entries(facts)) say(`${name.padEnd(12)}${value}`);
  say(`${"Rounds".padEnd(12)}${rounds} of ${seconds} s a side, after one that does not count`);
  const ceiling = await runner.ceiling();
  say(
    `${"Load".padEnd(12)}${Math.round(ceiling).toLocaleString("en")} requests/s is the most this generator makes\n`,
  );
  const findings: Finding[] = [];
  for (const bench of benches) {
    const finding = await runner.run(bench);
    findings.push(finding);
    for (const row of finding.rows) say(rowLine(row));
    if (finding.fault) say(`${bench.id}  could not be measured: ${finding.fault.stack}`);
  }
  return { facts, ceiling, findings };
}

async function report(
  { benches, rounds, seconds }: Options,
  _stores: OwnStores,
  measured: Measurement,
): Promise<void> {
  const rows = measured.findings.flatMap((finding) => finding.rows);
  say(`\n${toTerminalTable(rows)}`);
  for (const { id, notes } of rows) for (const note of notes) say(`${id}: ${note}`);
  if (benches.length === BENCHES.length) {
    const written = toDocument({ ...measured, rounds, seconds });
    const standing = await readFile(DOCUMENT, "utf8").catch(() => HEADING);
    const [kept = ""] = standing.split(MARK);
    await writeFile(DOCUMENT, `${kept.trimEnd()}\n\n${MARK}\n\n${written}`);
    say("\nWritten to docs/benchmarks.md");
  }
  if (measured.findings.some(({ fault }) => fault !== null)) process.exitCode = 1;
}
