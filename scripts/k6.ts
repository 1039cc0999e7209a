/**
 * `npm run k6 -- NAME`: a load test by k6 against a Fast Pass of its own, in production form, and afterwards a look
 * into the books.
 *
 * Exits 0 when every threshold is met and every check holds, 1 when one is not, 2 for a wrong call.
 */
import path from "node:path";
import { build } from "./bench/frame/build.ts";
import { isAnotherPress, RefusedError, runCli } from "./cli.ts";
import { findK6 } from "./k6/find-k6.ts";
import { readOptions, USAGE } from "./k6/options.ts";
import { writeReport } from "./k6/report.ts";
import { runScenario } from "./k6/run.ts";
import { SetupError } from "./local/setup-error.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const INTERRUPTED = 130;

const say = (line: string) => console.log(line);

await runCli(() => main(process.argv.slice(2)));

async function main(args: string[]): Promise<void> {
  if (args.includes("--help") || args.includes("-h")) {
    say(USAGE);
    return;
  }
  const options = readOptions(args);
  const stopping = new AbortController();
  let pressedAt = 0;
  const stop = () => {
    process.exitCode = INTERRUPTED;
    // The second time nobody wants to wait; the watchdogs end what we leave behind.
    if (stopping.signal.aborted) {
      if (isAnotherPress(pressedAt)) process.exit(INTERRUPTED);
      return;
    }
    pressedAt = performance.now();
    say("\nStopping; once more to stop at once.");
    stopping.abort();
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  try {
    const k6 = await findK6(say);
    const programs = { k6, compiled: path.resolve(await build(), "../..") };
    if (options.name === "report") await writeReport(options, programs, stopping.signal, say);
    else {
      const { ok } = await runScenario(options.name, options, programs, stopping.signal, say);
      if (!ok) process.exitCode = 1;
    }
  } catch (fault) {
    if (stopping.signal.aborted) return;
    if (fault instanceof SetupError) throw new RefusedError(fault.message, { cause: fault });
    throw fault;
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
  }
}
