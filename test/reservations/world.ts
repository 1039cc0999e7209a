/**
 * What the tests of reservations and payments stand on: both rooms on real PostgreSQL and Redis behind a real HTTP
 * server, with a queue whose passes are plain text, and INV to run at the end.
 */
import { createSecretKey, randomUUID } from "node:crypto";
import { expect } from "chai";
import { Redis } from "ioredis";
import { v7 } from "uuid";
import { createCatalog, type SeatMap } from "../../src/catalog/index.ts";
import type { PaymentProvider, PaymentTiming, SandboxDeliveries } from "../../src/payments/index.ts";
import { createPayments, createSandboxDeliveries, createSandboxProvider } from "../../src/payments/index.ts";
import { Problem } from "../../src/platform/errors.ts";
import type { Principal } from "../../src/platform/http/route.ts";
import { type JobQueue, openJobQueue } from "../../src/platform/jobs.ts";
import { createLockService, type LockService } from "../../src/platform/lock.ts";
import { createLogger, type Logger } from "../../src/platform/logger.ts";
import { createMetrics, type Metrics } from "../../src/platform/metrics.ts";
import {
  DEFAULT_LIMITS,
  inTransaction,
  isDatabaseAway,
  openDatabase,
  type Transaction,
} from "../../src/platform/postgres.ts";
import { createReleaser } from "../../src/platform/releaser.ts";
import type { StatementOptions } from "../../src/platform/statements.ts";
import {
  createReservations,
  HOLD_EXPIRY_QUEUE,
  type HoldExpiryJob,
  type ReservationView,
  runInvariants,
} from "../../src/reservations/index.ts";
import { serveRoutes } from "../support/http.ts";
import { testServers } from "../support/servers.ts";
import { passOf, plainQueue, type QueueCall } from "./plain-queue.ts";

export interface WorldOptions {
  /** False: no lock at all. A list: lock nodes at these addresses instead of the test's Redis. */
  readonly redlock?: boolean | readonly string[];
  readonly poolSize?: number;
  /** Another gateway on an open world's database. */
  readonly beside?: { readonly databaseUrl: string };
  readonly timing?: Partial<PaymentTiming>;
  readonly providers?: (sandbox: PaymentProvider) => PaymentProvider[];
  readonly jobs?: Pick<JobQueue<HoldExpiryJob>, "add">;
  /** A Redis that the test may stop, for the jobs and the locks. */
  readonly redisUrl?: string;
  /** Puts something of the test's own before the locks. */
  readonly locks?: (locks: LockService) => LockService;
  /** Locks the fan's row, or what a test puts in its place. */
  readonly lockFan?: (lock: () => Promise<void>) => Promise<void>;
  /** Plants a bug in the SQL of both rooms. */
  readonly statements?: StatementOptions;
}

export interface HallOptions {
  readonly sections?: readonly {
    name: string;
    rows: number;
    seatsPerRow: number;
    amount: number;
    accessibleSeats?: number;
  }[];
  readonly rows?: number;
  readonly seatsPerRow?: number;
  readonly holdSeconds?: number;
  readonly maxSeatsPerFan?: number;
  readonly startsAt?: Date;
}

export interface Hall {
  readonly id: string;
  readonly queueId: string;
  readonly map: SeatMap;
  readonly seatIds: readonly string[];
}

export interface Fan {
  readonly userId: string;
  readonly ticketId: string;
}

// biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what an answer's body is.
export interface Answer<Body = any> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Body;
}

export type World = Awaited<ReturnType<typeof openWorld>>;

export const WEBHOOK_KEY = createSecretKey(Buffer.from("a webhook key that only the tests know"));
export const CODE_KEY = createSecretKey(Buffer.from("a code key that only the tests know"));
const silent = createLogger("test", "silent");

export async function openWorld(options: WorldOptions = {}) {
  const servers = await testServers();
  const releaser = createReleaser();
  const database = options.beside ? null : await servers.createDatabase();
  if (database) releaser.add("database", () => database.drop());
  const databaseUrl = options.beside?.databaseUrl ?? database?.url ?? "";
  const db = openDatabase(databaseUrl, options.poolSize ?? 10, "test-reservations");
  releaser.add("pool", () => db.destroy());
  const metrics = createMetrics();
  const warnings: { message: string; fields: unknown }[] = [];
  const log: Logger = {
    ...silent,
    warn: (message, fields) => void warnings.push({ message, fields }),
    child: () => log,
  };

  const redisUrl = options.redisUrl ?? servers.redisUrl;
  const lockService = openLocks(options.redlock ?? true, redisUrl, metrics);
  const locks = options.locks?.(lockService) ?? lockService;
  releaser.add("locks", () => lockService.close());
  const jobQueue = openJobQueue<HoldExpiryJob>(HOLD_EXPIRY_QUEUE, { redisUrl, redisCluster: [] }, silent);
  releaser.add("jobs", () => jobQueue.close());

  const catalog = createCatalog({
    db,
    log: silent,
    counts: async () => ({ available: 0, held: 0, occupied: 0, blocked: 0 }),
  });
  const queueCalls: QueueCall[] = [];
  const revoked = new Set<string>();
  const removed = new Set<string>();
  const reservations = createReservations(
    {
      db,
      log,
      metrics,
      locks,
      jobs: options.jobs ?? jobQueue,
      catalog,
      fans: {
        lockFan(trx, userId) {
          const lock = async () =>
            void (await trx.raw("SELECT id FROM users WHERE id = ? FOR NO KEY UPDATE", [userId]));
          return options.lockFan?.(lock) ?? lock();
        },
        async lockFans(trx, userIds) {
          let locked = [...userIds];
          const lock = async () => {
            const { rows } = await trx.raw(
              "SELECT id FROM users WHERE id = ANY (:ids::uuid[]) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED",
              { ids: locked },
            );
            locked = rows.map(({ id }: { id: string }) => id);
          };
          await (options.lockFan?.(lock) ?? lock());
          return locked;
        },
      },
      admission: plainQueue(queueCalls, revoked, removed),
      admissionCodeKey: CODE_KEY,
    },
    options.statements,
  );
  releaser.add("reservations", () => reservations.close());
  const sandbox = createSandboxProvider({ db, webhookKey: WEBHOOK_KEY });
  const payments = createPayments(
    {
      db,
      log,
      metrics,
      reservations,
      providers: options.providers?.(sandbox) ?? [sandbox],
      ...(options.timing && { timing: options.timing }),
    },
    options.statements,
  );

  const served = await serveRoutes([...reservations.routes, ...payments.routes], bearerIsUserId, {
    classifyFault: (fault) =>
      isDatabaseAway(fault) ? new Problem("DATABASE_UNAVAILABLE", { cause: fault }) : null,
  });
  releaser.add("http", () => served.close());
  let webhookUrl: string | null = `${served.url}/api/v1/payments/webhooks/sandbox`;
  const deliveries: SandboxDeliveries = createSandboxDeliveries({
    db,
    log,
    webhookKey: WEBHOOK_KEY,
    webhookUrl: () => webhookUrl,
  });

  async function makeHall(hall: HallOptions = {}): Promise<Hall> {
    const { id, queueId } = await inTransaction(db, DEFAULT_LIMITS, (trx) => makeSeats(trx, hall));
    const map = await catalog.seatMap(id);
    if (!map) throw new Error("the performance has no seats");
    return { id, queueId, map, seatIds: map.ids };
  }

  async function makeSeats(
    trx: Transaction,
    { rows = 2, seatsPerRow = 10, sections, ...rest }: HallOptions,
  ): Promise<{ id: string; queueId: string }> {
    const queueId = v7();
    const event = await catalog.createEvent(trx, { title: "Aria", venue: "Hall" });
    const facts = await catalog.createPerformance(trx, event.id, {
      startsAt: rest.startsAt ?? new Date("2040-01-01T00:00:00Z"),
      currency: "KRW",
      holdSeconds: rest.holdSeconds ?? 60,
      maxSeatsPerFan: rest.maxSeatsPerFan ?? 4,
      sections: sections ?? [{ name: "Floor", rows, seatsPerRow, amount: 50_000 }],
      queueId,
    });
    if (!facts) throw new Error("the event is gone");
    await reservations.createSeatStates(trx, facts.id, facts.seatCount);
    return { id: facts.id, queueId };
  }

  async function makeFans(count: number): Promise<Fan[]> {
    const fans = Array.from({ length: count }, () => ({ userId: v7(), ticketId: v7() }));
    await db.raw(
      `INSERT INTO users (id, email, name, password_hash)
       SELECT id, id || '@example.com', 'Fan', 'none' FROM unnest(?::uuid[]) AS id`,
      [fans.map(({ userId }) => userId)],
    );
    return fans;
  }

  async function request(
    method: string,
    path: string,
    fan: Fan | null,
    sent: { headers?: Record<string, string>; body?: unknown } = {},
  ): Promise<Answer> {
    const response = await fetch(`${served.url}/api/v1${path}`, {
      method,
      headers: {
        ...(fan && { Authorization: `Bearer ${fan.userId}` }),
        ...(sent.body !== undefined && { "Content-Type": "application/json" }),
        ...sent.headers,
      },
      ...(sent.body !== undefined && {
        body: typeof sent.body === "string" ? sent.body : JSON.stringify(sent.body),
      }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: text ? JSON.parse(text) : undefined,
    };
  }

  const holdRaw = (fan: Fan, hall: Hall, body: unknown, headers: Record<string, string> = {}) =>
    request("POST", `/performances/${hall.id}/reservations`, fan, {
      body,
      headers: { "Queue-Pass": passOf(fan, hall), ...headers },
    });

  return {
    db,
    metrics,
    warnings,
    catalog,
    reservations,
    payments,
    deliveries,
    jobQueue,
    queueCalls,
    revoked,
    removed,
    url: served.url,
    databaseUrl,
    redisUrl,
    makeHall,
    makeSeats,
    makeFans,
    makeFan: async (): Promise<Fan> => (await makeFans(1))[0] as Fan,
    request,
    setWebhookUrl: (url: string | null) => {
      webhookUrl = url;
    },

    /** Seats by ordinal, or the whole body. */
    hold: (
      fan: Fan,
      hall: Hall,
      wanted: readonly number[] | object,
      headers?: Record<string, string>,
    ): Promise<Answer> =>
      holdRaw(
        fan,
        hall,
        Array.isArray(wanted) ? { seatIds: wanted.map((ordinal) => hall.seatIds[ordinal]) } : wanted,
        headers,
      ),
    /** A hold that has to succeed. */
    async held(fan: Fan, hall: Hall, wanted: readonly number[] | object): Promise<ReservationView> {
      const body = Array.isArray(wanted)
        ? { seatIds: wanted.map((ordinal) => hall.seatIds[ordinal]) }
        : wanted;
      const answer = await holdRaw(fan, hall, body);
      expect(answer.status, answer.text).to.equal(201);
      return answer.body;
    },
    pay: (
      fan: Fan,
      reservationId: string,
      method: object | string = "success",
      key: string = randomUUID(),
    ): Promise<Answer> =>
      request("POST", `/reservations/${reservationId}/payments`, fan, {
        headers: { "Idempotency-Key": key },
        body: { method: typeof method === "string" ? { type: "sandbox", card: method } : method },
      }),
    refund: (fan: Fan, reservationId: string, key: string = randomUUID()): Promise<Answer> =>
      request("POST", `/reservations/${reservationId}/refunds`, fan, { headers: { "Idempotency-Key": key } }),
    get: (fan: Fan, reservationId: string): Promise<Answer> =>
      request("GET", `/reservations/${reservationId}`, fan),

    /** Moves a hold into the past, so that its deadline was `secondsAgo`. */
    lapse: (reservationId: string, secondsAgo = 1) =>
      db.raw(
        `UPDATE reservations SET expires_at = t.past, created_at = t.past - interval '1 minute',
           extended_until = CASE WHEN extended_until IS NOT NULL THEN t.past END
         FROM (SELECT clock_timestamp() - make_interval(secs => :secondsAgo) AS past) AS t
         WHERE id = :reservationId`,
        { reservationId, secondsAgo },
      ),
    /** One letter a seat. */
    letters: async (hall: Hall): Promise<string> => (await reservations.readAllSeatStates(hall.id)).states,
    statusOf: async (reservationId: string): Promise<string> =>
      (await db("reservations").where({ id: reservationId }).first("status"))?.status,
    metric: async (name: string, labels: Record<string, string> = {}): Promise<number> => {
      const found = await metrics.registry.getSingleMetric(name)?.get();
      const values = found?.values.filter((value) =>
        Object.entries(labels).every(([label, text]) => value.labels[label] === text),
      );
      return values?.reduce((sum, { value }) => sum + value, 0) ?? 0;
    },
    /** INV. @param graceSeconds large where the test leaves lapsed holds lying on purpose. */
    async expectInvariants(graceSeconds = 5): Promise<void> {
      expect(await runInvariants(db, { graceSeconds }), "INV").to.deep.equal([]);
    },
    /** Empties the Redis of jobs and locks. */
    async flushRedis(): Promise<void> {
      const redis = new Redis(redisUrl, { maxRetriesPerRequest: 0 });
      await redis.flushall().finally(() => redis.disconnect());
    },
    close: () => releaser.release(),
  };
}

function openLocks(redlock: boolean | readonly string[], redisUrl: string, metrics: Metrics) {
  return createLockService({
    urls: typeof redlock === "boolean" ? [redisUrl] : redlock,
    enabled: redlock !== false,
    log: silent,
    waitSeconds: metrics.locks.waitSeconds,
    attempts: metrics.locks.attempts,
  });
}

function bearerIsUserId({ headers }: { headers: Record<string, unknown> }): Principal {
  const userId = /^Bearer (.+)$/.exec(String(headers.authorization ?? ""))?.[1];
  if (!userId) throw new Problem("UNAUTHENTICATED");
  return { userId, role: "fan", sessionId: userId };
}

/** How many answers there are of each kind: `201`, `409 SEAT_TAKEN`. */
export function tally(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, body } of answers) {
    const kind = body?.code ? `${status} ${body.code}` : String(status);
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** Refused addresses: what a lock node looks like that is away. */
export const NODES_AWAY = ["redis://127.0.0.1:1"] as const;
