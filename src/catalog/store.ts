/**
 * The catalog's tables: events, performances, sections, seats. Nothing else reads or writes them.
 *
 * Seats are written and read in batches: 50,000 rows at once would hold the event loop for as long as they take
 * to turn into text and back.
 */
import type { Knex } from "knex";
import { v7 } from "uuid";
import type { Database, Queryable, Transaction } from "../platform/postgres.ts";
import type { HallSeats } from "./hall.ts";
import type { Logo, StoredLook } from "./look.ts";
import type { NewEvent, NewPerformance, PerformanceFacts, Section } from "./types.ts";

const SEATS_PER_STATEMENT = 10_000;
/** From here on a performance changes what the planner should think of the table. */
const SEATS_WORTH_ANALYZING = 1_000;

export interface EventRow {
  readonly id: string;
  readonly title: string;
  readonly venue: string;
  readonly description: string | null;
  readonly createdAt: Date;
  readonly look: StoredLook | null;
}

export interface SeatRow {
  readonly ordinal: number;
  readonly id: string;
  readonly sectionId: string;
  readonly rowName: string;
  readonly number: number;
  readonly x: number;
  readonly y: number;
  readonly accessible: boolean;
}

const EVENT_COLUMNS = ["id", "title", "venue", "description", "created_at as createdAt", "look"];

const PERFORMANCE_COLUMNS = [
  "id",
  "event_id as eventId",
  "starts_at as startsAt",
  "currency",
  "hold_seconds as holdSeconds",
  "max_seats_per_fan as maxSeatsPerFan",
  "seat_count as seatCount",
  "queue_id as queueId",
  "layout_version as layoutVersion",
];

const SEAT_COLUMNS = [
  "ordinal",
  "id",
  "section_id as sectionId",
  "row_name as rowName",
  "number",
  "x",
  "y",
  "accessible",
];

export async function insertEvent(trx: Transaction, event: NewEvent): Promise<EventRow> {
  const { title, venue, description = null } = event;
  const [row] = await trx("events").insert({ id: v7(), title, venue, description }).returning(EVENT_COLUMNS);
  return row;
}

/** @returns newest first, those after `beforeId` in that order. */
export function selectEvents(db: Queryable, limit: number, beforeId: string | null): Promise<EventRow[]> {
  const events = db("events").select(EVENT_COLUMNS).orderBy("id", "desc").limit(limit);
  return beforeId === null ? events : events.where("id", "<", beforeId);
}

export async function selectEvent(db: Queryable, eventId: string): Promise<EventRow | null> {
  return (await db("events").select(EVENT_COLUMNS).where({ id: eventId }).first()) ?? null;
}

/** The event, locked until the transaction ends. */
export async function lockEvent(trx: Transaction, eventId: string): Promise<EventRow | null> {
  return (await trx("events").select(EVENT_COLUMNS).where({ id: eventId }).forUpdate().first()) ?? null;
}

export async function updateLook(trx: Transaction, eventId: string, look: StoredLook): Promise<void> {
  await trx("events")
    .where({ id: eventId })
    .update({ look: JSON.stringify(look) });
}

export async function replaceLogo(trx: Transaction, eventId: string, logo: Logo | null): Promise<void> {
  await trx("event_logos").where({ event_id: eventId }).delete();
  if (logo) await trx("event_logos").insert({ event_id: eventId, ...logo });
}

export async function selectLogo(db: Queryable, eventId: string): Promise<Logo | null> {
  return (
    (await db("event_logos").select("type", "digest", "bytes").where({ event_id: eventId }).first()) ?? null
  );
}

export function selectPerformancesOf(
  db: Queryable,
  eventIds: readonly string[],
): Promise<PerformanceFacts[]> {
  return db("performances")
    .select(PERFORMANCE_COLUMNS)
    .whereIn("event_id", eventIds)
    .orderBy(["starts_at", "id"]);
}

export async function selectPerformance(
  db: Queryable,
  performanceId: string,
): Promise<PerformanceFacts | null> {
  return (await db("performances").select(PERFORMANCE_COLUMNS).where({ id: performanceId }).first()) ?? null;
}

export async function selectEventIdOfQueue(db: Queryable, queueId: string): Promise<string | null> {
  const row = await db("performances").select("event_id as eventId").where({ queue_id: queueId }).first();
  return row?.eventId ?? null;
}

/** @returns null when there is no such event. */
export async function insertPerformance(
  trx: Transaction,
  eventId: string,
  input: NewPerformance,
  seatCount: number,
): Promise<PerformanceFacts | null> {
  if (!(await selectEvent(trx, eventId))) return null;
  const [row] = await trx("performances")
    .insert({
      id: v7(),
      event_id: eventId,
      starts_at: input.startsAt,
      currency: input.currency,
      hold_seconds: input.holdSeconds,
      max_seats_per_fan: input.maxSeatsPerFan,
      seat_count: seatCount,
      queue_id: input.queueId,
    })
    .returning(PERFORMANCE_COLUMNS);
  return row;
}

/** @returns the ids of the sections, in the order given. */
export async function insertSections(
  trx: Transaction,
  performanceId: string,
  sections: readonly { readonly name: string; readonly amount: number }[],
): Promise<string[]> {
  const ids = sections.map(() => v7());
  await trx("sections").insert(
    sections.map(({ name, amount }, ordinal) => ({
      id: ids[ordinal],
      performance_id: performanceId,
      ordinal,
      name,
      amount,
    })),
  );
  return ids;
}

export async function insertSeats(
  trx: Transaction,
  performanceId: string,
  sectionIds: readonly string[],
  seats: HallSeats,
): Promise<void> {
  for (let from = 0; from < seats.count; from += SEATS_PER_STATEMENT) {
    const to = Math.min(from + SEATS_PER_STATEMENT, seats.count);
    const part = (column: Uint8Array | Uint16Array | Int32Array) => Array.from(column.subarray(from, to));
    // Positional bindings: knex takes the `:name:` in `:name::uuid` for an identifier.
    await trx.raw(
      `INSERT INTO seats (performance_id, ordinal, id, section_id, row_name, number, x, y, accessible)
       SELECT ?::uuid, ?::int - 1 + seat.position, seat.id, (?::uuid[])[seat.section + 1],
              seat.row_name, seat.number, seat.x, seat.y, seat.accessible = 1
       FROM unnest(?::uuid[], ?::int[], ?::text[], ?::int[], ?::int[], ?::int[], ?::int[])
            WITH ORDINALITY AS seat (id, section, row_name, number, x, y, accessible, position)`,
      [
        performanceId,
        from,
        sectionIds,
        Array.from({ length: to - from }, () => v7()),
        part(seats.section),
        seats.rowName.slice(from, to),
        part(seats.number),
        part(seats.x),
        part(seats.y),
        part(seats.accessible),
      ] as Knex.RawBinding[],
    );
  }
  // A connection keeps the plan of its foreign key checks. One made while the table was a page long reads the whole
  // table, for each of 50,000 rows: a minute instead of a second. ANALYZE makes every connection plan anew.
  if (seats.count >= SEATS_WORTH_ANALYZING) await trx.raw("ANALYZE seats");
}

export function selectSections(db: Database, performanceId: string): Promise<Section[]> {
  return db("sections")
    .select("id", "name", "amount")
    .where({ performance_id: performanceId })
    .orderBy("ordinal");
}

/** The seats in ordinal order, a batch at a time. */
export async function* readSeats(
  db: Database,
  performanceId: string,
  seatCount: number,
): AsyncGenerator<SeatRow[]> {
  for (let from = 0; from < seatCount; from += SEATS_PER_STATEMENT) {
    yield await db("seats")
      .select(SEAT_COLUMNS)
      .where({ performance_id: performanceId })
      .andWhere("ordinal", ">=", from)
      .andWhere("ordinal", "<", from + SEATS_PER_STATEMENT)
      .orderBy("ordinal");
  }
}
