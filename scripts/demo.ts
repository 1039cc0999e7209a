/**
 * `npm run demo`: a whole on-sale by simulated fans, over real HTTP and WebSocket, against the processes of production
 * on private servers; a live picture while it runs, and at the end what happened and whether everything held.
 *
 * Exits 0 when every check holds, 1 when one fails, 2 for a wrong call.
 */
import { loadConfig } from "../src/config.ts";
import { createReleaser } from "../src/platform/releaser.ts";
import { isAnotherPress, RefusedError, runCli } from "./cli.ts";
import { type DemoOptions, readOptions, USAGE } from "./demo/options.ts";
import { writeReport } from "./demo/report.ts";
import { type Finished, runDemo } from "./demo/run.ts";
import { type House, openHouse } from "./house.ts";
import { SetupError } from "./local/setup-error.ts";
import { withLocalEnvironment } from "./start/local-environment.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const SIGNAL_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
const RELEASE_WITHIN_MS = 20_000;
const STOOD_STILL_SECONDS = 3;

const say = (line: string) => console.log(line);

await runCli(() => main(process.argv.slice(2)));

async function main(args: string[]): Promise<void> {
  if (args.includes("--help") || args.includes("-h")) {
    say(USAGE);
    return;
  }
  const options = readOptions(args);
  const interruption = new AbortController();
  let pressedAt = 0;
  const onSignal = (signal: (typeof SIGNALS)[number]) => {
    process.exitCode = SIGNAL_CODES[signal];
    // The second time nobody wants to wait; the watchdogs end what we leave behind.
    if (interruption.signal.aborted) {
      if (isAnotherPress(pressedAt)) process.exit(SIGNAL_CODES[signal]);
      return;
    }
    pressedAt = performance.now();
    say("\nStopping; once more to stop at once.");
    interruption.abort();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  // Nobody reads on (`| head`): there is nobody to play for.
  for (const output of [process.stdout, process.stderr]) output.on("error", () => interruption.abort());
  try {
    const finished = await perform(options, interruption.signal);
    if (finished) tell(finished, interruption.signal.aborted);
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

async function perform(options: DemoOptions, interrupted: AbortSignal): Promise<Finished | null> {
  const { fans, seats, gateways, workers, cluster, seed, existing } = options;
  const releaser = createReleaser(RELEASE_WITHIN_MS);
  say(`${fans.toLocaleString("en")} fans, ${seats.toLocaleString("en")} seats, seed ${seed}`);
  say(
    existing
      ? `On ${existing.url}.`
      : `Starting PostgreSQL, Redis${cluster ? " Cluster" : ""}, ${gateways} × gateway, ${workers} × worker …`,
  );
  try {
    const house = existing
      ? useExisting(existing)
      : await openHouse({ kind: "demo", gateways, workers, cluster, compiled: null }, releaser, say);
    if (interrupted.aborted) return null;
    return await runDemo(house, options, releaser, interrupted);
  } catch (fault) {
    if (interrupted.aborted) return null;
    if (fault instanceof SetupError) throw new RefusedError(fault.message, { cause: fault });
    throw fault;
  } finally {
    await releaser.release();
  }
}

function useExisting({ url, email, password }: NonNullable<DemoOptions["existing"]>): House {
  return {
    addresses: [new URL(url)],
    config: loadConfig(withLocalEnvironment(process.env)),
    operator: { email, password },
    problems: async () => [],
  };
}

function tell({ run, stopped, stoodStillSeconds }: Finished, interrupted: boolean): void {
  if (interrupted) return;
  say(writeReport(run));
  const failed = run.checks.filter(({ violations }) => violations.length > 0).length;
  if (stopped) say(`\nThe run was given up: ${stopped}. Its seed is ${run.options.seed}.`);
  if (failed > 0 && stoodStillSeconds > STOOD_STILL_SECONDS)
    say(`This machine stood still for ${stoodStillSeconds.toFixed(0)} s meanwhile; look there first.`);
  if (failed > 0) process.exitCode = 1;
}
