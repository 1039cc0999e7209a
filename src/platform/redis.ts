/**
 * Redis by ioredis: one connection for commands, one for subscribing; BullMQ opens its own.
 *
 * Commands fail fast: no offline queue and a deadline, so that a lost Redis is a 503 and not a pile of waiting
 * requests. A Redis that may evict would silently drop places in line, so we refuse to start on one.
 */
import { Cluster, Redis, type RedisOptions } from "ioredis";
import { startDeadline } from "./deadline.ts";
import type { Logger } from "./logger.ts";
import type { Histogram } from "./metrics.ts";
import { StartError } from "./start-error.ts";

export type RedisClient = Redis | Cluster;

export interface RedisSettings {
  readonly redisUrl: string;
  readonly redisCluster: readonly string[];
}

/** How long a client that fails fast waits for an answer. */
export const COMMAND_TIMEOUT_MS = 1_500;

/**
 * A connection on which a question is unanswered for this long is given up, and made anew. Of a host that vanished TCP
 * itself would learn after a quarter of an hour. Not for subscriptions: they outlive a Redis that hangs for a while.
 */
export const SILENCE_MS = 5_000;

const FAIL_FAST: RedisOptions = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 1,
  autoResendUnfulfilledCommands: false,
  connectTimeout: 1_500,
  retryStrategy: backoff,
};

/** How long a Cluster may take to be ready at the start. One that has lost a part of its slots never is. */
const CLUSTER_READY_MS = 10_000;
/** How often a Cluster is asked who serves which slots: a node that vanished can't say who took its place. */
const SLOTS_EVERY_MS = 5_000;

/** Reconnects for ever, 50 ms to 1 s apart with jitter, so that a thousand clients do not return as one. */
function backoff(attempt: number): number {
  return Math.min(1_000, 50 * attempt) * (0.5 + Math.random() / 2);
}

/** A client whose commands are refused at once while Redis is away. Resolves when it is first connected. */
export async function openRedis(settings: RedisSettings, log: Logger): Promise<RedisClient> {
  const client =
    settings.redisCluster.length > 0
      ? openCluster(settings, { ...FAIL_FAST, socketTimeout: SILENCE_MS })
      : new Redis(settings.redisUrl, { ...FAIL_FAST, socketTimeout: SILENCE_MS, lazyConnect: true });
  client.on("error", (fault: Error) => log.warn("redis connection", { fault: fault.message }));
  limitCommands(client, COMMAND_TIMEOUT_MS);
  if (client instanceof Redis) writeTogether(client);
  await connect(client);
  return client;
}

/**
 * Sends the commands of one turn of the event loop in one write: in a surge many requests are read in a turn, and a
 * write to a socket costs more than a command.
 */
function writeTogether(client: Redis): void {
  const send = client.sendCommand.bind(client);
  let held: Redis["stream"] | null = null;
  const release = () => {
    held?.uncork();
    held = null;
  };
  client.sendCommand = (command, stream) => {
    const socket = client.stream;
    // A connection that was lost in the meantime took its hold with it.
    if (socket && held !== socket) {
      if (held === null) setImmediate(release);
      held = socket;
      socket.cork();
    }
    return send(command, stream);
  };
}

/**
 * Fails a command that is not answered within `ms` milliseconds. The `commandTimeout` of ioredis would do so after this
 * process itself stood still for as long, with all the answers lying there.
 */
export function limitCommands(client: RedisClient, ms: number): void {
  if (client instanceof Cluster) {
    // Each node, so that the commands by which a connection is made are limited too.
    client.on("+node", (node: Redis) => limitCommands(node, ms));
    return;
  }
  const send = client.sendCommand.bind(client);
  client.sendCommand = (command, stream) => {
    // What waited for a connection, or was unanswered when it was lost, ioredis sends once there is one: also what was
    // given up since.
    if (command.isSettled) return command.promise;
    const cancel = startDeadline(ms, () => {
      command.reject(new Error("Command timed out"));
      // It stays among those that wait for an answer. On a Cluster a second rejection, when the connection ends or a late
      // answer says MOVED, would send it to another node: after a failover, long after we said that it failed.
      command.reject = () => undefined;
    });
    command.promise.then(cancel, cancel);
    return send(command, stream);
  };
}

/** @param seconds hears how long each command of this client took, its queue on the way included. */
export function measureRoundTrips(client: RedisClient, seconds: Pick<Histogram, "observe">): void {
  const send = client.sendCommand.bind(client) as (...args: unknown[]) => unknown;
  const measured = (command: { readonly promise: Promise<unknown> }, ...rest: unknown[]) => {
    const startedAt = performance.now();
    const told = () => seconds.observe((performance.now() - startedAt) / 1_000);
    command.promise.then(told, told);
    return send(command, ...rest);
  };
  client.sendCommand = measured as typeof client.sendCommand;
}

/**
 * A client for SUBSCRIBE: it queues while away, because its subscriptions must be made again on return.
 *
 * A node of a Cluster that is silent must not hold up the others. The clients that ioredis makes for SSUBSCRIBE are out of
 * reach of `limitCommands`, so they have its own limit, which costs a busy process one more subscription. The one for
 * SUBSCRIBE is made without any of our options: on a silent node it waits until that answers, or is replaced in the
 * Cluster.
 */
export async function openSubscriber(settings: RedisSettings, log: Logger): Promise<RedisClient> {
  const options: RedisOptions = {
    retryStrategy: backoff,
    maxRetriesPerRequest: null,
    autoResubscribe: true,
    lazyConnect: true,
  };
  const client =
    settings.redisCluster.length > 0
      ? openCluster(settings, { ...FAIL_FAST, commandTimeout: COMMAND_TIMEOUT_MS })
      : new Redis(settings.redisUrl, options);
  client.on("error", (fault: Error) => log.debug("redis subscriber", { fault: fault.message }));
  await connect(client);
  return client;
}

/** A first connection that fails must not leave a client behind that tries again for ever. */
async function connect(client: RedisClient): Promise<void> {
  try {
    await (client instanceof Cluster ? connectCluster(client) : client.connect());
  } catch (fault) {
    client.disconnect();
    throw fault;
  }
}

/** If the first ready check fails, ioredis tries again by itself, and the promise of the first try never settles. */
function connectCluster(client: Cluster): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (fault: Error) => {
      cancel();
      client.off("ready", ready);
      reject(fault);
    };
    const ready = () => {
      cancel();
      resolve();
    };
    const cancel = startDeadline(CLUSTER_READY_MS, () => end(new Error("Cluster isn't ready")));
    client.once("ready", ready);
    client.connect().catch(end);
  });
}

function openCluster({ redisCluster }: RedisSettings, redisOptions: RedisOptions): Cluster {
  const cluster = new Cluster([...redisCluster], {
    lazyConnect: true,
    enableOfflineQueue: false,
    slotsRefreshTimeout: 2_000,
    shardedSubscribers: true,
    clusterRetryStrategy: backoff,
    redisOptions,
  });
  followSlots(cluster);
  return cluster;
}

/**
 * In the place of the `slotsRefreshInterval` of ioredis: by that a round under way when the client is closed begins the
 * next one all the same, and the process never ends.
 */
export function followSlots(cluster: Cluster): void {
  const timer = setInterval(() => {
    if (cluster.status === "ready") cluster.refreshSlotsCache();
  }, SLOTS_EVERY_MS);
  timer.unref();
  cluster.once("end", () => clearInterval(timer));
}

/**
 * A master of a Cluster that does not answer is passed over: it must not keep the others from being served.
 * @throws StartError with the setting to change when a master may evict keys.
 */
export async function refuseEviction(client: RedisClient, log: Pick<Logger, "warn">): Promise<void> {
  const masters = client instanceof Cluster ? client.nodes("master") : [client];
  for (const master of masters) {
    // INFO, not CONFIG GET: managed Redis services forbid the latter.
    const info = await master.info("memory").catch((fault: Error) => {
      if (!(client instanceof Cluster && isRedisAway(fault))) throw fault;
      const node = `${master.options.host}:${master.options.port}`;
      log.warn("redis node not asked whether it evicts", { node, fault: fault.message });
      return "";
    });
    const policy = /maxmemory_policy:(\S+)/.exec(info)?.[1];
    if (policy !== undefined && policy !== "noeviction") {
      throw new StartError(
        `Redis at ${master.options.host}:${master.options.port} may evict keys (maxmemory-policy ${policy}), which would drop places in line; set maxmemory-policy to noeviction.`,
      );
    }
  }
}

/** Faults of the connection, as Node and ioredis name them. */
const AWAY_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);
const AWAY_MESSAGES =
  /Stream isn't writeable|Connection is closed|Command timed out|None of startup nodes|Cluster isn't ready|Too many Cluster redirections/;
/** Replies of a server that is there but serves no writes now: starting, failing over, busy, full or without its disk. */
const AWAY_REPLIES = /^(LOADING|BUSY|CLUSTERDOWN|READONLY|MASTERDOWN|TRYAGAIN|NOREPLICAS|MISCONF|OOM)\b/;

/** Whether this fault says that Redis is away, not that the command was wrong. */
export function isRedisAway(fault: unknown): boolean {
  const {
    name,
    message = "",
    code = "",
  } = (fault ?? {}) as { name?: string; message?: string; code?: string };
  if (name === "MaxRetriesPerRequestError" || name === "ClusterAllFailedError") return true;
  return AWAY_CODES.has(code) || AWAY_MESSAGES.test(message) || AWAY_REPLIES.test(message);
}

export async function closeRedis(client: RedisClient): Promise<void> {
  if (client.status === "end") return;
  client.disconnect();
}
