/** The queues table: what operators decided, and how far the journal has come. The only file that writes it. */
import type { Database, Queryable, Transaction } from "../platform/postgres.ts";
import type { Lane, LaneCode } from "./lanes.ts";
import type { QueueSettings } from "./settings.ts";

export interface Notice {
  readonly ko?: string;
  readonly en?: string;
}

export interface QueueRow {
  readonly id: string;
  readonly performanceId: string;
  readonly createdAt: Date;
  readonly settings: QueueSettings;
  readonly version: number;
  readonly changedBy: string;
  readonly paused: boolean;
  readonly closed: boolean;
  /** Workers don't look after it any more. */
  readonly ended: boolean;
  readonly notice: Notice | null;
  readonly lanes: readonly Lane[];
  readonly epoch: number;
  readonly tick: number;
  readonly tickMicros: number;
  readonly journalLength: number;
  readonly journalHead: Buffer;
}

const COLUMNS = {
  id: "id",
  performanceId: "performance_id",
  createdAt: "created_at",
  settings: "settings",
  version: "version",
  changedBy: "changed_by",
  pausedAt: "paused_at",
  closedAt: "closed_at",
  endedAt: "ended_at",
  notice: "notice",
  lanes: "lanes",
  epoch: "epoch",
  tick: "tick",
  tickMicros: "tick_micros",
  journalLength: "journal_length",
  journalHead: "journal_head",
} as const;

function fromRow(row: Record<string, unknown>): QueueRow {
  const { pausedAt, closedAt, endedAt, ...rest } = row;
  return {
    ...(rest as unknown as QueueRow),
    paused: pausedAt !== null,
    closed: closedAt !== null,
    ended: endedAt !== null,
  };
}

export async function insertQueue(
  trx: Transaction,
  queue: { id: string; performanceId: string; settings: QueueSettings; by: string },
): Promise<void> {
  await trx("queues").insert({
    id: queue.id,
    performance_id: queue.performanceId,
    settings: JSON.stringify(queue.settings),
    changed_by: queue.by,
  });
}

export async function readQueue(db: Queryable, queueId: string): Promise<QueueRow | null> {
  const row = await db("queues").where({ id: queueId }).first(COLUMNS);
  return row ? fromRow(row) : null;
}

export async function lockQueue(trx: Transaction, queueId: string): Promise<QueueRow | null> {
  const row = await trx("queues").where({ id: queueId }).forUpdate().first(COLUMNS);
  return row ? fromRow(row) : null;
}

export interface QueueChange {
  readonly settings?: QueueSettings;
  readonly paused?: boolean;
  readonly closed?: true;
  /** Null takes it away. */
  readonly notice?: Notice | null;
  readonly lanes?: readonly Lane[];
}

/** Writes a change under the lock of `lockQueue` and raises the version. @returns the new version. */
export async function changeQueue(
  trx: Transaction,
  queueId: string,
  change: QueueChange,
  by: string,
): Promise<number> {
  const [row] = await trx("queues")
    .where({ id: queueId })
    .update({
      ...(change.settings ? { settings: JSON.stringify(change.settings) } : {}),
      ...(change.paused === undefined ? {} : { paused_at: change.paused ? trx.fn.now() : null }),
      ...(change.closed ? { closed_at: trx.fn.now() } : {}),
      ...(change.notice === undefined ? {} : { notice: change.notice && JSON.stringify(change.notice) }),
      ...(change.lanes ? { lanes: JSON.stringify(change.lanes) } : {}),
      changed_by: by,
      version: trx.raw("version + 1"),
      // A queue that had ended may have something to do again.
      ended_at: null,
    })
    .returning("version");
  return row.version as number;
}

/** The queues that workers look after, each with the version of its settings. */
export async function readVersions(db: Database): Promise<Map<string, number>> {
  const rows = await db("queues").whereNull("ended_at").orderBy("id").select("id", "version");
  return new Map(rows.map(({ id, version }) => [id as string, version as number]));
}

/** What Redis says of a queue in which nothing is left to happen. */
export interface QueueEnd {
  readonly version: number;
  readonly epoch: number;
  readonly tick: number;
  readonly journalLength: number;
}

/** Stops the ticking of a queue, if its settings and its journal are still those by which Redis says that it is over. */
export async function markEnded(db: Database, queueId: string, end: QueueEnd): Promise<void> {
  const { version, epoch, tick, journalLength } = end;
  await db("queues")
    .where({ id: queueId, version, epoch, tick, journal_length: journalLength })
    .whereNull("ended_at")
    .update({ ended_at: db.fn.now() });
}

/**
 * Raises the epoch for a rebuild.
 * @param above an epoch that Redis was in: one that was raised in a transaction which then failed is not used again.
 */
export async function raiseEpoch(db: Queryable, queueId: string, above: number): Promise<number> {
  const [row] = await db("queues")
    .where({ id: queueId })
    .update({ epoch: db.raw("greatest(epoch, ?) + 1", [above]) })
    .returning("epoch");
  return row.epoch as number;
}

/** Performances whose seats matter: those of queues that have not ended, and for refunds a month longer. */
export async function readLivePerformances(
  db: Database,
): Promise<{ performanceId: string; queueId: string; queueActive: boolean }[]> {
  const { rows } = await db.raw(
    `SELECT id AS "queueId", performance_id AS "performanceId",
            ended_at IS NULL AND least((settings->>'opensAt')::timestamptz,
              coalesce((settings->>'lobbyOpensAt')::timestamptz, 'infinity')) < now() + interval '1 minute' AS "queueActive"
     FROM queues WHERE ended_at IS NULL OR ended_at > now() - interval '30 days'`,
  );
  return rows;
}

export async function insertCodes(
  trx: Transaction,
  queueId: string,
  codes: readonly LaneCode[],
): Promise<void> {
  const rows = codes.map(({ hash, lane, uses }) => ({ queue_id: queueId, code_hash: hash, lane, uses }));
  await trx.batchInsert("queue_codes", rows, 1_000);
}

export async function readCodes(db: Queryable, queueId: string): Promise<LaneCode[]> {
  return db("queue_codes")
    .where({ queue_id: queueId })
    .select({ hash: "code_hash", lane: "lane", uses: "uses" });
}
