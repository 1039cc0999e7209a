/** A program as a person runs it: started, listened to, ended. */
import { spawn } from "node:child_process";
import { eventually } from "../support/wait.ts";

export interface Program {
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
  /** What it wrote so far, to either stream. */
  output(): string;
  /** Waits for words of the program; throws when it ended before. */
  says(words: RegExp): Promise<RegExpExecArray>;
  /** As Ctrl-C would; by force when it does not listen. */
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 30_000;

/** With nothing of ours in its environment but what is given. */
export function runProgram(
  command: string,
  args: readonly string[],
  cwd: string,
  environment: NodeJS.ProcessEnv,
): Program {
  const { PATH, HOME } = process.env;
  // A group of its own, so that what it starts itself (npm starts node) hears the signals too.
  const child = spawn(command, args, {
    cwd,
    env: { PATH, HOME, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let output = "";
  let over = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      over = true;
      resolve({ code, output });
    });
  });
  ended.catch(() => undefined);
  const signal = (name: NodeJS.Signals) => {
    if (!over && child.pid !== undefined) process.kill(-child.pid, name);
  };

  return {
    ended,
    output: () => output,
    async says(words) {
      await eventually(() => over || words.test(output), { timeoutMs: READY_WITHIN_MS, what: `${words}` });
      const found = new RegExp(words.source, words.flags).exec(output);
      if (!found) throw new Error(`${command} ended without saying ${words}:\n${output}`);
      return found;
    },
    async stop() {
      signal("SIGINT");
      const timer = setTimeout(signal, STOP_WITHIN_MS, "SIGKILL");
      await ended.catch(() => undefined);
      clearTimeout(timer);
    },
  };
}
