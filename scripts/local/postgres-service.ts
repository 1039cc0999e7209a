/** The process of a private PostgreSQL: from a folder to a server that answers. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Claim, claimDirectory } from "./claim.ts";
import { freePort } from "./ports.ts";
import { type PostgresBinaries, postgresBinaries } from "./postgres-binaries.ts";
import { ensureCluster, postgresEnvironment } from "./postgres-cluster.ts";
import { removeDeadLock } from "./postgres-lock.ts";
import type { PostgresPlace } from "./postgres-place.ts";
import { launch, type ServerProcess } from "./processes.ts";
import { type Say, SetupError, sayNothing } from "./setup-error.ts";

export interface PostgresOptions {
  /** Where its data may lie; as root they may have to lie elsewhere, see `dir` of the answer. */
  readonly dir: string;
  /** A free one when absent. */
  readonly port?: number;
  /** False for tests and demonstrations: several times faster, and a crash of the machine may lose everything. */
  readonly durable: boolean;
  /** Made if there is none of that name; `fastpass` when absent. */
  readonly database?: string;
  /** Further settings, such as `max_connections`. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly say?: Say;
  /** Where free ports come from; a test hands in one that is taken. */
  readonly findPort?: () => Promise<number>;
}

export interface PostgresService {
  readonly server: ServerProcess;
  readonly claim: Claim;
  readonly port: number;
  readonly password: string;
}

const READY_WITHIN_MS = 60_000;
const STOP_PATIENCE_MS = 10_000;
const BIND_ATTEMPTS = 5;

export async function serve(
  place: PostgresPlace,
  options: PostgresOptions,
  wantedPort?: number,
): Promise<PostgresService> {
  const claim = await claimDirectory(place.dir);
  try {
    const binaries = await postgresBinaries(place.user, options.say ?? sayNothing);
    const password = await ensureCluster(place, binaries, options.durable);
    await removeDeadLock(place.dataDir);
    const { server, port } = await bind(place, binaries, options, claim, wantedPort);
    return { server, claim, port, password };
  } catch (error) {
    await claim.release();
    throw error;
  }
}

/** Ends it by the signal, by force when it does not listen; what has ended stays ended. */
export async function endService(
  { server, claim }: PostgresService,
  signal: NodeJS.Signals,
  patienceMs = STOP_PATIENCE_MS,
): Promise<void> {
  await server.end(signal, patienceMs);
  await claim.release();
}

/** Launches it until it serves: another process may take a free port first, and a crashed one dies in parts. */
async function bind(
  place: PostgresPlace,
  binaries: PostgresBinaries,
  options: PostgresOptions,
  claim: Claim,
  wantedPort?: number,
): Promise<{ server: ServerProcess; port: number }> {
  const deadline = performance.now() + STOP_PATIENCE_MS;
  for (let attempt = 1; ; attempt += 1) {
    const port = wantedPort ?? (await (options.findPort ?? freePort)());
    const server = await launch({
      command: binaries.postgres,
      args: ["-D", place.dataDir, ...settingsFor(port, options)],
      cwd: "/",
      environment: postgresEnvironment(),
      user: place.user,
      logFile: path.join(place.dir, "postgres.log"),
      stopSignal: "SIGINT",
    });
    await claim.note(server.pid, "SIGINT");
    const failure = await whyNotReady(server, place.dataDir);
    if (failure === null) return { server, port };
    if (/could not bind|Address already in use/.test(failure)) {
      if (wantedPort === undefined && attempt < BIND_ATTEMPTS) continue;
      throw new SetupError(
        `PostgreSQL cannot listen on port ${port}, which something else uses; stop that or choose another port.`,
      );
    }
    // The processes of a killed server notice one after the other that it is gone.
    const dying = /shared memory block .* still in use|lock file .* already exists/.test(failure);
    if (!dying || performance.now() > deadline)
      throw new SetupError(`PostgreSQL did not start in ${place.dir}: ${failure}`);
    await sleep(100);
  }
}

function settingsFor(port: number, options: PostgresOptions): string[] {
  // Commits still reach the kernel, which costs little: a test that kills the server must not lose what it said.
  const volatileSettings = { fsync: "off", full_page_writes: "off" };
  const settings = {
    port: String(port),
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: "200",
    timezone: "UTC",
    log_timezone: "UTC",
    lc_messages: "C",
    // A refused statement is told to the client; the log is for the server itself.
    log_min_messages: "log",
    log_checkpoints: "off",
    ...(options.durable ? {} : volatileSettings),
    ...options.settings,
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

/** Its own pid file says when it serves, in no language: first line the pid, eighth line the state. */
async function whyNotReady(server: ServerProcess, dataDir: string): Promise<string | null> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (performance.now() < deadline) {
    if (server.exited()) return server.lastWords();
    const lines = (await readFile(path.join(dataDir, "postmaster.pid"), "utf8").catch(() => "")).split("\n");
    if (Number(lines[0]) === server.pid && lines[7]?.trim() === "ready") return null;
    await sleep(15);
  }
  await server.end("SIGINT", STOP_PATIENCE_MS);
  return `it was not ready within ${READY_WITHIN_MS / 1_000} s; ${await server.lastWords()}`;
}
