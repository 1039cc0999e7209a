/** The call: `npm run bench [-- ids…] [--rounds N] [--seconds S] [--profile]`. */
import { parseArgs } from "node:util";
import { parseOrExplain, UsageError } from "../../cli.ts";
import type { Bench } from "./bench.ts";

export interface Options {
  readonly benches: readonly Bench[];
  readonly rounds: number;
  readonly seconds: number;
  /** Every process writes a CPU profile, for the developer tools of a browser. */
  readonly profile: boolean;
}

const USAGE = "npm run bench [-- names or ids…] [--rounds N] [--seconds S] [--profile]";
/** What the rule of the benchmarks asks for at least. */
const ROUNDS = 4;
const SECONDS = 3;

/** @throws UsageError */
export function readOptions(args: string[], all: readonly Bench[]): Options {
  const { values, positionals } = parseOrExplain(USAGE, () =>
    parseArgs({
      args,
      allowPositionals: true,
      options: { rounds: { type: "string" }, seconds: { type: "string" }, profile: { type: "boolean" } },
    }),
  );
  const number = (name: "rounds" | "seconds", fallback: number, most: number) => {
    const value = values[name] === undefined ? fallback : Number(values[name]);
    if (value >= 1 && value <= most) return value;
    throw new UsageError(`--${name} must be a number from 1 to ${most}. Usage: ${USAGE}`);
  };
  return {
    benches: positionals.length === 0 ? all : positionals.flatMap((name) => find(name, all)),
    rounds: Math.floor(number("rounds", ROUNDS, 100)),
    seconds: number("seconds", SECONDS, 60),
    profile: values.profile ?? false,
  };
}

/** One by its id; a name may stand for several that belong together. */
function find(name: string, all: readonly Bench[]): Bench[] {
  const found = all.filter((bench) => bench.name === name || bench.id.toLowerCase() === name.toLowerCase());
  if (found.length > 0) return found;
  const known = all.map((bench) => `${bench.id} (${bench.name})`).join(", ");
  throw new UsageError(`There is no benchmark ${name}; there are ${known}.`);
}
