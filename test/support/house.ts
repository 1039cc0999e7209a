/**
 * The whole of Fast Pass on the test servers, with as many gateways and workers as a test wants.
 *
 * Members run in this process, each on a platform of its own as if it were alone; what only a process can show
 * (signals, exit codes, a crash) is started by `house/processes.ts` on the same stores. Every answer is held to the
 * ground rules and the API document in passing.
 */
import { createRooms, serveMetrics, startGateway } from "../../src/app.ts";
import { createAccountAdministration } from "../../src/auth/index.ts";
import { loadConfig } from "../../src/config.ts";
import { openPlatform } from "../../src/platform/index.ts";
import { type Database, openDatabase } from "../../src/platform/postgres.ts";
import { createReleaser } from "../../src/platform/releaser.ts";
import { runInvariants } from "../../src/reservations/index.ts";
import { startWorkers } from "../../workers/start.ts";
import { type Client, openClient } from "./house/client.ts";
import { type Follower, type FollowOptions, follow } from "./house/follower.ts";
import { createPeople, type Fan, type People } from "./house/people.ts";
import { claimRedisNumber } from "./house/redis-number.ts";
import { testServers } from "./servers.ts";

export { type Answer, type Ask, type Client, neverSeen, openClient, seenOperations } from "./house/client.ts";
export { type Follower, type Frame, follow } from "./house/follower.ts";
export { type Fan, type Inside, newEmail, newShow, type Show, seatsOf } from "./house/people.ts";

export interface HouseOptions {
  /** 1 when absent. */
  readonly gateways?: number;
  /** 1 when absent. */
  readonly workers?: number;
  /** The first gateway runs a worker beside it, as `npm start` does; `workers` is then 0 when absent. */
  readonly together?: boolean;
  /** Settings that differ from those of the house. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Servers that the test stops; the shared ones when absent. */
  readonly redisUrl?: string;
  readonly databaseUrl?: string;
}

export interface Member {
  /** As SIGTERM would; doing it twice is no error. */
  stop(): Promise<void>;
}

export interface GatewayMember extends Member {
  readonly client: Client;
}

export interface House extends People {
  /** The first gateway. */
  readonly client: Client;
  readonly gateways: readonly GatewayMember[];
  readonly workers: readonly Member[];
  /** What a member of this house has to know, for processes. */
  readonly environment: Readonly<Record<string, string>>;
  readonly db: Database;
  readonly operatorToken: string;
  addGateway(): Promise<GatewayMember>;
  addWorker(): Promise<Member>;
  /** Accounts in bulk, with tokens that are good for a day. */
  fans(count: number): Promise<Fan[]>;
  fan(): Promise<Fan>;
  staff(role: "gate" | "operator"): Promise<{ email: string; password: string }>;
  /** @param path such as `/ws/v1/queues/<id>`. */
  stream(path: string, token: string | null, options?: FollowOptions & { on?: Client }): Follower;
  /** @returns the sentences of INV that do not hold. */
  invariants(graceSeconds?: number): Promise<string[]>;
  close(): Promise<void>;
}

export const OPERATOR = { email: "operator@fastpass.test", password: "operator-of-the-house" } as const;

export async function openHouse(options: HouseOptions = {}): Promise<House> {
  const releaser = createReleaser(30_000);
  try {
    return await build(options, releaser);
  } catch (fault) {
    await releaser.release().catch(() => undefined);
    throw fault;
  }
}

async function build(options: HouseOptions, releaser: ReturnType<typeof createReleaser>): Promise<House> {
  const environment = await stores(options, releaser);
  const url = environment.DATABASE_URL as string;
  const db = openDatabase(url, 4, "test-house");
  releaser.add("database", () => db.destroy());
  const administration = createAccountAdministration(db, loadConfig(environment));
  const gateways: GatewayMember[] = [];
  const workers: Member[] = [];
  const followers: Follower[] = [];
  releaser.add("members", () => stopAll([...workers, ...gateways]));
  releaser.add("followers", () => {
    for (const follower of followers) follower.close();
  });

  async function addGateway(): Promise<GatewayMember> {
    const together = options.together === true && gateways.length === 0;
    const gateway = await openGateway(environment, together);
    gateways.push(gateway);
    return gateway;
  }
  async function addWorker(): Promise<Member> {
    const FASTPASS_GATEWAY_URL = gateways[0]?.client.url;
    const worker = await openWorker({
      ...environment,
      ...(FASTPASS_GATEWAY_URL && { FASTPASS_GATEWAY_URL }),
    });
    workers.push(worker);
    return worker;
  }

  for (let count = options.gateways ?? 1; count > 0; count -= 1) await addGateway();
  for (let count = options.workers ?? (options.together ? 0 : 1); count > 0; count -= 1) await addWorker();
  const client = (gateways[0] as GatewayMember).client;
  const login = await client.api("POST", "/auth/login", { body: OPERATOR, expect: 200 });
  const operatorToken: string = login.body.accessToken;

  async function fans(count: number): Promise<Fan[]> {
    const made: Fan[] = [];
    for await (const batch of administration.makeFans(count))
      made.push(...batch.map(({ accessToken: token, ...fan }) => ({ ...fan, token })));
    return made;
  }

  return {
    ...createPeople(client, operatorToken),
    client,
    gateways,
    workers,
    environment,
    db,
    operatorToken,
    addGateway,
    addWorker,
    fans,
    fan: async () => (await fans(1))[0] as Fan,
    async staff(role) {
      const account = { email: `${role}-${Date.now()}@fastpass.test`, password: "staff-of-the-house" };
      const made = await administration.createAccount({ ...account, name: role, role });
      if (!made.ok) throw new Error(`no ${role} could be made: ${made.reason}`);
      return account;
    },
    stream(path, token, { on = client, ...how } = {}) {
      const follower = follow(`${on.url.replace("http", "ws")}${path}`, token, how);
      followers.push(follower);
      return follower;
    },
    async invariants(graceSeconds = 10) {
      const broken = await runInvariants(db, { graceSeconds });
      return broken.map(({ invariant, subject, detail }) => `${invariant}: ${subject} ${detail}`);
    },
    close: () => releaser.release(),
  };
}

/** The settings of the house; its stores are made when the test brings none. */
async function stores(
  options: HouseOptions,
  releaser: ReturnType<typeof createReleaser>,
): Promise<Record<string, string>> {
  const servers = await testServers();
  let { databaseUrl, redisUrl } = options;
  if (!databaseUrl) {
    const database = await servers.createDatabase();
    releaser.add("test database", () => database.drop());
    databaseUrl = database.url;
  }
  if (!redisUrl) {
    const number = await claimRedisNumber(servers.redisUrl);
    releaser.add("redis number", () => number.release());
    redisUrl = number.url;
  }
  return {
    NODE_ENV: "test",
    HOST: "127.0.0.1",
    PORT: "0",
    LOG_LEVEL: "silent",
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    FASTPASS_LIMITS: "off",
    FASTPASS_ACCESS_SECRET: "the-secret-of-the-house-for-access-tokens",
    FASTPASS_TICKET_SECRET: "the-secret-of-the-house-for-queue-tickets",
    FASTPASS_WEBHOOK_SECRET: "the-secret-of-the-house-for-webhooks",
    FASTPASS_OPERATOR_EMAIL: OPERATOR.email,
    FASTPASS_OPERATOR_PASSWORD: OPERATOR.password,
    ...options.environment,
  };
}

async function openGateway(environment: Record<string, string>, withWorker: boolean): Promise<GatewayMember> {
  const releaser = createReleaser();
  try {
    const platform = await openPlatform(loadConfig(environment), "gateway", releaser);
    await serveMetrics(platform);
    const rooms = createRooms(platform);
    if (withWorker) startWorkers(platform, rooms);
    const { port } = await startGateway(platform, rooms);
    const client = await openClient(`http://127.0.0.1:${port}`);
    return { client, stop: once(() => releaser.release().finally(() => client.close())) };
  } catch (fault) {
    await releaser.release().catch(() => undefined);
    throw fault;
  }
}

async function openWorker(environment: Record<string, string>): Promise<Member> {
  const releaser = createReleaser();
  const platform = await openPlatform(loadConfig(environment), "worker", releaser);
  startWorkers(platform, createRooms(platform));
  return { stop: once(() => releaser.release()) };
}

function once(stop: () => Promise<void>): () => Promise<void> {
  let stopped: Promise<void> | undefined;
  return () => {
    stopped ??= stop();
    return stopped;
  };
}

/** All of them, even when one fails. */
async function stopAll(members: readonly Member[]): Promise<void> {
  const ends = await Promise.allSettled(members.map((member) => member.stop()));
  const failed = ends.filter((end): end is PromiseRejectedResult => end.status === "rejected");
  if (failed.length > 0) throw new AggregateError(failed.map(({ reason }) => reason));
}
