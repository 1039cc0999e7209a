/**
 * One directory of data has one owner at a time.
 *
 * `server.json` in the directory names the process of ours that uses it and the server that it started. A claim
 * whose owner is gone is taken over, and a server that it left behind is ended first. Both are recognised by pid
 * and time of birth, so a foreign process that got an old pid is never touched.
 */
import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { identityOf } from "./processes.ts";
import { SetupError } from "./setup-error.ts";

interface Being {
  readonly pid: number;
  readonly identity: string;
}

interface ClaimRecord {
  readonly owner: Being;
  readonly server: (Being & { readonly stopSignal: NodeJS.Signals }) | null;
}

export interface Claim {
  /** Notes the server, so that a later start can end it should nobody else have. */
  note(pid: number, stopSignal: NodeJS.Signals): Promise<void>;
  /** The second time does nothing: by then the directory may be somebody else's. */
  release(): Promise<void>;
}

const STOP_PATIENCE_MS = 10_000;
const ATTEMPTS = 5;

/** @throws SetupError while another living process holds the directory. */
export async function claimDirectory(dir: string): Promise<Claim> {
  const file = path.join(dir, "server.json");
  const owner = being(process.pid);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (await writeNew(file, { owner, server: null })) {
      let released = false;
      return {
        note: (pid, stopSignal) => overwrite(file, { owner, server: { ...being(pid), stopSignal } }),
        async release() {
          if (!released) await rm(file, { force: true });
          released = true;
        },
      };
    }
    await removeStale(dir, file);
  }
  throw new SetupError(`Several starts want ${dir} at once; wait a moment and start again.`);
}

function being(pid: number): Being {
  return { pid, identity: identityOf(pid) ?? "" };
}

function lives({ pid, identity }: Being): boolean {
  return identityOf(pid) === identity;
}

async function removeStale(dir: string, file: string): Promise<void> {
  const text = await readFile(file, "utf8").catch(() => "");
  const record = parse(text);
  if (record && lives(record.owner)) {
    throw new SetupError(`Process ${record.owner.pid} already uses ${dir}; stop that one first.`);
  }
  if (record?.server) await endLeftover(record.server);
  // Moved aside first: of several starts only one takes it, and a claim made meanwhile is put back.
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
  } catch {
    return;
  }
  if ((await readFile(aside, "utf8")) !== text) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}

async function endLeftover(server: NonNullable<ClaimRecord["server"]>): Promise<void> {
  for (const signal of [server.stopSignal, "SIGKILL"] as const) {
    const deadline = performance.now() + STOP_PATIENCE_MS;
    if (!lives(server)) return;
    sendSignal(server.pid, signal);
    while (lives(server) && performance.now() < deadline) await sleep(25);
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return;
    throw new SetupError(
      `Process ${pid} is left over from an earlier start by another user; stop it with \`sudo kill ${pid}\`.`,
    );
  }
}

/** A file that appears whole or not at all, and never replaces another. */
async function writeNew(file: string, record: ClaimRecord): Promise<boolean> {
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, JSON.stringify(record));
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function overwrite(file: string, record: ClaimRecord): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, JSON.stringify(record));
  await rename(draft, file);
}

function parse(text: string): ClaimRecord | null {
  try {
    return JSON.parse(text) as ClaimRecord;
  } catch {
    return null;
  }
}
