/**
 * A whole Fast Pass of one's own: a private PostgreSQL and Redis, and gateways and workers as the processes they are
 * in production. The demonstration and the load tests run on one.
 *
 * All are children in sessions of their own, so Ctrl-C reaches this process alone, which ends them in order; if it
 * dies without a word, their watchdogs end them (see local/processes.ts).
 */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Config, loadConfig } from "../src/config.ts";
import { migrate } from "../src/migrations/index.ts";
import type { Releaser } from "../src/platform/releaser.ts";
import { readErrors } from "./local/logs.ts";
import { removePlace, temporaryPlace } from "./local/places.ts";
import { freePort } from "./local/ports.ts";
import { startPostgres } from "./local/postgres.ts";
import { launch, type ServerProcess } from "./local/processes.ts";
import { startRedis } from "./local/redis.ts";
import { startRedisCluster } from "./local/redis-cluster.ts";
import { type Say, SetupError } from "./local/setup-error.ts";

export interface HouseOptions {
  /** Names its temporary folder. */
  readonly kind: string;
  readonly gateways: number;
  readonly workers: number;
  /** The folder of the compiled program, run in production form on stores that write to the disk; null: the sources, as a developer runs them. */
  readonly compiled: string | null;
  /** On a Redis Cluster of three masters. */
  readonly cluster?: boolean;
  /** Settings of all gateways and workers beside those of the house. */
  readonly settings?: NodeJS.ProcessEnv;
}

export interface House {
  readonly addresses: readonly URL[];
  /** For what is done and checked without the API: accounts in bulk, the invariants. */
  readonly config: Config;
  readonly operator: { readonly email: string; readonly password: string };
  /** What our processes logged as errors, and which of them ended by themselves. */
  problems(): Promise<string[]>;
}

export interface Member {
  readonly name: string;
  readonly process: ServerProcess;
  readonly logFile: string;
  /** Where its metrics are. */
  readonly metrics: URL;
}

export interface OwnHouse extends House {
  /** A folder for files of the run. */
  readonly place: string;
  readonly gateways: readonly Member[];
  readonly workers: readonly Member[];
  /** Ends a worker as a crash would, and starts another. */
  crash(worker: Member): Promise<void>;
}

const ROOT = path.resolve(import.meta.dirname, "..");
const READY_WITHIN_MS = 60_000;
const PORT_ATTEMPTS = 5;
const DRAIN_MS = 12_000;

/** @throws SetupError when something can't be started, with what to do about it. */
export async function openHouse(options: HouseOptions, releaser: Releaser, say: Say): Promise<OwnHouse> {
  const { compiled } = options;
  const dir = await temporaryPlace(options.kind);
  releaser.add("temporary folder", () => removePlace(dir));
  const durable = compiled !== null;
  const [postgres, redis] = await Promise.allSettled([
    startPostgres({ dir: path.join(dir, "postgres"), durable, say }),
    (options.cluster ? startRedisCluster : startRedis)({ dir: path.join(dir, "redis"), durable, say }),
  ]);
  if (postgres.status === "fulfilled") releaser.add("private postgres", () => postgres.value.stop());
  if (redis.status === "fulfilled") releaser.add("private redis", () => redis.value.stop());
  if (postgres.status === "rejected") throw postgres.reason;
  if (redis.status === "rejected") throw redis.reason;

  const environment = {
    ...environmentFor(postgres.value.url, redis.value.url),
    ...("nodes" in redis.value ? { FASTPASS_REDIS_CLUSTER: redis.value.nodes.join(",") } : {}),
    ...(compiled ? productionForm(dir) : {}),
    ...options.settings,
  } as HouseEnvironment;
  await migrate(postgres.value.url);
  const gateways: Member[] = [];
  const workers: Member[] = [];
  const addresses = await openAll(options.gateways, (index) => openGateway(index));
  // Workers deliver the sandbox provider's webhooks to a gateway, so the gateways come first.
  await openAll(options.workers, openWorker);
  return {
    addresses,
    config: loadConfig(environment),
    operator: {
      email: environment.FASTPASS_OPERATOR_EMAIL,
      password: environment.FASTPASS_OPERATOR_PASSWORD,
    },
    place: dir,
    gateways,
    workers,
    async crash(worker) {
      workers.splice(workers.indexOf(worker), 1);
      await worker.process.end("SIGKILL", DRAIN_MS);
      await openWorker();
    },
    async problems() {
      const found: string[] = [];
      for (const { name, process, logFile } of [...gateways, ...workers]) {
        if (process.exited()) found.push(`${name} ended by itself: ${await process.lastWords()}`);
        for (const line of await readErrors(logFile)) found.push(`${name}: ${line}`);
      }
      return found;
    },
  };

  async function open(
    list: Member[],
    name: string,
    file: string,
    settings: NodeJS.ProcessEnv,
  ): Promise<Member> {
    const logFile = path.join(dir, `${name}.log`);
    const metricsPort = await freePort();
    const program = compiled
      ? [path.join(compiled, file.replace(/\.ts$/, ".js"))]
      : ["--import", "tsx", file];
    const started = await launch({
      command: process.execPath,
      args: program,
      cwd: ROOT,
      environment: { ...environment, FASTPASS_METRICS_PORT: String(metricsPort), ...settings },
      user: null,
      logFile,
      stopSignal: "SIGTERM",
    });
    releaser.add(name, () => started.end("SIGTERM", DRAIN_MS));
    const metrics = new URL(`http://127.0.0.1:${metricsPort}/metrics`);
    const member = { name, process: started, logFile, metrics };
    list.push(member);
    return member;
  }

  async function openWorker(): Promise<void> {
    const name = `worker-${randomBytes(3).toString("hex")}`;
    await open(workers, name, "workers/index.ts", { FASTPASS_GATEWAY_URL: addresses[0]?.origin });
  }

  async function openGateway(index: number): Promise<URL> {
    for (let attempt = 1; ; attempt += 1) {
      const port = await freePort();
      const member = await open(gateways, `gateway-${index + 1}`, "src/server.ts", { PORT: String(port) });
      const address = new URL(`http://127.0.0.1:${port}`);
      const failure = await whyNotReady(address, member.process);
      if (failure === null) return address;
      // Another process may have taken the port before ours did.
      if (!/already in use|can't be served on port/.test(failure) || attempt === PORT_ATTEMPTS)
        throw new SetupError(`${member.name} did not start: ${failure}`);
      gateways.splice(gateways.indexOf(member), 1);
    }
  }
}

/** Of several that start at once a failure is told when all have come to an end, so that none is left unknown. */
async function openAll<T>(count: number, open: (index: number) => Promise<T>): Promise<T[]> {
  const opened = await Promise.allSettled(Array.from({ length: count }, (_, index) => open(index)));
  return opened.map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  });
}

async function whyNotReady(address: URL, server: ServerProcess): Promise<string | null> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (performance.now() < deadline) {
    if (server.exited()) return server.lastWords();
    const ready = await fetch(new URL("/readyz", address), { signal: AbortSignal.timeout(2_000) }).then(
      async (response) => {
        await response.arrayBuffer();
        return response.ok;
      },
      () => false,
    );
    if (ready) return null;
    await sleep(50);
  }
  return `it was not ready within ${READY_WITHIN_MS / 1_000} s; ${await server.lastWords()}`;
}

type HouseEnvironment = NodeJS.ProcessEnv & {
  FASTPASS_OPERATOR_EMAIL: string;
  FASTPASS_OPERATOR_PASSWORD: string;
};

/** Nothing of what the caller has set for another Fast Pass may reach this one. */
function environmentFor(databaseUrl: string, redisUrl: string): HouseEnvironment {
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("FASTPASS_")),
  );
  const secret = () => randomBytes(32).toString("base64url");
  return {
    ...inherited,
    NODE_ENV: "development",
    HOST: "127.0.0.1",
    LOG_LEVEL: "warn",
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    FASTPASS_LIMITS: "off",
    FASTPASS_OPERATOR_EMAIL: "operator@fastpass.example",
    FASTPASS_OPERATOR_PASSWORD: secret(),
    FASTPASS_ACCESS_SECRET: secret(),
    FASTPASS_TICKET_SECRET: secret(),
    FASTPASS_WEBHOOK_SECRET: secret(),
  };
}

function productionForm(dir: string): NodeJS.ProcessEnv {
  const keyFile = path.join(dir, "pass.pem");
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  writeFileSync(keyFile, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  return { NODE_ENV: "production", FASTPASS_PASS_KEY_FILE: keyFile };
}
