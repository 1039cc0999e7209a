/**
 * The house of the demonstration: a private PostgreSQL and Redis, and gateways and workers as the processes they are
 * in production.
 *
 * All are children in sessions of their own, so Ctrl-C reaches this process alone, which ends them in order; if it
 * dies without a word, their watchdogs end them (see ../local/processes.ts).
 */
import { randomBytes } from "node:crypto";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Config, loadConfig } from "../../src/config.ts";
import { migrate } from "../../src/migrations/index.ts";
import type { Releaser } from "../../src/platform/releaser.ts";
import { removePlace, temporaryPlace } from "../local/places.ts";
import { freePort } from "../local/ports.ts";
import { startPostgres } from "../local/postgres.ts";
import { launch, type ServerProcess } from "../local/processes.ts";
import { startRedis } from "../local/redis.ts";
import { SetupError } from "../local/setup-error.ts";
import { readErrors } from "./logs.ts";
import type { DemoOptions } from "./options.ts";

export interface House {
  readonly addresses: readonly URL[];
  /** For what is done and checked without the API: accounts in bulk, the invariants. */
  readonly config: Config;
  readonly operator: { readonly email: string; readonly password: string };
  /** What our processes logged as errors, and which of them ended by themselves. */
  problems(): Promise<string[]>;
}

interface Member {
  readonly name: string;
  readonly process: ServerProcess;
  readonly logFile: string;
}

const ROOT = path.resolve(import.meta.dirname, "../..");
const READY_WITHIN_MS = 60_000;
const PORT_ATTEMPTS = 5;
const DRAIN_MS = 12_000;

/** @throws SetupError when something can't be started, with what to do about it. */
export async function openHouse(
  options: DemoOptions,
  releaser: Releaser,
  say: (line: string) => void,
): Promise<House> {
  if (options.existing) return useExisting(options.existing);
  const dir = await temporaryPlace("demo");
  releaser.add("temporary folder", () => removePlace(dir));
  const [postgres, redis] = await Promise.allSettled([
    startPostgres({ dir: path.join(dir, "postgres"), durable: false, say }),
    startRedis({ dir: path.join(dir, "redis"), durable: false, say }),
  ]);
  if (postgres.status === "fulfilled") releaser.add("private postgres", () => postgres.value.stop());
  if (redis.status === "fulfilled") releaser.add("private redis", () => redis.value.stop());
  if (postgres.status === "rejected") throw postgres.reason;
  if (redis.status === "rejected") throw redis.reason;

  const environment = environmentFor(postgres.value.url, redis.value.url);
  await migrate(postgres.value.url);
  const { gateways, workers } = options;
  const members: Member[] = [];
  const addresses = await openAll(gateways, (index) => openGateway(index));
  // Workers deliver the sandbox provider's webhooks to a gateway, so the gateways come first.
  const workerSettings = { FASTPASS_GATEWAY_URL: addresses[0]?.origin };
  await openAll(workers, (index) => open(`worker-${index + 1}`, "workers/index.ts", workerSettings));
  return {
    addresses,
    config: loadConfig(environment),
    operator: {
      email: environment.FASTPASS_OPERATOR_EMAIL,
      password: environment.FASTPASS_OPERATOR_PASSWORD,
    },
    async problems() {
      const found: string[] = [];
      for (const { name, process, logFile } of members) {
        if (process.exited()) found.push(`${name} ended by itself: ${await process.lastWords()}`);
        for (const line of await readErrors(logFile)) found.push(`${name}: ${line}`);
      }
      return found;
    },
  };

  async function open(name: string, file: string, settings: NodeJS.ProcessEnv): Promise<Member> {
    const logFile = path.join(dir, `${name}.log`);
    const started = await launch({
      command: process.execPath,
      args: ["--import", "tsx", file],
      cwd: ROOT,
      environment: { ...environment, ...settings },
      user: null,
      logFile,
      stopSignal: "SIGTERM",
    });
    releaser.add(name, () => started.end("SIGTERM", DRAIN_MS));
    const member = { name, process: started, logFile };
    members.push(member);
    return member;
  }

  async function openGateway(index: number): Promise<URL> {
    for (let attempt = 1; ; attempt += 1) {
      const port = await freePort();
      const member = await open(`gateway-${index + 1}`, "src/server.ts", { PORT: String(port) });
      const address = new URL(`http://127.0.0.1:${port}`);
      const failure = await whyNotReady(address, member.process);
      if (failure === null) return address;
      // Another process may have taken the port before ours did.
      if (!/already in use/.test(failure) || attempt === PORT_ATTEMPTS)
        throw new SetupError(`${member.name} did not start: ${failure}`);
      members.splice(members.indexOf(member), 1);
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

function useExisting({ url, email, password }: NonNullable<DemoOptions["existing"]>): House {
  return {
    addresses: [new URL(url)],
    config: loadConfig(process.env),
    operator: { email, password },
    problems: async () => [],
  };
}
