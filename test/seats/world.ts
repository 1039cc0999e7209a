/** What the tests of this room stand on: a hall in PostgreSQL, its projection, and gateways over real sockets. */
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { v7 } from "uuid";
import { type Catalog, createCatalog } from "../../src/catalog/index.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { createMetrics, type Metrics } from "../../src/platform/metrics.ts";
import {
  type Database,
  DEFAULT_LIMITS,
  inTransaction,
  openDatabase,
  type Queryable,
} from "../../src/platform/postgres.ts";
import { closeRedis, openRedis, openSubscriber, type RedisClient } from "../../src/platform/redis.ts";
import { attachSockets } from "../../src/platform/sockets/index.ts";
import { createSeatFeed } from "../../src/reservations/index.ts";
import {
  createSeats,
  type LivePerformance,
  type SeatCounts,
  type SeatProjection,
  type SeatProjectionDeps,
  type SeatReads,
  type SeatStatus,
  type Seats,
  type SeatsDeps,
  startSeatProjection,
} from "../../src/seats/index.ts";
import { nobody, serveRoutes } from "../support/http.ts";
import { type TestDatabase, testServers } from "../support/servers.ts";
import { eventually } from "../support/wait.ts";

export interface Hall {
  readonly performanceId: string;
  readonly queueId: string;
}

export interface Report extends SeatCounts {
  readonly queueId: string;
}

export interface Gateway {
  readonly seats: Seats;
  readonly url: string;
  readonly socketUrl: string;
  close(): Promise<void>;
}

export interface World {
  readonly db: Database;
  readonly redis: RedisClient;
  readonly reads: SeatReads;
  readonly metrics: Metrics;
  /** What the projections told the queue, oldest first. */
  readonly reports: Report[];
  /** What stands in the log at `warn`. */
  readonly warnings: string[];
  makeHall(options?: { readonly rows?: number; readonly seatsPerRow?: number }): Promise<Hall>;
  /** Without a notice to the projection. */
  changeSilently(on: Queryable, hall: Hall, ordinals: readonly number[], status: SeatStatus): Promise<void>;
  change(hall: Hall, ordinals: readonly number[], status: SeatStatus): Promise<void>;
  /** The letters as the database has them. */
  truth(hall: Hall): Promise<string>;
  project(options?: Partial<SeatProjectionDeps>): SeatProjection;
  gateway(options?: Partial<SeatsDeps>): Promise<Gateway>;
  /** Ends the server side of every connection that projections listen on. */
  cutProjections(): Promise<void>;
  /** A projection of all halls in a process of its own. @returns what kills it as a crash would. */
  spawnProjection(): Promise<() => Promise<void>>;
  /** Closes what the test opened; the halls stay, but nothing is live any more. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** @param redisCluster `host:port` of the nodes, when it is not to be the one Redis of the run. */
export async function openWorld(redisCluster: readonly string[] = []): Promise<World> {
  const servers = await testServers();
  const database: TestDatabase = await servers.createDatabase();
  const silent = createLogger("test", "silent");
  const db = openDatabase(database.url, 8, "test-seats");
  const settings = { redisUrl: servers.redisUrl, redisCluster };
  const redis = await openRedis(settings, silent);
  const metrics = createMetrics();
  const catalog: Catalog = createCatalog({ db, log: silent, counts: async () => NO_SEATS });
  const reads: SeatReads = createSeatFeed(db);
  const live = new Map<string, LivePerformance>();
  const reports: Report[] = [];
  const warnings: string[] = [];
  const log = { ...silent, warn: (message: string) => void warnings.push(message) };
  const opened: (() => unknown)[] = [];

  async function changeSilently(on: Queryable, hall: Hall, ordinals: readonly number[], status: SeatStatus) {
    const reservationId = status === "HELD" || status === "OCCUPIED" ? v7() : null;
    await on.raw(
      `WITH old AS (
         SELECT ordinal, status FROM seat_states WHERE performance_id = :id AND ordinal = ANY (:ordinals) FOR UPDATE
       ), moved AS (
         UPDATE seat_states s SET status = :status, version = version + 1, reservation_id = :reservationId
         FROM old WHERE s.performance_id = :id AND s.ordinal = old.ordinal
         RETURNING s.ordinal, old.status AS from_status, s.version
       )
       INSERT INTO seat_history (performance_id, ordinal, from_status, to_status, version, reservation_id, cause)
       SELECT :id, ordinal, from_status, :status, version, :reservationId, 'test' FROM moved`,
      { id: hall.performanceId, ordinals: [...ordinals], status, reservationId },
    );
  }

  async function makeHall({ rows = 3, seatsPerRow = 10 } = {}): Promise<Hall> {
    const queueId = v7();
    const hall = await inTransaction(db, DEFAULT_LIMITS, async (trx) => {
      const event = await catalog.createEvent(trx, { title: "Aria", venue: "Hall" });
      const made = await catalog.createPerformance(trx, event.id, {
        startsAt: new Date("2040-01-01T00:00:00Z"),
        currency: "KRW",
        holdSeconds: 300,
        maxSeatsPerFan: 4,
        sections: [{ name: "Floor", rows, seatsPerRow, amount: 100 }],
        queueId,
      });
      await trx.raw("INSERT INTO seat_states (performance_id, ordinal) SELECT ?, generate_series(0, ? - 1)", [
        made?.id ?? "",
        rows * seatsPerRow,
      ]);
      await trx.raw("ANALYZE seat_states");
      return { performanceId: made?.id ?? "", queueId };
    });
    live.set(hall.performanceId, { ...hall, queueActive: true });
    return hall;
  }

  return {
    db,
    redis,
    reads,
    metrics,
    reports,
    warnings,
    makeHall,
    changeSilently,
    change: (hall, ordinals, status) =>
      inTransaction(db, DEFAULT_LIMITS, async (trx) => {
        await changeSilently(trx, hall, ordinals, status);
        await trx.raw("SELECT pg_notify('fastpass_seats', ?)", [hall.performanceId]);
      }),
    truth: async (hall) => (await reads.readAllSeatStates(hall.performanceId)).states,
    project(options = {}) {
      const projection = startSeatProjection({
        databaseUrl: database.url,
        redis,
        log,
        metrics,
        reads,
        livePerformances: async () => [...live.values()],
        reportSeats: async (queueId, counts) => void reports.push({ queueId, ...counts }),
        ...options,
      });
      opened.push(() => projection.close());
      return projection;
    },
    async gateway(options = {}) {
      const subscriber = await openSubscriber(settings, silent);
      const facts = catalog.facts;
      const passes = {
        verifyPass: (token: string, performanceId: string) => ({ ok: token === passFor(performanceId) }),
        isLive: () => Promise.resolve(true),
      };
      const seats = createSeats({ db, redis, subscriber, log: silent, reads, facts, passes, ...options });
      const http = await serveRoutes(seats.routes, nobody);
      const server = createServer();
      const sockets = attachSockets(server, { log: silent, metrics, routes: seats.streams });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const close = once(async () => {
        await sockets.close();
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
        await http.close();
        seats.close();
        await closeRedis(subscriber);
      });
      opened.push(close);
      const { port } = server.address() as AddressInfo;
      return { seats, url: http.url, socketUrl: `ws://127.0.0.1:${port}`, close };
    },
    async cutProjections() {
      const { rows } = await db.raw(
        "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fastpass-seat-projection' AND datname = current_database()",
      );
      const cut = rows.map(({ pid }: { pid: number }) => pid);
      await eventually(
        async () =>
          (await db.raw("SELECT 1 FROM pg_stat_activity WHERE pid = ANY (?)", [cut])).rows.length === 0,
        { what: "the end of the cut connections" },
      );
    },
    async spawnProjection() {
      const script = fileURLToPath(new URL("projection-process.ts", import.meta.url));
      const child = spawn(process.execPath, ["--import=tsx", script, database.url, servers.redisUrl], {
        stdio: ["ignore", "ignore", "inherit"],
      });
      const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
      const kill = async () => {
        child.kill("SIGKILL");
        await ended;
      };
      opened.push(kill);
      return kill;
    },
    async reset() {
      live.clear();
      reports.length = 0;
      warnings.length = 0;
      for (const close of opened.splice(0).reverse()) await close();
    },
    async close() {
      await db.destroy();
      await closeRedis(redis);
      await database.drop();
    },
  };
}

const NO_SEATS: SeatCounts = { available: 0, held: 0, occupied: 0, blocked: 0 };

/** What the tests take for a pass: not signed, but of one performance. */
export function passFor(performanceId: string): string {
  const payload = Buffer.from(JSON.stringify({ aud: `performance:${performanceId}` })).toString("base64url");
  return `pass.${payload}.signed`;
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null;
  return () => {
    done ??= work();
    return done;
  };
}
