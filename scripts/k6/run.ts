/** One run: a Fast Pass of its own, the stage, k6, and then the books. */
import { execFile, spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type Database, openDatabase } from "../../src/platform/postgres.ts";
import { createReleaser } from "../../src/platform/releaser.ts";
import { machineFacts } from "../bench/frame/machine.ts";
import { checkBooks } from "../demo/checks/books.ts";
import { type Check, check } from "../demo/checks/check.ts";
import { checkQueue } from "../demo/checks/queue.ts";
import { type OwnHouse, openHouse } from "../house.ts";
import type { Say } from "../local/setup-error.ts";
import { killJournaller } from "./kill-worker.ts";
import type { Options } from "./options.ts";
import { SCENARIOS, type Scenario, type ScenarioName, sizeOf } from "./scenarios.ts";
import { endScrape, tellScrape } from "./scrape.ts";
import { type Stage, setStage } from "./stage.ts";

export interface Result {
  readonly name: string;
  readonly size: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** By label, as the scenario's summary names them; times in milliseconds. */
  readonly figures: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Thresholds that were not met. */
  readonly missed: readonly string[];
  readonly checks: readonly Check[];
  readonly ok: boolean;
  /** Of k6, Node, PostgreSQL and Redis. */
  readonly versions: Readonly<Record<string, string>>;
  /** The machine's load average over a minute, before it began. */
  readonly loadBefore: number;
}

export interface Programs {
  readonly k6: string;
  /** The folder of the compiled Fast Pass. */
  readonly compiled: string;
}

const ROOT = path.resolve(import.meta.dirname, "../..");
const RESULTS = path.join(ROOT, "k6/results");
const RELEASE_WITHIN_MS = 30_000;
const POOL = 4;
const THRESHOLDS_MISSED = 99;
const SHOWN = 5;

/** @throws Error when k6 could not run it, and StoppedError when `stop` was given. */
export async function runScenario(
  name: ScenarioName,
  options: Options,
  programs: Programs,
  stop: AbortSignal,
  say: Say,
): Promise<Result> {
  const scenario: Scenario = SCENARIOS[name];
  const size = sizeOf(name, options.sizes, options.isSmall);
  const resultFile = path.join(RESULTS, `${name}.json`);
  const loadBefore = os.loadavg()[0] ?? 0;
  await mkdir(RESULTS, { recursive: true });
  const releaser = createReleaser(RELEASE_WITHIN_MS);
  try {
    say(`${name}: ${scenario.what}`);
    const house = await openHouse(
      {
        kind: "k6",
        gateways: options.gateways,
        workers: Math.max(options.workers, options.killWorker ? 2 : 1),
        compiled: programs.compiled,
        settings: options.traces ? { FASTPASS_TRACES: `file:${path.resolve(options.traces)}` } : {},
      },
      releaser,
      say,
    );
    const { scrape } = options;
    if (scrape) {
      releaser.add("list of whom to scrape", () => endScrape(scrape));
      await tellScrape(scrape, house);
    }
    stop.throwIfAborted();
    const db = openDatabase(house.config.databaseUrl, POOL, "fastpass-k6");
    releaser.add("database", () => db.destroy());
    const facts = { name, size, judgeSpeed: options.judgeSpeed, resultFile };
    const stage = await setStage(house, scenario, facts);
    stop.throwIfAborted();
    const killing = options.killWorker
      ? killJournaller(house, db, stage.queueId, scenario.fans(size), say).then(async (killed) => {
          // Another worker has come, at another port.
          if (scrape) await tellScrape(scrape, house);
          return killed;
        })
      : null;
    // It is awaited when k6 has ended; a fault of it, or of the end of the house under it, must not end us before.
    killing?.catch(() => undefined);
    await runK6(programs.k6, name, stage, options, stop);
    const killed = killing ? [await killing] : [];
    const measured = JSON.parse(await readFile(resultFile, "utf8"));
    const checks = [...killed, ...(await judge(scenario, house, db, stage, size))];
    for (const each of checks) for (const line of told(each)) say(line);
    const ok = measured.missed.length === 0 && checks.every(({ violations }) => violations.length === 0);
    const versions = await versionsOf(programs.k6, house);
    const result = { ...measured, checks, ok, versions, loadBefore };
    await writeFile(resultFile, `${JSON.stringify(result, null, 2)}\n`);
    return result;
  } finally {
    await releaser.release();
  }
}

async function judge(
  scenario: Scenario,
  house: OwnHouse,
  db: Database,
  { performanceId, queueId }: Stage,
  size: Scenario["size"],
): Promise<Check[]> {
  // What was told behind the last answers: jobs, the seat map, the journal.
  await sleep(1_500);
  return [
    check("no process logged an error", await house.problems()),
    ...(await checkBooks(db, performanceId, null)),
    ...(await checkQueue(db, queueId, [])),
    ...((await scenario.verify?.({ db, performanceId, size })) ?? []),
  ];
}

function told({ name, violations, note }: Check): string[] {
  if (violations.length === 0) return [`  ✔ ${name}${note ? ` (${note})` : ""}`];
  const more = violations.length - SHOWN;
  return [
    `  ✘ ${name}: ${violations.length}`,
    ...violations.slice(0, SHOWN).map((violation) => `      ${violation}`),
    ...(more > 0 ? [`      and ${more} more`] : []),
  ];
}

/** A missed threshold is no fault here: the result tells of it. */
function runK6(
  k6: string,
  name: ScenarioName,
  stage: Stage,
  { remoteWrite }: Options,
  stop: AbortSignal,
): Promise<void> {
  const output = remoteWrite ? ["--out", "experimental-prometheus-rw"] : [];
  // No API of its own: its port is the same for every k6 on the machine, and nobody asks for it.
  const args = [
    "run",
    "--quiet",
    "--no-usage-report",
    "--address",
    "",
    ...output,
    path.join(ROOT, "k6", `${name}.ts`),
  ];
  const child = spawn(k6, args, {
    // A group of its own: Ctrl-C reaches us alone, and we stop it in order.
    detached: true,
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      STAGE: stage.folder,
      ...(remoteWrite
        ? {
            K6_PROMETHEUS_RW_SERVER_URL: remoteWrite,
            K6_PROMETHEUS_RW_TREND_STATS: "p(50),p(95),p(99),max,count",
            // Or the figures of a run would stand for five minutes more, and be added to those of the next.
            K6_PROMETHEUS_RW_STALE_MARKERS: "true",
          }
        : {}),
    },
  });
  const interrupt = () => child.kill("SIGINT");
  stop.addEventListener("abort", interrupt, { once: true });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      stop.removeEventListener("abort", interrupt);
      if (stop.aborted) reject(stop.reason);
      else if (code === 0 || code === THRESHOLDS_MISSED) resolve();
      else reject(new Error(`k6 ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}

async function versionsOf(k6: string, { config }: OwnHouse): Promise<Record<string, string>> {
  const { stdout } = await promisify(execFile)(k6, ["version"]);
  const { Node, PostgreSQL, Redis } = await machineFacts({
    redis: async () => config.redisUrl,
    database: async () => config.databaseUrl,
  });
  return { k6: /v[\d.]+/.exec(stdout)?.[0] ?? "unknown", Node, PostgreSQL, Redis } as Record<string, string>;
}
