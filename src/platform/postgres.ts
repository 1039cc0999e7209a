/**
 * PostgreSQL by knex and pg.
 *
 * Everything inside a transaction must go through its `trx`: a query on the root knex takes a second
 * connection, and a pool of N deadlocks with N of them. Nothing inside a transaction may wait for Redis.
 */
import { readdirSync, readFileSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import knex, { type Knex } from "knex";
import pg from "pg";
import { startDeadline } from "./deadline.ts";
import type { Logger } from "./logger.ts";
import { traceQueries } from "./tracing/index.ts";

export type Database = Knex;
export type Transaction = Knex.Transaction;
/** What a read may run on: the pool or an open transaction. */
export type Queryable = Knex | Knex.Transaction;

// bigint columns hold sequences and counters below 2^53; strings would only invite concatenation.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/** To the first answer of a server that is being connected to. */
const CONNECT_TIMEOUT_MS = 1_500;

/**
 * How each connection is made. What comes after the server's first answer is limited by pg's own `connectionTimeoutMillis`,
 * for a server that vanishes just then. That is a plain timer: this long, it does not end because this process stood
 * still for a while or was busy with a surge.
 */
export const CONNECTING = {
  stream: limitedSocket,
  connectionTimeoutMillis: 10_000,
  keepAlive: true,
};

/** A waiter for a connection gives up after this; long queues are refused, not grown. */
const ACQUIRE_TIMEOUT_MS = 5_000;

/**
 * A connection keeps the plans of its statements and of its foreign key checks. One made while a table was a page long
 * reads the whole table, and goes on doing so while an on-sale fills it, until statistics are made anew. All that is
 * asked here has an index, so it is always taken; compiling a plan is worth nothing to statements of a millisecond.
 */
const PLANNING = "SET enable_seqscan = off; SET jit = off; SET plan_cache_mode = force_generic_plan";

export interface TransactionLimits {
  /** How long a statement waits for a row lock before it fails with 55P03. */
  readonly lockTimeoutMs: number;
  /** How long the transaction may sit between statements before the server ends it. */
  readonly idleTimeoutMs: number;
}

/** Every connection has these from its beginning, so that a transaction need not ask for them. */
export const DEFAULT_LIMITS: TransactionLimits = { lockTimeoutMs: 2_000, idleTimeoutMs: 5_000 };

/** For work that nobody waits for: long lists written, a queue loaded into Redis. */
export const PATIENT_LIMITS: TransactionLimits = { lockTimeoutMs: 60_000, idleTimeoutMs: 600_000 };

const SESSION = `${PLANNING}; SET lock_timeout = ${DEFAULT_LIMITS.lockTimeoutMs}; SET idle_in_transaction_session_timeout = ${DEFAULT_LIMITS.idleTimeoutMs}`;

/**
 * @param log hears of connections that were lost while nobody used them; knex would write to standard error.
 * @param silenceMs after which a connection on which nothing comes is given up, whatever it was asked; never when
 * absent. Of a host that vanished TCP itself would learn after a quarter of an hour.
 */
export function openDatabase(
  url: string,
  poolSize: number,
  applicationName: string,
  log?: Pick<Logger, "warn">,
  silenceMs = 0,
): Database {
  const warn = (fault: unknown) => log?.warn("postgres connection", { fault: String(fault) });
  return knex({
    client: "pg",
    log: { warn, error: warn, deprecate: warn, debug: () => undefined },
    connection: {
      connectionString: url,
      application_name: applicationName,
      ...CONNECTING,
      stream: () => endingInSilence(limitedSocket(), silenceMs),
    },
    pool: {
      min: 0,
      max: poolSize,
      // Otherwise a refused connection is retried until the acquire times out instead of failing at once.
      propagateCreateError: true,
      afterCreate(connection: pg.Client, done: (fault: Error | null, connection: pg.Client) => void) {
        connection.query(SESSION).then(
          () => {
            traceQueries(connection);
            done(null, connection);
          },
          (fault: Error) => done(fault, connection),
        );
      },
    } as Knex.PoolConfig,
    acquireConnectionTimeout: ACQUIRE_TIMEOUT_MS,
    // knex would write the values of a statement that failed into the fault, and with it into the log.
    compileSqlOnError: false,
  });
}

/**
 * For `stream` of pg, in the place of a short `connectionTimeoutMillis`: that would end in a process that stood still as
 * long, or was busy with the several answers by which a connection is made, and a surge is when connections are made.
 */
function limitedSocket(): Socket {
  const socket = new Socket();
  const cancel = startDeadline(CONNECT_TIMEOUT_MS, () => {
    if (socket.bytesRead === 0) socket.destroy(new Error("timeout expired"));
  });
  socket.once("close", cancel);
  return socket;
}

/** @param ms 0 for a silence without end. */
function endingInSilence(socket: Socket, ms: number): Socket {
  return socket.setTimeout(ms, () => socket.destroy(new Error("timeout expired")));
}

export interface PoolState {
  readonly used: number;
  readonly free: number;
  /** Callers that wait for a connection. */
  readonly waiting: number;
}

/** How the pool stands right now. */
export function poolState(db: Database): PoolState {
  const { pool } = db.client as { pool?: Record<"numUsed" | "numFree" | "numPendingAcquires", () => number> };
  // A pool that was closed is gone.
  if (!pool) return { used: 0, free: 0, waiting: 0 };
  return { used: pool.numUsed(), free: pool.numFree(), waiting: pool.numPendingAcquires() };
}

/** Runs `work` in one transaction within these bounds. */
export function inTransaction<T>(
  db: Database,
  limits: TransactionLimits,
  work: (trx: Transaction) => Promise<T>,
): Promise<T> {
  return db.transaction(async (trx) => {
    await boundTransaction(trx, limits);
    return work(trx);
  });
}

/** Bounds an open transaction; one with the bounds of its connection costs nothing. */
export async function boundTransaction(trx: Transaction, limits: TransactionLimits): Promise<void> {
  if (limits === DEFAULT_LIMITS) return;
  await trx.raw(
    "SELECT set_config('lock_timeout', ?, true), set_config('idle_in_transaction_session_timeout', ?, true)",
    [`${limits.lockTimeoutMs}ms`, `${limits.idleTimeoutMs}ms`],
  );
}

/** SQLSTATEs and socket errors that say the server is away, not that the query is wrong. */
const AWAY = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "25006", // read-only transaction: a failover left us on a standby
  "57P01", // admin shutdown
  "57P02", // crash shutdown
  "57P03", // cannot connect now
  "53300", // too many connections
  "08000",
  "08001",
  "08003",
  "08004",
  "08006",
]);

export function isDatabaseAway(fault: unknown): boolean {
  const { code, name, message } = (fault ?? {}) as { code?: string; name?: string; message?: string };
  if (code && AWAY.has(code)) return true;
  if (name === "KnexTimeoutError") return true;
  return /Connection terminated|connection timeout|timeout expired|Client has encountered a connection error/i.test(
    message ?? "",
  );
}

/** Whether a transaction that failed so may have been committed. One that never had a connection was not. */
export function mayBeCommitted(fault: unknown): boolean {
  return isDatabaseAway(fault) && (fault as Error).name !== "KnexTimeoutError";
}

/** The SQLSTATE of a database error, if it is one. */
export function sqlState(fault: unknown): string | null {
  const code = (fault as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : null;
}

/** A migration takes as long as it takes, and so does the wait for another process's. */
const UNBOUNDED: TransactionLimits = { lockTimeoutMs: 0, idleTimeoutMs: 0 };

/** Applies every numbered `.sql` file of the folder that has not run yet; safe when several processes start at once. */
export async function runMigrations(url: string, folder: string): Promise<string[]> {
  const db = openDatabase(url, 2, "fastpass-migrate");
  try {
    const files = migrationFiles(folder);
    // knex's own lock table must be freed by hand after a crash; an advisory lock frees itself.
    return await inTransaction(db, UNBOUNDED, async (trx) => {
      await trx.raw("SELECT pg_advisory_xact_lock(7216100)");
      await trx.raw(
        "CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())",
      );
      const applied = new Set(await trx("schema_migrations").pluck("name"));
      const pending = files.filter((file) => !applied.has(file));
      for (const file of pending) {
        await trx.raw(readFileSync(join(folder, file), "utf8").replaceAll("?", "\\?"));
        await trx("schema_migrations").insert({ name: file });
      }
      return pending;
    });
  } finally {
    await db.destroy();
  }
}

function migrationFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".sql"))
    .sort();
}

/** The files of the folder that this database has not got; all of them when it has no schema at all. */
export async function pendingMigrations(db: Database, folder: string): Promise<string[]> {
  const { rows } = await db.raw("SELECT to_regclass('schema_migrations') IS NOT NULL AS made");
  const applied = new Set(rows[0].made ? await db("schema_migrations").pluck("name") : []);
  return migrationFiles(folder).filter((file) => !applied.has(file));
}

/** Whether somebody waits for a connection right now. */
export function isPoolExhausted(db: Database): boolean {
  return db.client.pool.numPendingAcquires() > 0;
}
