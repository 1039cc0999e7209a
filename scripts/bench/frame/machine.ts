/** Facts of the machine and the programs, to stand beside the numbers. */
import os from "node:os";
import { Redis } from "ioredis";
import pg from "pg";
import type { Stores } from "./stores.ts";

export async function machineFacts(
  stores: Pick<Stores, "redis" | "database">,
): Promise<Record<string, string>> {
  const cores = os.cpus();
  return {
    Processor: `${cores[0]?.model.trim() ?? "unknown"}, ${cores.length} cores`,
    Memory: `${Math.round(os.totalmem() / 2 ** 30)} GiB`,
    System: `${os.type()} ${os.release()} (${os.arch()})`,
    "Load before": os.loadavg()[0]?.toFixed(2) ?? "unknown",
    Node: process.version,
    Redis: await redisVersion(await stores.redis()),
    PostgreSQL: await postgresVersion(await stores.database()),
  };
}

async function redisVersion(url: string): Promise<string> {
  const redis = new Redis(url);
  try {
    return /redis_version:(\S+)/.exec(await redis.info("server"))?.[1] ?? "unknown";
  } finally {
    redis.disconnect();
  }
}

async function postgresVersion(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query("SHOW server_version")).rows[0].server_version;
  } finally {
    await client.end();
  }
}
