/**
 * Servers of other people, as children of ours.
 *
 * A server runs in its own session, so that Ctrl-C in the terminal reaches us alone and we can drain before it
 * goes. That also means that it would outlive us: beside each one stands a watchdog, a shell that reads from a
 * pipe whose other end only we hold. When we die, however hard, the kernel closes the pipe and the watchdog
 * ends the server. If somebody kills the watchdog too, the next start finds the server by its claim (claim.ts).
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

export interface UnixUser {
  readonly uid: number;
  readonly gid: number;
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly environment?: NodeJS.ProcessEnv;
  /** Null: as ourselves. */
  readonly user: UnixUser | null;
  /** Takes standard output and error, and begins anew at each start. */
  readonly logFile: string;
  /** What the watchdog sends when we die. */
  readonly stopSignal: NodeJS.Signals;
}

export interface ServerProcess {
  readonly pid: number;
  exited(): boolean;
  /** The end of what it logged, for messages about why it did not come up. */
  lastWords(): Promise<string>;
  /** Sends the signal and waits for the end; after `patienceMs` it is killed. */
  end(signal: NodeJS.Signals, patienceMs: number): Promise<void>;
}

/** Starts a server process. It answers when the process exists, not when it serves. */
export async function launch(what: Launch): Promise<ServerProcess> {
  const log = await open(what.logFile, "w", 0o600);
  try {
    const child = spawn(what.command, what.args, {
      cwd: what.cwd,
      env: what.environment,
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
      ...what.user,
    });
    const pid = await spawned(child);
    child.unref();
    const watchdog = guard(pid, what.stopSignal);
    child.once("exit", () => watchdog.kill("SIGKILL"));
    return {
      pid,
      exited: () => child.exitCode !== null || child.signalCode !== null,
      lastWords: async () => (await readFile(what.logFile, "utf8")).trim().split("\n").slice(-5).join(" | "),
      end: (signal, patienceMs) => end(child, signal, patienceMs),
    };
  } finally {
    await log.close();
  }
}

function spawned(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("spawn", () => resolve(child.pid as number));
  });
}

/** It can only end the pid it was given, and it is killed as soon as that process is gone. */
function guard(pid: number, signal: NodeJS.Signals): ChildProcess {
  const script = 'read -r _; kill -s "$1" "$2"';
  const watchdog = spawn("/bin/sh", ["-c", script, "fast-pass-watchdog", signal.slice(3), String(pid)], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  // Without one the server is only less well guarded.
  watchdog.on("error", () => undefined);
  watchdog.unref();
  (watchdog.stdin as unknown as { unref?(): void } | null)?.unref?.();
  return watchdog;
}

async function end(child: ChildProcess, signal: NodeJS.Signals, patienceMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill(signal);
  const patience = new AbortController();
  const inTime = await Promise.race([
    exited.then(() => true),
    sleep(patienceMs, false, { signal: patience.signal }).catch(() => false),
  ]);
  patience.abort();
  if (inTime) return;
  child.kill("SIGKILL");
  await exited;
}

/**
 * What tells a process from a later one with the same pid: when it began. Null when there is no such process.
 */
export function identityOf(pid: number): string | null {
  return process.platform === "linux" ? linuxIdentity(pid) : posixIdentity(pid);
}

function linuxIdentity(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold anything; the fields behind it begin with the state.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return null;
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${fields[19]}`;
  } catch {
    return null;
  }
}

function posixIdentity(pid: number): string | null {
  try {
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || null;
  } catch {
    return null;
  }
}
