/** What a benchmark is: it makes its own set-up, measures, takes everything down again, and answers rows of a table. */
import type { Child } from "./child.ts";
import type { Stores } from "./stores.ts";

export interface Goal {
  readonly kind: "at least" | "at most";
  readonly value: number;
}

/** One line of the table: a measure of ours, round by round, beside that of a baseline in the same rounds. */
export interface Row {
  readonly id: string;
  readonly what: string;
  readonly unit: string;
  /** One value a round, in the order of the rounds. */
  readonly ours: readonly number[];
  /** Null for a measure that stands for itself; the goal is then of the value, else of the ratio. */
  readonly baseline: readonly number[] | null;
  /** Null for figures that are only published. */
  readonly goal: Goal | null;
  /** What a reader must know to judge the row. */
  readonly notes: readonly string[];
}

export interface BenchContext {
  readonly rounds: number;
  /** How long one side of a round is measured. */
  readonly seconds: number;
  readonly stores: Stores;
  /** The process that makes the requests and holds the sockets; made anew for each benchmark. */
  readonly load: Child;
  /** Requests a second that the load process itself can make of a server that does nothing. */
  readonly ceiling: number;
  /** Starts one of `scripts/bench/servers`; ended with the benchmark at the latest. */
  start(server: string, options?: StartOptions): Promise<Child>;
  /** Runs when the benchmark is over, last in, first out. */
  defer(name: string, close: () => unknown): void;
  say(line: string): void;
}

export interface StartOptions {
  readonly environment?: NodeJS.ProcessEnv;
  /** For Node itself, such as `--expose-gc`. */
  readonly nodeOptions?: readonly string[];
  /** Takes standard output; nothing does when absent. */
  readonly outputFile?: string;
}

export interface Bench {
  readonly id: string;
  /** What it is called on the command line. */
  readonly name: string;
  run(context: BenchContext): Promise<Row[]>;
}
