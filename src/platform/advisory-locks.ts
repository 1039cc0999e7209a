/**
 * Session-level advisory locks of PostgreSQL, for work that one process at a time should do.
 *
 * All locks of a process live on one connection of their own. When that connection is lost so are they, and another
 * process may take them at once; work under such a lock must therefore also be fenced by what it writes.
 */
import { createHash } from "node:crypto";
import pg from "pg";
import type { Logger } from "./logger.ts";
import { CONNECTING } from "./postgres.ts";

export interface AdvisoryLocks {
  /** @returns whether this process holds the lock now. Asking again for a held lock costs nothing. */
  tryHold(name: string): Promise<boolean>;
  release(name: string): Promise<void>;
  close(): Promise<void>;
}

const RETRY_MS = 500;
/** A plain timer of pg, so it is long: a process that stood still for a while must not lose its locks for that. */
const ANSWER_TIMEOUT_MS = 5_000;

export function createAdvisoryLocks(databaseUrl: string, log: Logger): AdvisoryLocks {
  const held = new Set<string>();
  let client: pg.Client | null = null;
  let connecting: Promise<pg.Client | null> | null = null;
  let failedAt = 0;
  let closed = false;
  let turn: Promise<unknown> = Promise.resolve();

  /** A connection answers one question at a time; pg would only queue the others with a warning. */
  function ask(which: pg.Client, text: string, name: string): Promise<pg.QueryResult> {
    const answer = turn
      .then(() => which.query(text, [lockKey(name)]))
      .catch((fault: Error) => {
        // A question that got no answer may be answered yet, and a lock be taken that nobody knows of.
        if (!(fault instanceof pg.DatabaseError)) giveUp(which);
        throw fault;
      });
    turn = answer.catch(() => undefined);
    return answer;
  }

  function giveUp(which: pg.Client): void {
    lost(which);
    which.end().catch(() => undefined);
  }

  function lost(which: pg.Client): void {
    if (client !== which) return;
    client = null;
    held.clear();
  }

  async function connect(): Promise<pg.Client | null> {
    if (closed || Date.now() - failedAt < RETRY_MS) return null;
    const fresh = new pg.Client({
      connectionString: databaseUrl,
      application_name: "fastpass-locks",
      query_timeout: ANSWER_TIMEOUT_MS,
      ...CONNECTING,
    });
    fresh.on("error", () => lost(fresh));
    fresh.on("end", () => lost(fresh));
    try {
      await fresh.connect();
      if (closed) {
        fresh.end().catch(() => undefined);
        return null;
      }
      client = fresh;
      return fresh;
    } catch (fault) {
      failedAt = Date.now();
      log.warn("no connection for advisory locks", { fault: (fault as Error).message });
      return null;
    }
  }

  async function connection(): Promise<pg.Client | null> {
    if (client) return client;
    connecting ??= connect().finally(() => {
      connecting = null;
    });
    return connecting;
  }

  return {
    async tryHold(name) {
      if (held.has(name)) return true;
      const current = await connection();
      if (!current) return false;
      try {
        const { rows } = await ask(current, "SELECT pg_try_advisory_lock($1::bigint) AS locked", name);
        if (rows[0].locked && client === current) held.add(name);
        return held.has(name);
      } catch (fault) {
        log.warn("advisory lock", { fault: (fault as Error).message });
        return false;
      }
    },
    async release(name) {
      if (!held.delete(name)) return;
      if (client) await ask(client, "SELECT pg_advisory_unlock($1::bigint)", name).catch(() => undefined);
    },
    async close() {
      closed = true;
      const current = client;
      client = null;
      held.clear();
      await current?.end().catch(() => undefined);
    },
  };
}

/** The 64 bits PostgreSQL takes, from a name. */
export function lockKey(name: string): string {
  return createHash("sha256").update(name).digest().readBigInt64BE(0).toString();
}
