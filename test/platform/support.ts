/** What the tests of the platform share: a log that can be read, a private Redis that can be stopped. */
import { randomBytes } from "node:crypto";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import path from "node:path";
import { removePlace, temporaryPlace } from "../../scripts/local/places.ts";
import { type RunningRedis, startRedis } from "../../scripts/local/redis.ts";
import { type RunningRedisCluster, startRedisCluster } from "../../scripts/local/redis-cluster.ts";
import type { Logger, LogLevel } from "../../src/platform/logger.ts";
import type { RedisSettings } from "../../src/platform/redis.ts";

export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface RecordingLogger extends Logger {
  readonly lines: readonly LogLine[];
}

export function recordingLogger(): RecordingLogger {
  const lines: LogLine[] = [];
  const make = (always: object): RecordingLogger => {
    const at =
      (level: LogLevel) =>
      (message: string, fields: object = {}) =>
        void lines.push({ level, message, fields: { ...always, ...fields } });
    return {
      error: at("error"),
      warn: at("warn"),
      info: at("info"),
      debug: at("debug"),
      enabled: () => true,
      child: (fields) => make({ ...always, ...fields }),
      lines,
    };
  };
  return make({});
}

export interface PrivateRedis extends RunningRedis {
  readonly settings: RedisSettings;
  /** It stays connected and answers nothing, as behind a lost network. */
  hang(): void;
  goOn(): void;
  /** Stops it and removes its folder. */
  remove(): Promise<void>;
}

/** One that a test may stop, kill, hang or misconfigure. */
export async function privateRedis(args: readonly string[] = []): Promise<PrivateRedis> {
  const dir = await temporaryPlace("redis");
  const redis = await startRedis({ dir: path.join(dir, "redis"), durable: false, args });
  return Object.defineProperties({} as PrivateRedis, {
    ...Object.getOwnPropertyDescriptors(redis),
    settings: { value: { redisUrl: redis.url, redisCluster: [] } },
    hang: { value: () => process.kill(redis.pid, "SIGSTOP") },
    goOn: { value: () => process.kill(redis.pid, "SIGCONT") },
    remove: {
      value: async () => {
        await redis.stop();
        await removePlace(dir);
      },
    },
  });
}

export interface PrivateRedisCluster extends RunningRedisCluster {
  /** Stops it and removes its folder. */
  remove(): Promise<void>;
}

/** So many masters. */
export async function privateRedisCluster(size = 3): Promise<PrivateRedisCluster> {
  const dir = await temporaryPlace("cluster");
  const cluster = await startRedisCluster({ dir, durable: false }, size);
  return {
    ...cluster,
    async remove() {
      await cluster.stop();
      await removePlace(dir);
    },
  };
}

export interface TcpProxy {
  readonly port: number;
  /** Connections stay, and new ones are taken, but nothing passes any more. */
  hang(): void;
  goOn(): void;
  /** Nothing passes any more on the connections that there are, as when a host vanished; new ones are served. */
  swallow(): void;
  /** Ends all connections; new ones lead to another server. */
  leadTo(port: number): void;
  close(): Promise<void>;
}

/**
 * Stands before a server of 127.0.0.1 whose processes a test can't stop.
 * @param onBytes sees what clients send, before it passes on.
 */
export async function tcpProxy(targetPort: number, onBytes?: (bytes: Buffer) => void): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let hanging = false;
  let port = targetPort;
  const swallow = () => {
    for (const socket of sockets) socket.pause();
  };
  const server = createServer((client) => {
    const target = connect(port, "127.0.0.1");
    if (onBytes) client.on("data", onBytes);
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(from);
      from.on("data", (bytes) => to.write(bytes));
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
      from.on("error", () => from.destroy());
      if (hanging) from.pause();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    hang() {
      hanging = true;
      swallow();
    },
    swallow,
    goOn() {
      hanging = false;
      for (const socket of sockets) socket.resume();
    },
    leadTo(other) {
      port = other;
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

export const randomName = (kind: string): string => `${kind}-${randomBytes(6).toString("hex")}`;

/** Blocks this process, as a long turn of its event loop does, once what it has just begun is under way. */
export function standStill(ms: number): Promise<void> {
  return new Promise((resolve) =>
    setImmediate(() => {
      const end = performance.now() + ms;
      while (performance.now() < end);
      resolve();
    }),
  );
}
