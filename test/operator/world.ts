/**
 * The operator's routes on a real PostgreSQL with the real catalog.
 *
 * WIRING ONLY: the queue's and the reservations' ports are small stand-ins made here, so that these tests say
 * what the operator's room itself does with what those rooms answer, failures included. How the real rooms behave
 * behind these routes is tested where the whole application runs. The queue's stand-in keeps one thing real: what
 * is written through a transaction that rolls back is gone, since it writes the table of the queue.
 */
import supertest from "supertest";
import { v7 } from "uuid";
import { type Catalog, createCatalog } from "../../src/catalog/index.ts";
import {
  createOperator,
  type Operator,
  type QueuePort,
  type ReservationsPort,
} from "../../src/operator/index.ts";
import { Problem } from "../../src/platform/errors.ts";
import type { Principal, Role } from "../../src/platform/http/route.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { type Database, openDatabase, type Transaction } from "../../src/platform/postgres.ts";
import { applyPatch } from "../../src/queue/settings.ts";
import { type ServedRoutes, serveRoutes } from "../support/http.ts";
import { type TestDatabase, testServers } from "../support/servers.ts";

export const OPERATOR: Principal = { userId: v7(), role: "operator", sessionId: v7() };

export interface World {
  readonly db: Database;
  readonly catalog: Catalog;
  readonly operator: Operator;
  /** What the ports were asked, in order: `apply <queueId>`. */
  readonly calls: string[];
  /** Ports that throw when asked. */
  readonly failing: Set<keyof QueuePort>;
  readonly tickets: Map<string, { userId: string; removed: boolean; lost?: boolean }>;
  readonly url: string;
  request(method: "get" | "post" | "put" | "patch", path: string, body?: object, role?: Role): supertest.Test;
  audit(): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

export const newPerformance = () => ({
  startsAt: "2030-05-01T19:30:00.000Z",
  currency: "EUR",
  holdSeconds: 300,
  maxSeatsPerFan: 4,
  sections: [
    { name: "Floor", rows: 2, seatsPerRow: 5, amount: 9_000, accessibleSeats: 2 },
    { name: "Balcony", rows: 1, seatsPerRow: 4, amount: 5_000 },
  ],
  queue: {
    opensAt: "2030-01-01T10:00:00.000Z",
    ratePerMinute: 600,
    maxActive: 200,
    arrivalSeconds: 60,
    sessionSeconds: 600,
    graceSeconds: 120,
  },
});

export async function openWorld(options: { limits?: boolean; statsEveryMs?: number } = {}): Promise<World> {
  const database: TestDatabase = await (await testServers()).createDatabase();
  const db = openDatabase(database.url, 4, "test-operator");
  const log = createLogger("test", "silent");
  const calls: string[] = [];
  const failing = new Set<keyof QueuePort>();
  const tickets: World["tickets"] = new Map();
  const none = { available: 0, held: 0, occupied: 0, blocked: 0 };
  const catalog = createCatalog({ db, log, counts: async () => none });
  const operator = createOperator({
    db,
    log,
    limits: options.limits ?? true,
    catalog,
    payments: {
      listPayments: async () => [],
      cancellations: { request: async () => false, progress: async () => null },
    },
    queue: standInQueue(db, calls, failing, tickets),
    reservations: standInReservations(db),
    statsEveryMs: options.statsEveryMs,
    auth: {
      nameOf: async (userId) => (userId === OPERATOR.userId ? "Ada" : null),
      issueStreamToken: ({ userId }) => ({ token: `stream-of-${userId}`, expiresInSeconds: 60 }),
      verifyStreamToken: (token) =>
        token.startsWith("stream-of-")
          ? { ok: true, principal: { ...OPERATOR, role: token.endsWith("fan") ? "fan" : "operator" } }
          : { ok: false },
    },
  });
  const served: ServedRoutes = await serveRoutes([...catalog.routes, ...operator.routes], ({ headers }) => {
    const role = /^Bearer (fan|gate|operator)$/.exec(headers.authorization ?? "")?.[1] as Role | undefined;
    if (!role) throw new Problem("UNAUTHENTICATED");
    return { ...OPERATOR, role };
  });
  return {
    db,
    catalog,
    operator,
    calls,
    failing,
    tickets,
    url: served.url,
    request(method, path, body, role = "operator") {
      const test = supertest(served.url)[method](`/api/v1${path}`).set("Authorization", `Bearer ${role}`);
      return body === undefined ? test : test.send(body);
    },
    audit: () => db("audit_log").orderBy("id"),
    async close() {
      operator.close();
      await served.close();
      await db.destroy();
      await database.drop();
    },
  };
}

function standInQueue(
  db: Database,
  calls: string[],
  failing: ReadonlySet<keyof QueuePort>,
  tickets: World["tickets"],
): QueuePort {
  const called = (name: keyof QueuePort, ...details: string[]) => {
    calls.push([name, ...details].join(" "));
    if (failing.has(name)) throw new Error(`${name} fails`);
  };
  const row = (on: Database | Transaction, id: string) => on("queues").where({ id }).first();
  async function control(trx: Transaction, id: string, field: string, value: unknown) {
    const queue = await row(trx, id);
    if (!queue) return null;
    const before = queue.notice?.[field] ?? null;
    const notice = JSON.stringify({ ...queue.notice, [field]: value });
    const changed = JSON.stringify(before) !== JSON.stringify(value);
    if (changed)
      await trx("queues")
        .where({ id })
        .update({ notice, version: queue.version + 1 });
    return { changed, before: { [field]: before }, after: { [field]: value } };
  }
  async function setRemoved(name: "removeTicket" | "readmit", ticketId: string, removed: boolean) {
    called(name, ticketId);
    const ticket = tickets.get(ticketId);
    if (!ticket) return { ok: false, reason: "NOT_FOUND" } as const;
    if (ticket.lost) return { ok: false, reason: "REBUILDING" } as const;
    ticket.removed = removed;
    return { ok: true, userId: ticket.userId } as const;
  }
  return {
    async createQueue(trx, { queueId, performanceId, settings }, by) {
      called("createQueue");
      const columns = { id: queueId, performance_id: performanceId, settings: JSON.stringify(settings) };
      await trx("queues").insert({ ...columns, changed_by: by });
    },
    initialise: async (queueId) => called("initialise", queueId),
    async settingsOf(queueId) {
      const queue = await row(db, queueId);
      return queue
        ? { performanceId: queue.performance_id, settings: queue.settings, version: queue.version }
        : null;
    },
    async changeSettings(trx, queueId, patch, ifVersion) {
      const queue = await row(trx, queueId);
      if (ifVersion !== undefined && ifVersion !== queue.version)
        return { ok: false, reason: "VERSION_MISMATCH" };
      const patched = applyPatch(queue.settings, patch);
      if (!patched.ok) return { ok: false, reason: "VALIDATION_FAILED", errors: patched.errors };
      const changed = JSON.stringify(patched.settings) !== JSON.stringify(queue.settings);
      const version = queue.version + (changed ? 1 : 0);
      const settings = JSON.stringify(patched.settings);
      await trx("queues").where({ id: queueId }).update({ settings, version });
      return { ok: true, before: queue.settings, after: patched.settings, version };
    },
    setPaused: (trx, queueId, paused) => control(trx, queueId, "paused", paused),
    close: (trx, queueId) => control(trx, queueId, "closed", true),
    setNotice: (trx, queueId, texts) => control(trx, queueId, "texts", texts),
    apply: async (queueId) => called("apply", queueId),
    removeTicket: (_queueId, ticketId) => setRemoved("removeTicket", ticketId, true),
    readmit: (_queueId, ticketId) => setRemoved("readmit", ticketId, false),
    async addLane() {
      called("addLane");
      return { ok: false, reason: "NOT_FOUND" };
    },
    async stats(queueId) {
      called("stats", queueId);
      return {
        ...{ phase: "open", waiting: 7, deferred: 1, active: 3, admittedTotal: 9, admittedLastMinute: 4 },
        ...{
          arrivedLastMinute: 3,
          noShowRatio: null,
          leftTotal: 2,
          ratePerMinute: 600,
          effectiveRatePerMinute: 600,
        },
        ...{ limitedBy: "rate", etaForNewcomerSeconds: 42 },
        seats: { available: 10, held: 2, occupied: 1, blocked: 1 },
      };
    },
  };
}

function standInReservations(db: Database): ReservationsPort {
  async function change(
    trx: Transaction,
    performance_id: string,
    ordinals: readonly number[],
    from: string,
    to: string,
  ) {
    const seats = () =>
      trx("seat_states")
        .where({ performance_id })
        .whereIn("ordinal", [...ordinals]);
    const used = await seats().whereNotIn("status", ["AVAILABLE", "BLOCKED"]).orderBy("ordinal");
    if (used.length > 0) {
      const inUse = used.map(({ ordinal, status }) => ({ ordinal, state: status }));
      return { ok: false, reason: "SEATS_IN_USE", seats: inUse } as const;
    }
    const changed = await seats().where({ status: from }).update({ status: to }).returning("ordinal");
    return { ok: true, changed: changed.map(({ ordinal }) => ordinal as number) } as const;
  }
  return {
    async createSeatStates(trx, performanceId, seatCount) {
      await trx.raw(
        "INSERT INTO seat_states (performance_id, ordinal) SELECT ?::uuid, generate_series(0, ?::int - 1)",
        [performanceId, seatCount],
      );
    },
    blockSeats: (trx, performanceId, ordinals) =>
      change(trx, performanceId, ordinals, "AVAILABLE", "BLOCKED"),
    unblockSeats: (trx, performanceId, ordinals) =>
      change(trx, performanceId, ordinals, "BLOCKED", "AVAILABLE"),
    checkIn: async () => ({ ok: false, reason: "NOT_FOUND" }),
    activity: async (performanceId) => {
      const known = await db("performances").where({ id: performanceId }).first();
      return { holdsPerMinute: known ? 6 : 0, confirmationsPerMinute: 5 };
    },
  };
}
