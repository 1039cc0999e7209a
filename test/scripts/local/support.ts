/** What the tests of the private servers share. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { identityOf } from "../../../scripts/local/processes.ts";
import { eventually } from "../../support/wait.ts";

/** Whether a process lives; a zombie that nobody has buried yet does not. */
export function isAlive(pid: number): boolean {
  return identityOf(pid) !== null;
}

const foreigners: (() => void)[] = [];

/** Ends what `occupyPort` and `startBystander` began; for an `afterEach`, so that a failing test leaves nothing. */
export function endForeigners(): void {
  for (const end of foreigners.splice(0)) end();
}

/** A port with something foreign behind it. */
export async function occupyPort(): Promise<number> {
  const server = createServer((socket) => socket.end());
  foreigners.push(() => server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as { port: number }).port;
}

/** A process that is none of ours as far as the servers are concerned. */
export function startBystander(user?: { uid: number; gid: number } | null): ChildProcess & { pid: number } {
  const bystander = spawn("sleep", ["60"], { stdio: "ignore", cwd: "/", ...user });
  foreigners.push(() => bystander.kill());
  return bystander as ChildProcess & { pid: number };
}

interface Keeper {
  readonly keeper: ChildProcess;
  readonly pids: { redis: number; postgres: number };
}
const keepers: Keeper[] = [];

/** Another process that has started both servers in `dir`. */
export async function startKeeper(dir: string): Promise<Keeper> {
  const script = fileURLToPath(new URL("./keeper.ts", import.meta.url));
  const keeper = spawn(process.execPath, ["--import", "tsx", script, dir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: keeper.stdout });
  const [line] = await Promise.race([once(lines, "line"), once(keeper, "exit").then(() => ["null"])]);
  lines.close();
  keepers.push({ keeper, pids: JSON.parse(line as string) });
  return keepers.at(-1) as Keeper;
}

/** Ends them and waits for their servers, whose folders are about to be removed. */
export async function endKeepers(): Promise<void> {
  for (const { keeper, pids } of keepers.splice(0)) {
    await killHard(keeper);
    await eventually(() => !isAlive(pids.redis) && !isAlive(pids.postgres), {
      what: "the end of the servers",
    });
  }
}

/** Kills it as the kernel would for want of memory. */
export async function killHard(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** The watchdog of a server, by its arguments; Linux only. */
export function watchdogOf(serverPid: number): number {
  for (const name of readdirSync("/proc").filter((each) => /^\d+$/.test(each))) {
    const args = readArguments(name);
    if (args.includes("fast-pass-watchdog") && args.includes(String(serverPid))) return Number(name);
  }
  throw new Error(`there is no watchdog for ${serverPid}`);
}

function readArguments(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}

export async function query(url: string, text: string): Promise<unknown[][]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query({ text, rowMode: "array" })).rows;
  } finally {
    await client.end();
  }
}

/** What was thrown, for a look at its name and text. */
export async function refusal(attempt: Promise<unknown>): Promise<Error> {
  return attempt.then(
    () => {
      throw new Error("it was expected to be refused");
    },
    (error: Error) => error,
  );
}
