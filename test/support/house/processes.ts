/**
 * Members of a house as processes of their own, for what only a process can show: signals, exit codes, a crash.
 *
 * Each is the leader of its process group, so that nothing it started (npm starts node) can outlive a test.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { eventually } from "../wait.ts";

export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

const NODE = [process.execPath, "--import", "tsx"] as const;
const COMMANDS = {
  gateway: [...NODE, "src/server.ts"],
  worker: [...NODE, "workers/index.ts"],
  "npm run gateway": ["npm", "run", "--silent", "gateway"],
  "npm run worker": ["npm", "run", "--silent", "worker"],
  "npm start": ["npm", "start", "--silent"],
} as const;
export type Command = keyof typeof COMMANDS;

/** The last word of a start that went well, with the port where there is one. */
const READY = /"message":"(?:gateway|worker) is ready"|^Fast Pass is ready at http:\/\/localhost:(\d+)$/m;
const PORT = /"message":"gateway is ready","port":(\d+)|^Fast Pass is ready at http:\/\/localhost:(\d+)$/m;
/** Two processes that start at once on a busy machine. */
const READY_WITHIN_MS = 30_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  readonly stderr: string;
}

export interface Program {
  readonly child: ChildProcess;
  readonly pid: number;
  /** What it has said so far, on both channels. */
  output(): string;
  /** Waits until it serves. @returns its address; empty for a worker. */
  ready(): Promise<string>;
  /** Waits for its end, however it comes. */
  readonly ended: Promise<Ended>;
  /** Signals this process alone, or the one below it that runs our program. */
  signal(signal: NodeJS.Signals, whom?: "it" | "node"): void;
  /** Ends all of it at once; waits. */
  kill(): Promise<void>;
}

/** @param environment everything it gets beside PATH and HOME. */
export function run(command: Command, environment: Readonly<Record<string, string>>): Program {
  return spawnProgram(COMMANDS[command], environment);
}

export function spawnProgram(
  [file, ...args]: readonly string[],
  environment: Readonly<Record<string, string>>,
): Program {
  const child = spawn(file as string, args, {
    cwd: ROOT,
    detached: true,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      npm_config_update_notifier: "false",
      ...environment,
      // That it serves is seen by what it says.
      LOG_LEVEL: environment.LOG_LEVEL === "silent" ? "info" : environment.LOG_LEVEL,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    stderr += text;
  });
  const pid = child.pid as number;
  let end: Ended | null = null;
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      end = { code, signal, output, stderr };
      resolve(end);
    });
  });
  return {
    child,
    pid,
    ended,
    output: () => output,
    async ready() {
      await eventually(
        () => {
          if (end) throw new Error(`it ended with ${end.code ?? end.signal}: ${output}`);
          return READY.test(output);
        },
        { timeoutMs: READY_WITHIN_MS, what: "the start of a process" },
      );
      const [, gateway, whole] = PORT.exec(output) ?? [];
      const port = gateway ?? whole;
      return port === undefined ? "" : `http://127.0.0.1:${port}`;
    },
    signal(signal, whom = "it") {
      process.kill(whom === "it" ? pid : nodeBelow(pid), signal);
    },
    async kill() {
      try {
        process.kill(-pid, "SIGKILL");
      } catch {
        // all of it has ended already
      }
      await ended;
    },
  };
}

/** All processes below this one. */
export function descendantsOf(pid: number): number[] {
  const parents = process.platform === "linux" ? linuxParents() : posixParents();
  const below = (of: number): number[] =>
    [...parents].filter(([, parent]) => parent === of).flatMap(([child]) => [child, ...below(child)]);
  return below(pid);
}

function nodeBelow(pid: number): number {
  const found = descendantsOf(pid).at(-1);
  if (found === undefined) throw new Error(`nothing runs below ${pid}`);
  return found;
}

function linuxParents(): Map<number, number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc").filter((each) => /^\d+$/.test(each))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // it has ended meanwhile
    }
  }
  return parents;
}

function posixParents(): Map<number, number> {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  return new Map(lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number]));
}

const SENTENCE = /^[A-Z][^\n]*[.!]\n$/;

/** Exit code 1 and one sentence that says what to do, with nothing of our inside. @param names what it must say. */
export function expectRefusal({ code, stderr }: Ended, names: RegExp): void {
  expect(code, stderr).to.equal(1);
  expect(stderr).to.match(SENTENCE).and.to.match(names);
  expect(stderr).to.not.match(/node_modules|\bat .+:\d+/);
}

/** Two at a time: each costs a whole core while it starts. */
export async function twoAtATime<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items];
  const next = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
  };
  await Promise.all([next(), next()]);
}
