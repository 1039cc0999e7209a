/** Three Redis masters that share the slots, on random ports, for what must also work on a Cluster. */
import path from "node:path";
import { Redis } from "ioredis";
import { removePlace, temporaryPlace } from "../../scripts/local/places.ts";
import { freePort } from "../../scripts/local/ports.ts";
import { type RunningRedis, startRedis } from "../../scripts/local/redis.ts";
import { eventually } from "../support/wait.ts";

export interface RedisCluster {
  /** `host:port` of each. */
  readonly nodes: readonly string[];
  stop(): Promise<void>;
}

const SLOTS = 16_384;
const MASTERS = 3;

export async function startRedisCluster(): Promise<RedisCluster> {
  const dir = await temporaryPlace("cluster");
  const masters = await Promise.all(
    Array.from({ length: MASTERS }, async (_, index) => startMaster(path.join(dir, String(index)))),
  );
  const clients = masters.map(({ server }) => new Redis(server.url));
  try {
    await unite(clients, masters);
  } finally {
    for (const client of clients) client.disconnect();
  }
  return {
    nodes: masters.map(({ server }) => `127.0.0.1:${server.port}`),
    async stop() {
      await Promise.all(masters.map(({ server }) => server.stop()));
      await removePlace(dir);
    },
  };
}

interface Master {
  readonly server: RunningRedis;
  readonly busPort: number;
}

async function startMaster(dir: string): Promise<Master> {
  const busPort = await freePort();
  const args = ["--cluster-enabled", "yes", "--cluster-port", String(busPort)];
  return { server: await startRedis({ dir, durable: false, args }), busPort };
}

async function unite(clients: readonly Redis[], masters: readonly Master[]): Promise<void> {
  const bounds = Array.from({ length: MASTERS + 1 }, (_, index) => Math.floor((index * SLOTS) / MASTERS));
  for (const [index, client] of clients.entries()) {
    await client.call("CLUSTER", "SET-CONFIG-EPOCH", index + 1);
    await client.call("CLUSTER", "ADDSLOTSRANGE", bounds[index] ?? 0, (bounds[index + 1] ?? 0) - 1);
    for (const { server, busPort } of masters) {
      await client.call("CLUSTER", "MEET", "127.0.0.1", server.port, busPort);
    }
  }
  await eventually(
    async () => {
      const states = await Promise.all(
        clients.map(async (client) => String(await client.call("CLUSTER", "INFO"))),
      );
      return states.every((state) => /cluster_state:ok/.test(state) && /cluster_known_nodes:3/.test(state));
    },
    { what: "a whole cluster", timeoutMs: 15_000 },
  );
}
