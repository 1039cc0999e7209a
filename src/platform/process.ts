/** How a process of ours lives: starts or says in one sentence why not, drains on SIGTERM, exits 0. */
import { ConfigError, loadConfig } from "../config.ts";
import { openPlatform, type Platform } from "./index.ts";
import type { ProcessLogger } from "./logger.ts";
import { createReleaser, type Releaser } from "./releaser.ts";
import { StartError } from "./start-error.ts";

/**
 * Ends a process that was called with arguments: they would be ignored, and it would run on settings that nobody meant.
 * @param command how the process is started, such as `npm start`.
 */
export function refuseArguments(command: string, args: readonly string[] = process.argv.slice(2)): void {
  if (args.length === 0) return;
  const settings = "every setting is an environment variable, and README.md lists them";
  if (args.length === 1 && (args[0] === "--help" || args[0] === "-h")) {
    process.stdout.write(`Usage: ${command}\nThere are no options: ${settings}.\n`);
    process.exit(0);
  }
  process.stderr.write(`${command} does not take ${args[0]}, nor any other argument: ${settings}.\n`);
  process.exit(2);
}

/**
 * Opens the platform, runs `start`, and lives until SIGTERM or SIGINT.
 * @param start registers what it opens with the platform's releaser.
 * @param releaser may hold what was opened before, which is then closed last.
 */
export async function runProcess(
  service: string,
  start: (platform: Platform) => Promise<void>,
  environment: NodeJS.ProcessEnv = process.env,
  releaser: Releaser = createReleaser(),
): Promise<void> {
  try {
    const platform = await openPlatform(loadConfig(environment), service, releaser);
    endOnSignal(platform);
    changeLevelOnSignal(platform.log);
    await start(platform);
  } catch (fault) {
    await releaser.release().catch(() => undefined);
    process.stderr.write(`${sentenceOf(fault)}\n`);
    process.exit(1);
  }
}

/** Faults with a sentence of their own are for people; any other keeps its stack. */
export function sentenceOf(fault: unknown): string {
  const error = fault as Error;
  if (fault instanceof ConfigError || fault instanceof StartError) return error.message;
  return error?.stack ?? String(fault);
}

/** SIGUSR2 turns on the lines of level `debug`, and the next one turns them off again. */
function changeLevelOnSignal(log: ProcessLogger): void {
  const usual = log.level;
  process.on("SIGUSR2", () => {
    log.setLevel(log.level === "debug" ? usual : "debug");
    log.warn("log level changed", { to: log.level });
  });
}

function endOnSignal({ log, releaser }: Platform): void {
  // A reader that went away (a closed terminal, `| head`) is no reason to stop serving. Unheard, each failed write
  // would be an unhandled fault, whose log line fails again, for ever.
  for (const output of [process.stdout, process.stderr]) output.on("error", () => undefined);
  let ending = false;
  const end = (reason: string, code: number) => {
    if (ending) return;
    ending = true;
    log.info("stopping", { reason });
    releaser.release().then(
      () => process.exit(code),
      (fault) => {
        log.error("stopped with failures", { fault });
        process.exit(code || 1);
      },
    );
  };
  process.on("SIGTERM", () => end("SIGTERM", 0));
  process.on("SIGINT", () => end("SIGINT", 0));
  // A fault nobody handled leaves the program in a state nobody knows: say it, close, go.
  const fatal = (fault: unknown) => {
    log.error("unhandled fault", { fault });
    end("unhandled fault", 1);
  };
  process.on("uncaughtException", fatal);
  process.on("unhandledRejection", fatal);
}
