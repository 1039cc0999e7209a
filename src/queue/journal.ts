/**
 * The journal: append-only, hash-chained, in PostgreSQL. An admission counts once it is written here.
 *
 * Scripts write to the queue's stream, each entry under its journal number. One journaller a queue takes entries
 * from there, commits them together with the tick they led to, and only then lets them be published. If it dies in
 * between, the next one finds the same entries again and knows them by their numbers. If what it finds under a known
 * number is something else, Redis has lost data since, and the queue must be rebuilt.
 */
import { createHash } from "node:crypto";
import type { Database, Queryable } from "../platform/postgres.ts";
import type { StreamEntry } from "./line-store.ts";

export type JournalKind =
  | "join"
  | "freeze"
  | "draw"
  | "drawn"
  | "admit"
  | "claim"
  | "defer"
  | "return"
  | "leave"
  | "remove"
  | "readmit"
  | "expire"
  | "end"
  | "rate"
  | "configure";

export interface JournalEntry {
  readonly number: number;
  /** The tick that did it, or for what happens between ticks the last one before. */
  readonly tick: number;
  readonly atMicros: number;
  readonly kind: JournalKind;
  readonly userId: string | null;
  readonly ticketId: string | null;
  readonly sequence: number | null;
  readonly lane: number | null;
  /** JSON text, exactly as it was written: the hash covers it. */
  readonly data: string;
}

/** What a tick tells the gateways, as lua/tick.lua writes it. */
export interface TickSummary {
  readonly tick: number;
  /** Of the last journal entry when it ended. */
  readonly number: number;
  /** Microseconds. */
  readonly at: number;
  readonly phase: string;
  readonly limitedBy: string;
  readonly waiting: number;
  readonly deferred: number;
  readonly active: number;
  /** -1 when the projection's numbers are too old to be told. */
  readonly available: number;
  readonly held: number;
  /** Lane, then the sequences that left its line, each as the difference to the one before. */
  readonly gone: readonly (readonly [number, readonly number[]])[];
  /** It ended a draw: since the tick before, others have come into the line ahead of those who stood there. */
  readonly drawn?: true;
}

export interface Batch {
  readonly entries: readonly JournalEntry[];
  readonly ticks: readonly TickSummary[];
  /** Stream entries below this id may be forgotten once the batch is committed. */
  readonly trimBefore: string;
}

/** Parses stream entries: events have the id `<number>-0`, ticks `<last number>-<tick>`. */
export function parseEntries(entries: readonly StreamEntry[], lastTick: number): Batch {
  const journal: JournalEntry[] = [];
  const ticks: TickSummary[] = [];
  let tick = lastTick;
  for (const { id, line } of entries) {
    const number = Number(id.split("-")[0]);
    if (line.startsWith("tick|")) {
      const summary = { ...(JSON.parse(line.slice("tick|".length)) as TickSummary), number };
      ticks.push(summary);
      tick = summary.tick;
    } else {
      journal.push(parseEvent(number, line, tick));
    }
  }
  const [number = "0", sub = "0"] = (entries.at(-1)?.id ?? "0-0").split("-");
  return { entries: journal, ticks, trimBefore: `${number}-${Number(sub) + 1}` };
}

function parseEvent(number: number, line: string, lastTick: number): JournalEntry {
  const [kind = "", at = "", userId = "", ticketId = "", sequence = "", lane = "", tick = ""] = line.split(
    "|",
    7,
  );
  // Data is JSON and may contain the separator, so it is whatever follows the seventh one.
  const data = line.slice([kind, at, userId, ticketId, sequence, lane, tick].join("|").length + 1);
  return {
    number,
    tick: tick === "" ? lastTick : Number(tick),
    atMicros: Number(at),
    kind: kind as JournalKind,
    userId: userId || null,
    ticketId: ticketId || null,
    sequence: sequence === "" ? null : Number(sequence),
    lane: lane === "" ? null : Number(lane),
    data,
  };
}

/** The chain: each hash covers the one before and every field of its row. */
export function chainHash(previous: Buffer, epoch: number, entry: JournalEntry): Buffer {
  const { number, tick, atMicros, kind, userId, ticketId, sequence, lane, data } = entry;
  const text = [
    number,
    epoch,
    tick,
    atMicros,
    kind,
    userId ?? "",
    ticketId ?? "",
    sequence ?? "",
    lane ?? "",
    data,
  ].join("|");
  return createHash("sha256").update(previous).update(text).digest();
}

export interface JournalPosition {
  readonly epoch: number;
  readonly tick: number;
  readonly tickMicros: number;
  readonly length: number;
  readonly head: Buffer;
}

/**
 * Appends a batch if the journal still stands where the caller thinks.
 * @returns the new position, or null when it stands elsewhere.
 */
export async function appendBatch(
  db: Database,
  queueId: string,
  position: JournalPosition,
  batch: Batch,
): Promise<JournalPosition | null> {
  let head = position.head;
  const hashes = batch.entries.map((entry) => {
    head = chainHash(head, position.epoch, entry);
    return head;
  });
  const lastTick = batch.ticks.at(-1);
  const next: JournalPosition = {
    epoch: position.epoch,
    tick: lastTick?.tick ?? position.tick,
    tickMicros: lastTick?.at ?? position.tickMicros,
    length: position.length + batch.entries.length,
    head,
  };
  // pg sends an array as one parameter; knex's types only know scalars.
  const array = (values: readonly unknown[]) => values as unknown as string[];
  const column = (name: keyof JournalEntry) => array(batch.entries.map((entry) => entry[name]));
  // One statement, so that rows and position are committed together in one round trip.
  const result = await db.raw(
    `WITH moved AS (
       UPDATE queues SET tick = ?, tick_micros = ?, journal_length = ?, journal_head = ?
       WHERE id = ? AND epoch = ? AND tick = ? AND journal_length = ? RETURNING id
     ), added AS (
       INSERT INTO queue_journal
         (queue_id, number, epoch, tick, at_micros, kind, user_id, ticket_id, sequence, lane, data, hash)
       SELECT moved.id, entry.number, ?, entry.tick, entry.at, entry.kind, entry.user_id, entry.ticket_id,
              entry.sequence, entry.lane, entry.data::json, entry.hash
       FROM moved, unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::text[], ?::uuid[], ?::uuid[], ?::bigint[],
                          ?::smallint[], ?::text[], ?::bytea[])
         AS entry (number, tick, at, kind, user_id, ticket_id, sequence, lane, data, hash)
     )
     SELECT count(*)::int AS moved FROM moved`,
    [
      next.tick,
      next.tickMicros,
      next.length,
      next.head,
      queueId,
      position.epoch,
      position.tick,
      position.length,
      position.epoch,
      column("number"),
      column("tick"),
      column("atMicros"),
      column("kind"),
      column("userId"),
      column("ticketId"),
      column("sequence"),
      column("lane"),
      column("data"),
      array(hashes),
    ],
  );
  return result.rows[0].moved === 1 ? next : null;
}

/** Whether these entries stand in the journal word for word: a repetition, not another history. */
export async function isRepetition(
  db: Database,
  queueId: string,
  entries: readonly JournalEntry[],
): Promise<boolean> {
  if (entries.length === 0) return true;
  const rows = await db("queue_journal")
    .where({ queue_id: queueId })
    .whereIn(
      "number",
      entries.map((entry) => entry.number),
    )
    .select("number", "at_micros", "kind", "ticket_id");
  const known = new Map(rows.map((row) => [row.number as number, row]));
  return entries.every((entry) => {
    const row = known.get(entry.number);
    return (
      row && row.at_micros === entry.atMicros && row.kind === entry.kind && row.ticket_id === entry.ticketId
    );
  });
}

/** Reads a queue's journal in order, in batches, so that its length does not matter. */
export async function* readJournal(
  db: Queryable,
  queueId: string,
  batchSize = 5_000,
): AsyncGenerator<JournalEntry & { readonly epoch: number; readonly hash: Buffer }> {
  for (let after = 0; ; ) {
    const rows = await db("queue_journal")
      .where({ queue_id: queueId })
      .where("number", ">", after)
      .orderBy("number")
      .limit(batchSize)
      .select({
        number: "number",
        epoch: "epoch",
        tick: "tick",
        atMicros: "at_micros",
        kind: "kind",
        userId: "user_id",
        ticketId: "ticket_id",
        sequence: "sequence",
        lane: "lane",
        data: db.raw("data::text"),
        hash: "hash",
      });
    yield* rows;
    if (rows.length < batchSize) return;
    after = rows.at(-1).number;
  }
}

/** The account that joined with a ticket, or null. */
export async function findJoin(db: Database, queueId: string, ticketId: string): Promise<string | null> {
  const row = await db("queue_journal")
    .where({ queue_id: queueId, ticket_id: ticketId, kind: "join" })
    .first("user_id");
  return row?.user_id ?? null;
}

/** Counts of a kind since a time, for the operator's figures. */
export async function countSince(
  db: Database,
  queueId: string,
  kinds: readonly JournalKind[],
  sinceMicros: number,
): Promise<Partial<Record<JournalKind, number>>> {
  const rows = await db("queue_journal")
    .where({ queue_id: queueId })
    .whereIn("kind", kinds)
    .where("at_micros", ">", sinceMicros)
    .groupBy("kind")
    .select("kind", db.raw("count(*)::int AS count"));
  return Object.fromEntries(rows.map((row) => [row.kind, row.count]));
}
