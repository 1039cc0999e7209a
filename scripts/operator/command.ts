/** A command of `npm run operator`, as data. */
import type { Config } from "../../src/config.ts";
import type { Database } from "../../src/platform/postgres.ts";

export interface Tools {
  readonly config: Config;
  readonly db: Database;
  /** Writes one line to standard output. */
  say(line: string): void;
}

export interface Command {
  readonly name: string;
  /** What follows the name, such as `--email EMAIL [--name NAME]`; empty when nothing does. */
  readonly usage: string;
  readonly summary: string;
  /**
   * Reads the arguments and answers the work to do, so that a wrong call is told before anything is opened.
   * @throws UsageError
   */
  plan(args: string[]): (tools: Tools) => Promise<void>;
}
