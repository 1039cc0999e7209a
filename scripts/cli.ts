/** How command-line programs fail: one sentence and an exit code, 2 for a wrong call and 1 for everything else. */
import { ConfigError } from "../src/config.ts";
import { isDatabaseAway, sqlState } from "../src/platform/postgres.ts";

/** The call was wrong; the message says what to write instead. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The call was right but can't be done; the message says why. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
}

/** Help was asked for; the message is it. */
class HelpAsked extends Error {
  override readonly name = "HelpAsked";
}

const SAME_PRESS_MS = 500;

/**
 * Whether a signal is another one than that of `since`, of `performance.now()`. A press of Ctrl-C comes twice under
 * npm: from the terminal, and from npm, which hands on what it has had from there too.
 */
export const isAnotherPress = (since: number): boolean => performance.now() - since > SAME_PRESS_MS;

/** Runs a program to its end and sets the exit code. */
export async function runCli(program: () => Promise<void>): Promise<void> {
  try {
    await program();
  } catch (fault) {
    if (fault instanceof HelpAsked) {
      console.log(fault.message);
      return;
    }
    console.error(explain(fault));
    process.exitCode = fault instanceof UsageError ? 2 : 1;
  }
}

/** What went wrong in words for a person; a fault nobody foresaw keeps its stack. */
function explain(fault: unknown): unknown {
  const { message } = fault as Error;
  if (fault instanceof UsageError || fault instanceof RefusedError || fault instanceof ConfigError)
    return message;
  const state = sqlState(fault);
  if (state === "42P01") return "The database has no tables yet; run `npm run migrate` first.";
  // 28…: the password or the user is wrong; 3D000: no such database.
  if (state?.startsWith("28") || state === "3D000") return `PostgreSQL refuses DATABASE_URL: ${message}.`;
  if (isDatabaseAway(fault))
    return `PostgreSQL can't be reached at DATABASE_URL (${message || "no answer"}); start it, or correct the address.`;
  return fault;
}

/**
 * The sentence of `parseArgs`, which is for developers, as one for a person. `--help` ends the program by its usage.
 * @throws UsageError
 */
export function parseOrExplain<T>(usage: string, parse: () => T): T {
  try {
    return parse();
  } catch (fault) {
    const code = (fault as { code?: string }).code ?? "";
    if (!code.startsWith("ERR_PARSE_ARGS_")) throw fault;
    // A program that has more to say than its usage answers before it comes here.
    if (/^Unknown option '(--help|-h)'/.test((fault as Error).message))
      throw new HelpAsked(`Usage: ${usage}`);
    const [sentence] = (fault as Error).message.split(/\. To specify|\n/);
    throw new UsageError(`${sentence?.replace(/\.$/, "")}. Usage: ${usage}`);
  }
}
