/**
 * Our application for a benchmark: a gateway in production form on stores of its own, with an operator and fans.
 *
 * Without a worker nothing ticks and nobody is admitted; a benchmark that needs that starts one.
 */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { createAccountAdministration } from "../../../src/auth/index.ts";
import { type Config, loadConfig } from "../../../src/config.ts";
import { openDatabase } from "../../../src/platform/postgres.ts";
import type { NewQueueSettings } from "../../../src/queue/settings.ts";
import type { BenchContext } from "../frame/bench.ts";
import type { Child } from "../frame/child.ts";
import type { GatewayOptions } from "../servers/gateway.ts";
import { type Call, createCall } from "./api.ts";

export interface Fan {
  readonly userId: string;
  readonly token: string;
}

export interface Show {
  readonly performanceId: string;
  readonly queueId: string;
}

export interface ShowOptions {
  /** One section of this many rows. */
  readonly rows?: number;
  readonly seatsPerRow?: number;
  readonly holdSeconds?: number;
  readonly queue?: Partial<NewQueueSettings>;
}

export interface House {
  readonly redisUrl: string;
  readonly databaseUrl: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly config: Config;
  startGateway(
    options?: GatewayOptions & { environment?: NodeJS.ProcessEnv; outputFile?: string },
  ): Promise<Gateway>;
  startWorker(environment?: NodeJS.ProcessEnv): Promise<Child>;
  /** Accounts with tokens that are good for a day. */
  fans(count: number): Promise<Fan[]>;
  /** Changes the settings of a queue as its operator would. @param gateway any one. */
  change(gateway: Gateway, queueId: string, settings: Partial<NewQueueSettings>): Promise<void>;
  /** Makes a performance whose queue is open. @param gateway any one. */
  show(gateway: Gateway, options?: ShowOptions): Promise<Show>;
}

export interface Gateway {
  readonly port: number;
  readonly child: Child;
  readonly call: Call;
}

const OPERATOR = { email: "operator@bench.invalid", password: randomBytes(12).toString("base64url") };
/** The first fan is admitted and everybody after waits. */
const FULL: NewQueueSettings = {
  opensAt: new Date(Date.now() - 60_000).toISOString(),
  ratePerMinute: 1,
  maxActive: 1,
  arrivalSeconds: 3_600,
  sessionSeconds: 7_200,
  graceSeconds: 3_600,
};
const SEATS_A_ROW = 50;

/** @param settings further environment variables of all its processes. */
export async function openHouse(context: BenchContext, settings: NodeJS.ProcessEnv = {}): Promise<House> {
  const redisUrl = await context.stores.redis();
  const databaseUrl = await context.stores.database();
  const environment = production(context.stores.place, {
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    ...settings,
  });
  const config = loadConfig(environment);
  let token: string | null = null;
  const signIn = async ({ call }: Gateway): Promise<string> => {
    token ??= (await call<{ accessToken: string }>("POST", "/auth/login", OPERATOR)).accessToken;
    return token;
  };

  return {
    redisUrl,
    databaseUrl,
    environment,
    config,
    async startGateway({ environment: more = {}, outputFile, ...options } = {}) {
      const child = await context.start("gateway", {
        environment: { ...environment, ...more },
        nodeOptions: ["--expose-gc"],
        ...(outputFile ? { outputFile } : {}),
      });
      const port = await child.ask<number>("start", options);
      return { port, child, call: createCall(port) };
    },
    async startWorker(more = {}) {
      const child = await context.start("worker", { environment: { ...environment, ...more } });
      await child.ask("start");
      return child;
    },
    async fans(count) {
      const db = openDatabase(databaseUrl, 2, "bench-fans");
      try {
        // Fans in bulk are never made in production; the keys are the same.
        const { makeFans } = createAccountAdministration(db, { ...config, environment: "test" });
        const made: Fan[] = [];
        for await (const batch of makeFans(count))
          for (const { userId, accessToken } of batch) made.push({ userId, token: accessToken });
        return made;
      } finally {
        await db.destroy();
      }
    },
    async change(gateway, queueId, settings) {
      await gateway.call("PATCH", `/operator/queues/${queueId}`, settings, await signIn(gateway));
    },
    async show(gateway, { rows = 2, seatsPerRow = SEATS_A_ROW, holdSeconds = 3_600, queue = {} } = {}) {
      const { call } = gateway;
      const operatorToken = await signIn(gateway);
      const event = await call("POST", "/operator/events", { title: "Bench", venue: "Bench" }, operatorToken);
      const made = await call<{ id: string; queueId: string }>(
        "POST",
        `/operator/events/${event.id}/performances`,
        {
          startsAt: new Date(Date.now() + 86_400_000).toISOString(),
          currency: "KRW",
          holdSeconds,
          maxSeatsPerFan: 20,
          sections: [{ name: "Floor", rows, seatsPerRow, amount: 1_000 }],
          queue: { ...FULL, ...queue },
        },
        operatorToken,
      );
      return { performanceId: made.id, queueId: made.queueId };
    },
  };
}

function production(place: string, settings: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const keyFile = path.join(place, "pass.pem");
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  writeFileSync(keyFile, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  const secret = () => randomBytes(32).toString("base64url");
  return {
    NODE_ENV: "production",
    HOST: "127.0.0.1",
    PORT: "0",
    LOG_LEVEL: "warn",
    FASTPASS_ACCESS_SECRET: secret(),
    FASTPASS_TICKET_SECRET: secret(),
    FASTPASS_WEBHOOK_SECRET: secret(),
    FASTPASS_PASS_KEY_FILE: keyFile,
    FASTPASS_OPERATOR_EMAIL: OPERATOR.email,
    FASTPASS_OPERATOR_PASSWORD: OPERATOR.password,
    ...settings,
  };
}
