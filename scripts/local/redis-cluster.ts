/** A private Redis Cluster on random ports of 127.0.0.1: a handful of masters that share the hash slots. */
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { freePort } from "./ports.ts";
import { type RedisOptions, type RunningRedis, startRedis } from "./redis.ts";
import { SetupError } from "./setup-error.ts";

export interface RunningRedisCluster {
  /** `host:port` of each master. */
  readonly nodes: readonly string[];
  /** Of one of them, for what wants a single address. */
  readonly url: string;
  stop(): Promise<void>;
}

const SLOTS = 16_384;
const AGREED_WITHIN_MS = 30_000;

/** @throws SetupError when a node can't be started or they do not come to an agreement. */
export async function startRedisCluster(
  options: Omit<RedisOptions, "port" | "args" | "findPort">,
  size = 3,
): Promise<RunningRedisCluster> {
  const started = await Promise.allSettled(
    Array.from({ length: size }, (_, index) => startNode(options, path.join(options.dir, `node-${index}`))),
  );
  const nodes = started.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const stop = async () => {
    await Promise.all(nodes.map(({ redis }) => redis.stop()));
  };
  try {
    for (const each of started) if (each.status === "rejected") throw each.reason;
    await join(nodes);
  } catch (fault) {
    await stop();
    throw fault;
  }
  return {
    nodes: nodes.map(({ redis }) => `127.0.0.1:${redis.port}`),
    url: (nodes[0] as Node).redis.url,
    stop,
  };
}

interface Node {
  readonly redis: RunningRedis;
  /** On which the nodes speak among themselves; by default that is the port + 10,000, which may be none. */
  readonly busPort: number;
}

async function startNode(options: Omit<RedisOptions, "port">, dir: string): Promise<Node> {
  const busPort = await freePort();
  const args = [
    "--cluster-enabled",
    "yes",
    "--cluster-port",
    String(busPort),
    "--cluster-node-timeout",
    "5000",
  ];
  return { redis: await startRedis({ ...options, dir, args }), busPort };
}

/** Deals out the slots, makes the nodes known to each other and waits until all of them say that all is well. */
async function join(nodes: readonly Node[]): Promise<void> {
  const clients = nodes.map(
    ({ redis }) => new Redis(redis.port, "127.0.0.1", { lazyConnect: true, retryStrategy: () => null }),
  );
  try {
    for (const client of clients) client.on("error", () => undefined); // told by the command that fails
    const share = Math.ceil(SLOTS / nodes.length);
    await Promise.all(
      clients.map((client, index) =>
        client.call("CLUSTER", "ADDSLOTSRANGE", index * share, Math.min(SLOTS, (index + 1) * share) - 1),
      ),
    );
    const [first, ...others] = clients;
    for (const [index] of others.entries()) {
      const { redis, busPort } = nodes[index + 1] as Node;
      await first?.call("CLUSTER", "MEET", "127.0.0.1", redis.port, busPort);
    }
    await Promise.all(clients.map((client) => agreed(client, nodes.length)));
  } finally {
    for (const client of clients) client.disconnect();
  }
}

async function agreed(client: Redis, size: number): Promise<void> {
  const deadline = performance.now() + AGREED_WITHIN_MS;
  let info = "";
  while (performance.now() < deadline) {
    info = String(await client.call("CLUSTER", "INFO"));
    if (info.includes("cluster_state:ok") && info.includes(`cluster_known_nodes:${size}\r\n`)) return;
    await sleep(50);
  }
  throw new SetupError(`the Redis Cluster did not come to an agreement: ${info.replaceAll("\r\n", " ")}`);
}
