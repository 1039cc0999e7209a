/** What `npm run k6` was asked for. */
import { parseArgs } from "node:util";
import { parseOrExplain, UsageError } from "../cli.ts";
import { SCENARIOS, type ScenarioName } from "./scenarios.ts";

export const USAGE = `npm run k6 -- NAME [options]
  NAME is one of
${Object.entries(SCENARIOS)
  .map(([name, { what }]) => `    ${name.padEnd(20)} ${what}`)
  .join("\n")}
    report               all but soak, --rounds times each, and their table in docs/load-tests.md

  --small                a small crowd, to see whether all of it works; a report of it is only printed
  --size NAME=N          changes one size of the scenario, such as users=100; may be given several times
  --gateways N           gateway processes (1)
  --workers N            worker processes (1)
  --kill-worker          stampede only: ends the worker that journals, as a crash would, in the middle
  --correctness-only     no thresholds on times: for machines that do other things meanwhile
  --remote-write URL     also sends the figures to Prometheus, such as http://localhost:9090/api/v1/write
  --scrape FILE.json     writes there whom Prometheus has to scrape while it lasts, for its file_sd_configs
  --traces FILE          writes the spans of the gateways and workers to FILE, and shows where the time goes
  --rounds N             report only: rounds of each scenario (3)

  The figures go to k6/results/NAME.json.`;

export interface Options {
  readonly name: ScenarioName | "report";
  readonly isSmall: boolean;
  readonly sizes: Readonly<Record<string, number>>;
  readonly gateways: number;
  readonly workers: number;
  readonly killWorker: boolean;
  readonly judgeSpeed: boolean;
  readonly remoteWrite: string | null;
  readonly scrape: string | null;
  readonly traces: string | null;
  readonly rounds: number;
}

/** @throws UsageError */
export function readOptions(args: string[]): Options {
  const { values, positionals } = parseOrExplain(USAGE, () =>
    parseArgs({
      args,
      allowPositionals: true,
      options: {
        size: { type: "string", multiple: true },
        small: { type: "boolean" },
        gateways: { type: "string" },
        workers: { type: "string" },
        "kill-worker": { type: "boolean" },
        "correctness-only": { type: "boolean" },
        "remote-write": { type: "string" },
        scrape: { type: "string" },
        traces: { type: "string" },
        rounds: { type: "string" },
      },
    }),
  );
  const [name = "", ...more] = positionals;
  if (more.length > 0 || !(name === "report" || Object.hasOwn(SCENARIOS, name))) {
    throw new UsageError(
      `${name === "" ? "NAME is missing" : `${positionals.join(" ")} is no scenario`}.\n${USAGE}`,
    );
  }
  const killWorker = values["kill-worker"] ?? false;
  if (killWorker && name !== "stampede") throw new UsageError("--kill-worker goes with stampede only.");
  const remoteWrite = values["remote-write"] ?? null;
  if (remoteWrite !== null && !/^https?:\/\//.test(remoteWrite))
    throw new UsageError("--remote-write must be an address such as http://localhost:9090/api/v1/write.");
  const scrape = values.scrape ?? null;
  if (scrape !== null && !scrape.endsWith(".json"))
    throw new UsageError("--scrape must be a file that ends in .json: Prometheus goes by that.");
  return {
    name: name as Options["name"],
    isSmall: values.small ?? false,
    sizes: sizesOf(name, values.size ?? []),
    gateways: numberOf("gateways", values.gateways, 1, 8),
    workers: numberOf("workers", values.workers, 1, 8),
    killWorker,
    judgeSpeed: !(values["correctness-only"] ?? false),
    remoteWrite,
    scrape,
    traces: values.traces ?? null,
    rounds: numberOf("rounds", values.rounds, 3, 20),
  };
}

function numberOf(name: string, text: string | undefined, usual: number, most: number): number {
  if (text === undefined) return usual;
  const value = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > most) throw new UsageError(`--${name} must be a whole number from 1 to ${most}.`);
  return value;
}

function sizesOf(name: string, given: readonly string[]): Record<string, number> {
  const known = name === "report" ? {} : SCENARIOS[name as ScenarioName].size;
  const sizes: Record<string, number> = {};
  for (const one of given) {
    const [, key = "", value = ""] = /^(\w+)=(\d{1,7})$/.exec(one) ?? [];
    if (!Object.hasOwn(known, key) || Number(value) < 1) {
      throw new UsageError(
        `--size ${one} must be one of ${
          Object.keys(known)
            .map((each) => `${each}=N`)
            .join(", ") || "none, for a report"
        }.`,
      );
    }
    sizes[key] = Number(value);
  }
  return sizes;
}
