/** A Redis that a test makes forget its last seconds, in the two ways in which that happens. */
import { cp, rm } from "node:fs/promises";
import path from "node:path";
import { Redis } from "ioredis";
import { privateRedis, tcpProxy } from "../platform/support.ts";
import { eventually } from "../support/wait.ts";

export interface LosingRedis {
  readonly url: string;
  /** What it holds now is what it will hold again. */
  note(): Promise<void>;
  /** It dies, and what comes back under its address is as noted. */
  lose(): Promise<void>;
  remove(): Promise<void>;
}

/** Restored from a copy of its append-only file. */
export async function fromOlderFile(): Promise<LosingRedis> {
  const redis = await privateRedis(["--appendonly", "yes", "--appendfsync", "always"]);
  const file = path.join(redis.dir, "appendonlydir");
  const copy = path.join(redis.dir, "older");
  return {
    url: redis.url,
    note: () => cp(file, copy, { recursive: true }),
    async lose() {
      await redis.kill();
      await rm(file, { recursive: true });
      await cp(copy, file, { recursive: true });
      await redis.restart();
    },
    remove: () => redis.remove(),
  };
}

/** Failed over to a replica whose link had been cut. */
export async function fromLaggingReplica(): Promise<LosingRedis> {
  const master = await privateRedis(["--repl-diskless-sync-delay", "0"]);
  const link = await tcpProxy(master.port);
  const replica = await privateRedis(["--replicaof", "127.0.0.1", String(link.port)]);
  const address = await tcpProxy(master.port);
  const ask = async <T>(port: number, question: (client: Redis) => Promise<T>): Promise<T> => {
    const client = new Redis(port, "127.0.0.1");
    return question(client).finally(() => client.disconnect());
  };
  const offset = async (port: number, field: string) =>
    new RegExp(`${field}:(\\d+)`).exec(await ask(port, (client) => client.info("replication")))?.[1];
  return {
    url: `redis://127.0.0.1:${address.port}`,
    async note() {
      await eventually(
        async () => {
          const reached = await offset(replica.port, "slave_repl_offset");
          return (
            reached !== undefined &&
            Number(reached) >= Number(await offset(master.port, "master_repl_offset"))
          );
        },
        { timeoutMs: 20_000, what: "a replica that has caught up" },
      );
      link.hang();
    },
    async lose() {
      await master.kill();
      await ask(replica.port, (client) => client.call("REPLICAOF", "NO", "ONE"));
      address.leadTo(replica.port);
    },
    async remove() {
      await Promise.all([link.close(), address.close()]);
      await Promise.all([master.remove(), replica.remove()]);
    },
  };
}
