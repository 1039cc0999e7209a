/**
 * A worker's one connection for the projection: it hears NOTIFY, and its advisory locks say what is ours.
 *
 * Performances fall into 64 shards by their id; who holds a shard's lock projects its performances. Locks on
 * shards and not on performances, because PostgreSQL's lock table is small and shared by all. Each worker also
 * holds the member lock in share mode: the number of its holders says how many shards are one's fair share.
 * A worker that dies loses its connection and with it the locks; one whose machine vanishes is found out by TCP
 * keepalive within some ten seconds. The locks only spread the work: two projectors of one performance could do
 * no harm, since the copy moves only from the position that its writer knows.
 */
import pg from "pg";
import type { Logger } from "../platform/logger.ts";
import { CONNECTING } from "../platform/postgres.ts";
import { SEATS_CHANNEL, SHARDS } from "./notify.ts";

const SHARD_COUNT = 64;
const MEMBER = SHARD_COUNT;
/** The first half of the advisory locks' key; no other part of the program uses it. */
const LOCK_CLASS = 72_163;

const QUERY_TIMEOUT_MS = 2_000;

export interface SessionOptions {
  readonly databaseUrl: string;
  readonly log: Logger;
  /** The seats of this performance changed. */
  onChange(performanceId: string): void;
  /** Shards may have become free: call `renew` soon. */
  onShards(): void;
  /** Every shard is lost. */
  onLost(): void;
  /** Ends the work on shards that are no longer held; they are given back when it resolves. */
  leave(): Promise<void>;
}

export interface Session {
  /**
   * Connects if there is no connection, takes free shards up to the fair share and gives back what is above it.
   * @throws the fault of the connection.
   */
  renew(): Promise<void>;
  holds(performanceId: string): boolean;
  readonly shards: ReadonlySet<number>;
  close(): Promise<void>;
}

/** The last byte of a UUID of version 4 or 7 is random. */
export function shardOf(performanceId: string): number {
  return Number.parseInt(performanceId.slice(-2), 16) % SHARD_COUNT;
}

export function createSession(options: SessionOptions): Session {
  const shards = new Set<number>();
  let client: pg.Client | null = null;
  let closed = false;

  function lose(which: pg.Client, fault: Error): void {
    if (client !== which) return;
    client = null;
    shards.clear();
    which.end().catch(() => undefined);
    if (closed) return;
    options.log.warn("seat projection lost its database connection", { fault: fault.message });
    options.onLost();
  }

  async function connect(): Promise<pg.Client> {
    const fresh = new pg.Client({
      connectionString: options.databaseUrl,
      application_name: "fastpass-seat-projection",
      query_timeout: QUERY_TIMEOUT_MS,
      ...CONNECTING,
    });
    fresh.on("error", (fault) => lose(fresh, fault));
    fresh.on("end", () => lose(fresh, new Error("the server closed it")));
    fresh.on("notification", ({ payload }) => {
      if (payload === SHARDS) options.onShards();
      else if (payload) options.onChange(payload);
    });
    try {
      await fresh.connect();
      await fresh.query(
        "SET tcp_keepalives_idle = 4; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3; " +
          `LISTEN ${SEATS_CHANNEL}; SELECT pg_advisory_lock_shared(${LOCK_CLASS}, ${MEMBER}); NOTIFY ${SEATS_CHANNEL}, '${SHARDS}'`,
      );
    } catch (fault) {
      fresh.end().catch(() => undefined);
      throw fault;
    }
    return fresh;
  }

  /** Which locks of ours are held by anyone, and how often. */
  async function census(on: pg.Client): Promise<ReadonlyMap<number, number>> {
    const { rows } = await on.query<{ object: number; holders: number }>(
      `SELECT objid::int AS object, count(*)::int AS holders FROM pg_locks
       WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = $1
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
       GROUP BY objid`,
      [LOCK_CLASS],
    );
    return new Map(rows.map(({ object, holders }) => [object, holders]));
  }

  async function balance(on: pg.Client): Promise<void> {
    const taken = await census(on);
    const fairShare = Math.ceil(SHARD_COUNT / Math.max(1, taken.get(MEMBER) ?? 1));
    if (shards.size > fairShare) return giveBack(on, new Set([...shards].slice(fairShare)));
    const free = Array.from({ length: SHARD_COUNT }, (_, shard) => shard).filter(
      (shard) => !taken.has(shard),
    );
    const wanted = shuffle(free).slice(0, fairShare - shards.size);
    if (wanted.length === 0) return;
    const { rows } = await on.query<{ shard: number; ours: boolean }>(
      "SELECT shard, pg_try_advisory_lock($1, shard) AS ours FROM unnest($2::int[]) AS shard",
      [LOCK_CLASS, wanted],
    );
    // A lock that came after the connection was lost is lost with it.
    if (client === on) for (const { shard, ours } of rows) if (ours) shards.add(shard);
  }

  async function giveBack(on: pg.Client, surplus: ReadonlySet<number>): Promise<void> {
    for (const shard of surplus) shards.delete(shard);
    await options.leave();
    await on.query("SELECT pg_advisory_unlock($1, shard) FROM unnest($2::int[]) AS shard", [
      LOCK_CLASS,
      [...surplus],
    ]);
    await on.query(`NOTIFY ${SEATS_CHANNEL}, '${SHARDS}'`);
  }

  return {
    shards,
    holds: (performanceId) => shards.has(shardOf(performanceId)),
    async renew() {
      if (closed) return;
      if (!client) {
        const fresh = await connect();
        if (closed) return void fresh.end().catch(() => undefined);
        client = fresh;
      }
      const on = client;
      try {
        await balance(on);
      } catch (fault) {
        lose(on, fault as Error);
        throw fault;
      }
    },
    async close() {
      closed = true;
      const last = client;
      client = null;
      shards.clear();
      if (!last) return;
      // The notice goes out when the locks are gone, or the others would come too early.
      await last
        .query(`SELECT pg_advisory_unlock_all(); NOTIFY ${SEATS_CHANNEL}, '${SHARDS}'`)
        .catch(() => undefined);
      await last.end().catch(() => undefined);
    },
  };
}

function shuffle(list: number[]): number[] {
  for (let last = list.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    [list[last], list[other]] = [list[other] as number, list[last] as number];
  }
  return list;
}
