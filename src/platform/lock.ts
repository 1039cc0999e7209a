/**
 * Redlock 4.2 as a load shedder: it turns away most of a herd before PostgreSQL sees it.
 *
 * It never decides who owns a seat. When its nodes are away we go on without it, and count that.
 */
import { Cluster, Redis } from "ioredis";
import Redlock from "redlock";
import type { Logger } from "./logger.ts";
import type { Counter, Histogram } from "./metrics.ts";
import { followSlots, limitCommands, type RedisClient, SILENCE_MS } from "./redis.ts";
import { span } from "./tracing/index.ts";

export interface Lease {
  /** Milliseconds the lock is still ours; Infinity when the work goes on without a lock. */
  remainingMs(): number;
  /** Never throws: a lock that can't be given back ends by its TTL. */
  release(): Promise<void>;
}

export type LockOutcome =
  | { readonly ok: true; readonly lease: Lease }
  | { readonly ok: false; readonly reason: "CONTENDED" };

export interface LockService {
  /** @param resources key names of one hash slot, in any order. */
  acquire(resources: readonly string[], ttlMs: number): Promise<LockOutcome>;
  close(): Promise<void>;
}

export interface LockOptions {
  /** Independent masters, one to five. */
  readonly urls: readonly string[];
  /** Nodes of a Redis Cluster; when there are any they take the place of `urls` and count as one master. */
  readonly cluster?: readonly string[];
  readonly enabled: boolean;
  readonly log: Logger;
  readonly waitSeconds: Histogram;
  /** Labelled `outcome`: acquired, contended, unavailable, off. */
  readonly attempts: Counter<"outcome">;
}

/** After this a node that failed is asked again, by one request that waits for it. */
const AVOID_MS = 1_000;

const WITHOUT_LOCK: LockOutcome = {
  ok: true,
  lease: { remainingMs: () => Number.POSITIVE_INFINITY, release: async () => undefined },
};

export function createLockService(options: LockOptions): LockService {
  if (!options.enabled) {
    return {
      acquire: async () => {
        options.attempts.inc({ outcome: "off" });
        return WITHOUT_LOCK;
      },
      close: async () => undefined,
    };
  }
  const clients = options.cluster?.length
    ? [openLockCluster(options.cluster)]
    : options.urls.map(openLockNode);
  const nodes = clients.map((client): LockNode => ({ client, avoidUntil: 0 }));
  // On one master a second try only meets the same holder; on several, simultaneous tries can split the vote.
  const several = nodes.length > 1;
  const redlock = new Redlock(nodes.map(toRedlockClient) as never[], {
    retryCount: several ? 2 : 0,
    retryDelay: 40,
    retryJitter: 20,
    driftFactor: 0.01,
  });
  redlock.on("clientError", (fault: Error) => options.log.debug("lock node", { fault: fault.message }));

  return {
    async acquire(resources, ttlMs) {
      if (isQuorumAway(nodes)) {
        options.attempts.inc({ outcome: "unavailable" });
        return WITHOUT_LOCK;
      }
      const startedAt = performance.now();
      try {
        const lock = await span("lock", () => Promise.resolve(redlock.lock([...resources].sort(), ttlMs)));
        const lease = toLease(lock, startedAt, ttlMs, options.log);
        // Counted from the first try, so a lock won late may be over already; it is nobody's then.
        if (lease.remainingMs() <= 0) {
          await lease.release();
          options.attempts.inc({ outcome: "contended" });
          return { ok: false, reason: "CONTENDED" };
        }
        options.attempts.inc({ outcome: "acquired" });
        return { ok: true, lease };
      } catch (fault) {
        if (isQuorumAway(nodes)) {
          options.attempts.inc({ outcome: "unavailable" });
          return WITHOUT_LOCK;
        }
        if (!(fault instanceof Redlock.LockError)) throw fault;
        options.attempts.inc({ outcome: "contended" });
        return { ok: false, reason: "CONTENDED" };
      } finally {
        options.waitSeconds.observe((performance.now() - startedAt) / 1_000);
      }
    },
    async close() {
      for (const { client } of nodes) client.disconnect();
    },
  };
}

const retryStrategy = (attempt: number) => Math.min(1_000, 50 * attempt);
const ANSWER_TIMEOUT_MS = 500;
const FAIL_FAST = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  connectTimeout: 1_000,
  socketTimeout: SILENCE_MS,
};

function openLockNode(url: string): RedisClient {
  return guarded(new Redis(url, { ...FAIL_FAST, retryStrategy }));
}

function openLockCluster(cluster: readonly string[]): RedisClient {
  const options = { enableOfflineQueue: false, clusterRetryStrategy: retryStrategy, redisOptions: FAIL_FAST };
  const client = new Cluster([...cluster], options);
  followSlots(client);
  return guarded(client);
}

function guarded(client: RedisClient): RedisClient {
  limitCommands(client, ANSWER_TIMEOUT_MS);
  // The service counts what a lost node costs, and redlock reports it as clientError.
  client.on("error", () => undefined);
  return client;
}

interface LockNode {
  readonly client: RedisClient;
  /** A node that is connected but does not answer counts as away until then. */
  avoidUntil: number;
}

type Callback = (fault: Error | null | undefined, answer?: unknown) => void;

/** What redlock calls on a node. It calls a node that failed and one that is locked both a lost vote; we tell them apart. */
function toRedlockClient(node: LockNode): object {
  const noting =
    (callback: Callback): Callback =>
    (fault, answer) => {
      if (fault && node.client.status === "ready" && !fault.message.startsWith("NOSCRIPT")) {
        node.avoidUntil = performance.now() + AVOID_MS;
      }
      callback(fault, answer);
    };
  return {
    evalsha: (hash: string, args: [number, ...string[]], callback: Callback) =>
      node.client.evalsha(hash, ...args, noting(callback)),
    eval: (args: [string, number, ...string[]], callback: Callback) =>
      node.client.eval(...args, noting(callback)),
  };
}

function isQuorumAway(nodes: readonly LockNode[]): boolean {
  const now = performance.now();
  const there = nodes.filter(
    ({ client, avoidUntil }) => client.status === "ready" && avoidUntil <= now,
  ).length;
  return there < Math.floor(nodes.length / 2) + 1;
}

/** The lease counts on the monotonic clock: a jump of the wall clock must not stretch it. */
function toLease(lock: Redlock.Lock, startedAt: number, ttlMs: number, log: Logger): Lease {
  const drift = Math.round(ttlMs * 0.01) + 2;
  return {
    remainingMs: () => startedAt + ttlMs - drift - performance.now(),
    release: async () => {
      try {
        await span("unlock", () => Promise.resolve(lock.unlock()));
      } catch (fault) {
        log.debug("unlock", { fault: (fault as Error).message });
      }
    },
  };
}
