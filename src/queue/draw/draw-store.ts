/**
 * The tables of the draws. Each step of a draw is one write that only the first to come there makes; whoever comes
 * later finds it and goes on from it.
 */
import {
  type Database,
  inTransaction,
  PATIENT_LIMITS,
  type Queryable,
  type Transaction,
} from "../../platform/postgres.ts";
import type { SealedSeed } from "./seal.ts";

export interface DrawRow {
  readonly queueId: string;
  readonly commitment: Buffer;
  readonly committedAt: Date;
  /** '' for none. */
  readonly beaconSource: string;
  readonly listedAt: Date | null;
  /** Since then, by the database's clock. */
  readonly listedForSeconds: number | null;
  readonly entries: number | null;
  readonly root: Buffer | null;
  readonly partRoots: readonly Buffer[] | null;
  readonly beaconBefore: string | null;
  readonly beacon: string | null;
  readonly settledAt: Date | null;
  readonly orderedAt: Date | null;
  readonly seed: Buffer | null;
  readonly publishedAt: Date | null;
}

export interface ListPart {
  readonly part: number;
  readonly ticketIds: readonly string[];
  readonly userIds: readonly string[];
}

/** Everything but the sealed seed. */
const COLUMNS = {
  queueId: "queue_id",
  commitment: "commitment",
  committedAt: "committed_at",
  beaconSource: "beacon_source",
  listedAt: "listed_at",
  entries: "entries",
  root: "root",
  partRoots: "part_roots",
  beaconBefore: "beacon_before",
  beacon: "beacon",
  settledAt: "settled_at",
  orderedAt: "ordered_at",
  seed: "seed",
  publishedAt: "published_at",
} as const;

/** Few enough that reading or writing them is no long wait for whatever else the process does. */
const JOURNAL_PAGE = 2_000;
const PARTS_A_STATEMENT = 4;

/** Leaves one that is there as it is. */
export async function insertDraw(
  db: Queryable,
  queueId: string,
  { commitment, sealed }: SealedSeed,
  beaconSource: string,
): Promise<void> {
  await db("queue_draws")
    .insert({ queue_id: queueId, commitment, sealed_seed: sealed, beacon_source: beaconSource })
    .onConflict("queue_id")
    .ignore();
}

export async function readDraw(db: Queryable, queueId: string): Promise<DrawRow | null> {
  const listedForSeconds = db.raw("extract(epoch FROM clock_timestamp() - listed_at)::float");
  const row = await db("queue_draws")
    .where({ queue_id: queueId })
    .first({ ...COLUMNS, listedForSeconds });
  return row ?? null;
}

export async function readSealed(db: Database, queueId: string): Promise<Buffer> {
  const { sealed_seed: sealed } = await db("queue_draws").where({ queue_id: queueId }).first("sealed_seed");
  return sealed;
}

/** What the journal tells of the lobby up to an entry: who came, who went, in pages. */
export async function* readLobby(
  db: Database,
  queueId: string,
  upTo: number,
): AsyncGenerator<readonly { readonly ticketId: string; readonly userId: string; readonly came: boolean }[]> {
  for (let after = 0; ; ) {
    const { rows } = await db.raw(
      `SELECT number, ticket_id AS "ticketId", user_id AS "userId", kind = 'join' AS came
       FROM queue_journal WHERE queue_id = ? AND number > ? AND number <= ?
         AND (kind IN ('leave', 'remove', 'end') OR kind = 'join' AND data->>'lobby' = 'true')
       ORDER BY number`,
      [queueId, after, Math.min(after + JOURNAL_PAGE, upTo)],
    );
    yield rows;
    after += JOURNAL_PAGE;
    if (after >= upTo) return;
  }
}

/** The list and its root, together. */
export async function saveList(
  db: Database,
  queueId: string,
  list: {
    readonly closedNumber: number;
    readonly entries: number;
    readonly root: Buffer;
    readonly partRoots: readonly Buffer[];
    readonly parts: readonly ListPart[];
  },
): Promise<void> {
  const { closedNumber, entries, root, partRoots, parts } = list;
  await inTransaction(db, PATIENT_LIMITS, async (trx) => {
    const { rows } = await trx.raw(
      `UPDATE queue_draws SET closed_number = ?, listed_at = now(), entries = ?, root = ?, part_roots = ?::bytea[]
       WHERE queue_id = ? AND listed_at IS NULL RETURNING queue_id`,
      [closedNumber, entries, root, array(partRoots), queueId],
    );
    if (rows.length === 0) return;
    await insertParts(trx, "queue_draw_list", queueId, parts, ({ part, ticketIds, userIds }) => ({
      part,
      first_ticket: ticketIds[0],
      ticket_ids: ticketIds,
      user_ids: userIds,
    }));
  });
}

export async function noteBeaconBefore(db: Database, queueId: string, value: string): Promise<void> {
  await db("queue_draws")
    .where({ queue_id: queueId })
    .whereNull("beacon_before")
    .update({ beacon_before: value });
}

/** @param value null: none was promised, or none came in time. */
export async function settleBeacon(db: Database, queueId: string, value: string | null): Promise<void> {
  await db("queue_draws")
    .where({ queue_id: queueId })
    .whereNull("settled_at")
    .update({ beacon: value, settled_at: db.fn.now() });
}

export async function* readList(db: Database, queueId: string): AsyncGenerator<ListPart> {
  yield* readParts(db, "queue_draw_list", queueId);
}

/** The order, and the same told by the list: the place of each ticket in it. */
export async function saveOrder(
  db: Database,
  queueId: string,
  parts: readonly ListPart[],
  places: readonly (readonly number[])[],
): Promise<void> {
  await inTransaction(db, PATIENT_LIMITS, async (trx) => {
    const first = await trx("queue_draws")
      .where({ queue_id: queueId })
      .whereNull("ordered_at")
      .update({ ordered_at: trx.fn.now() });
    if (first === 0) return;
    await insertParts(trx, "queue_draw_order", queueId, parts, ({ part, ticketIds, userIds }) => ({
      part,
      ticket_ids: ticketIds,
      user_ids: userIds,
    }));
    for (const [part, each] of places.entries()) {
      await trx.raw("UPDATE queue_draw_list SET places = ?::int[] WHERE queue_id = ? AND part = ?", [
        array(each),
        queueId,
        part,
      ]);
    }
  });
}

export async function readOrderPart(db: Database, queueId: string, part: number): Promise<ListPart | null> {
  const row = await db("queue_draw_order")
    .where({ queue_id: queueId, part })
    .first({ part: "part", ticketIds: "ticket_ids", userIds: "user_ids" });
  return row ?? null;
}

export async function publishSeed(db: Database, queueId: string, seed: Buffer): Promise<void> {
  await db("queue_draws")
    .where({ queue_id: queueId })
    .whereNull("published_at")
    .update({ seed, published_at: db.fn.now() });
}

/** The part of the list in which a ticket would stand. */
export async function readPartOf(
  db: Database,
  queueId: string,
  ticketId: string,
): Promise<(ListPart & { readonly places: readonly number[] | null }) | null> {
  const row = await db("queue_draw_list")
    .where({ queue_id: queueId })
    .where("first_ticket", "<=", ticketId)
    .orderBy("first_ticket", "desc")
    .first({ part: "part", ticketIds: "ticket_ids", userIds: "user_ids", places: "places" });
  return row ?? null;
}

async function* readParts(db: Database, table: string, queueId: string): AsyncGenerator<ListPart> {
  for (let part = 0; ; part += PARTS_A_STATEMENT) {
    const rows: ListPart[] = await db(table)
      .where({ queue_id: queueId })
      .whereBetween("part", [part, part + PARTS_A_STATEMENT - 1])
      .orderBy("part")
      .select({ part: "part", ticketIds: "ticket_ids", userIds: "user_ids" });
    yield* rows;
    if (rows.length < PARTS_A_STATEMENT) return;
  }
}

async function insertParts(
  trx: Transaction,
  table: string,
  queueId: string,
  parts: readonly ListPart[],
  columns: (part: ListPart) => object,
): Promise<void> {
  for (let start = 0; start < parts.length; start += PARTS_A_STATEMENT) {
    const rows = parts
      .slice(start, start + PARTS_A_STATEMENT)
      .map((part) => ({ queue_id: queueId, ...columns(part) }));
    await trx(table).insert(rows);
  }
}

/** pg sends an array as one parameter; knex's types only know scalars. */
const array = (values: readonly unknown[]) => values as unknown as string[];
