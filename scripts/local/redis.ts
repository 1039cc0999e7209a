/**
 * A private redis-server on a random port of 127.0.0.1, with the settings that Fast Pass insists on.
 */
import { mkdir } from "node:fs/promises";
import { createConnection } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Claim, claimDirectory } from "./claim.ts";
import { ensureRedisServer } from "./install-redis.ts";
import { freePort } from "./ports.ts";
import { launch, type ServerProcess } from "./processes.ts";
import { type Say, SetupError } from "./setup-error.ts";

export { ensureRedisServer };

export interface RedisOptions {
  readonly dir: string;
  /** A free one when absent. */
  readonly port?: number;
  /** True: an append-only file, synced each second. False: nothing is kept, for tests and demonstrations. */
  readonly durable: boolean;
  /** Further arguments, which win over ours, such as `["--cluster-enabled", "yes"]`. */
  readonly args?: readonly string[];
  readonly say?: Say;
  /** Where free ports come from; a test hands in one that is taken. */
  readonly findPort?: () => Promise<number>;
}

export interface RunningRedis {
  readonly url: string;
  readonly port: number;
  readonly dir: string;
  readonly pid: number;
  /** Ends it in order, by force when it has not ended after ten seconds. Does nothing when it has ended already. */
  stop(patienceMs?: number): Promise<void>;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** After `stop` or `kill`: serves the same folder on the same port again. */
  restart(): Promise<void>;
}

interface RedisService {
  readonly server: ServerProcess;
  readonly claim: Claim;
  readonly port: number;
}

const READY_WITHIN_MS = 60_000;
const STOP_PATIENCE_MS = 10_000;
const BIND_ATTEMPTS = 5;

/** @throws SetupError when it cannot be started here, with what to do about it. */
export async function startRedis(options: RedisOptions): Promise<RunningRedis> {
  const dir = path.resolve(options.dir);
  const program = await ensureRedisServer(options.say);
  await mkdir(dir, { recursive: true });
  let service = await serve(program, dir, options, options.port);
  const { port } = service;
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    dir,
    get pid() {
      return service.server.pid;
    },
    stop: (patienceMs) => end(service, "SIGTERM", patienceMs),
    kill: () => end(service, "SIGKILL"),
    async restart() {
      if (!service.server.exited()) throw new Error("restart() comes after stop() or kill()");
      await service.claim.release();
      service = await serve(program, dir, options, port);
    },
  };
}

async function end(
  { server, claim }: RedisService,
  signal: NodeJS.Signals,
  patienceMs = STOP_PATIENCE_MS,
): Promise<void> {
  await server.end(signal, patienceMs);
  await claim.release();
}

async function serve(
  program: string,
  dir: string,
  options: RedisOptions,
  wantedPort?: number,
): Promise<RedisService> {
  const claim = await claimDirectory(dir);
  try {
    return await bind(program, dir, options, claim, wantedPort);
  } catch (error) {
    await claim.release();
    throw error;
  }
}

/** Launches it until it serves: another process may take a free port before it does. */
async function bind(
  program: string,
  dir: string,
  options: RedisOptions,
  claim: Claim,
  wantedPort?: number,
): Promise<RedisService> {
  for (let attempt = 1; ; attempt += 1) {
    const port = wantedPort ?? (await (options.findPort ?? freePort)());
    const server = await launch({
      command: program,
      args: argumentsFor(port, dir, options),
      cwd: dir,
      user: null,
      logFile: path.join(dir, "redis.log"),
      stopSignal: "SIGTERM",
    });
    await claim.note(server.pid, "SIGTERM");
    const failure = await whyNotReady(server, port);
    if (failure === null) return { server, claim, port };
    const taken = /Address already in use|Failed listening/.test(failure);
    if (!taken) throw new SetupError(`redis-server did not start in ${dir}: ${failure}`);
    if (wantedPort !== undefined || attempt === BIND_ATTEMPTS) {
      throw new SetupError(
        `redis-server cannot listen on port ${port}, which something else uses; stop that or choose another port.`,
      );
    }
  }
}

function argumentsFor(port: number, dir: string, options: RedisOptions): string[] {
  const settings = {
    port: String(port),
    bind: "127.0.0.1",
    "protected-mode": "yes",
    daemonize: "no",
    dir,
    save: "",
    appendonly: options.durable ? "yes" : "no",
    appendfsync: "everysec",
    // A rewrite in the middle of a surge costs more than reading a longer file after a restart.
    "auto-aof-rewrite-min-size": "256mb",
    "maxmemory-policy": "noeviction",
  };
  return [
    ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    ...(options.args ?? []),
  ];
}

async function whyNotReady(server: ServerProcess, port: number): Promise<string | null> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (performance.now() < deadline) {
    if (server.exited()) return server.lastWords();
    // Another Redis may have the port: only the answer of our own process counts.
    const answer = await ask(port, "PING\r\nINFO server\r\n");
    if (answer.startsWith("+PONG") && answer.includes(`process_id:${server.pid}\r\n`)) return null;
    await sleep(15);
  }
  await server.end("SIGTERM", STOP_PATIENCE_MS);
  return `it was not ready within ${READY_WITHIN_MS / 1_000} s; ${await server.lastWords()}`;
}

/** Empty when nobody answers. A client library would be a reconnecting one, with its own ideas of errors. */
function ask(port: number, commands: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = createConnection({ port, host: "127.0.0.1", timeout: 1_000 });
    const done = () => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("connect", () => socket.write(`${commands}QUIT\r\n`));
    socket.setEncoding("utf8").on("data", (text: string) => {
      answer += text;
    });
    for (const event of ["end", "error", "timeout"]) socket.once(event, done);
  });
}
