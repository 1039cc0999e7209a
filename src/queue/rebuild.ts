/**
 * Makes the queue in Redis from its journal: after a loss, and, from an empty journal, at its birth.
 *
 * The state hash is written last. As long as it is absent every script refuses, so nobody sees half a queue. The
 * caller holds the queue's advisory lock.
 */
import type { Queryable } from "../platform/postgres.ts";
import { type JournalEntry, readJournal } from "./journal.ts";
import { LANES } from "./keys.ts";
import { type Lane, type LaneCode, sharesForScripts } from "./lanes.ts";
import type { LineStore } from "./line-store.ts";
import { type QueueRow, raiseEpoch, readCodes, readQueue } from "./queue-store.ts";
import type { QueueSettings } from "./settings.ts";
import type { StateLetter } from "./view.ts";

type Command = [string, ...(string | number)[]];

const PACE_WINDOW_MICROS = 60_100_000;
const CELL_MICROS = 100_000;
const COMMANDS_A_PIPELINE = 1_000;

interface Place {
  ticketId: string;
  sequence: number;
  state: StateLetter;
  lane: number;
  fence: number;
  /** Journal number of the admission. */
  number: number;
  /** End of the session, microseconds. */
  ends: number;
}

interface Folded {
  readonly places: Map<string, Place>;
  readonly lastSequence: number;
  readonly fence: number;
  readonly drawn: number;
  readonly totals: { admitted: number; arrived: number; noShow: number; left: number };
  /** How often each code was used, by its hash. */
  readonly codeUses: Map<string, number>;
  /** Times of the admissions that the pace still has to remember. */
  readonly recent: number[];
}

/** What became of each account, from the journal alone. */
export async function foldJournal(entries: AsyncIterable<JournalEntry>, nowMicros: number): Promise<Folded> {
  const places = new Map<string, Place>();
  const totals = { admitted: 0, arrived: 0, noShow: 0, left: 0 };
  const recent: number[] = [];
  const codeUses = new Map<string, number>();
  let lastSequence = 0;
  let fence = 0;
  let drawn = 0;
  for await (const entry of entries) {
    if (entry.userId === null) continue;
    const data = JSON.parse(entry.data) as Record<string, number | string | boolean>;
    if (entry.kind === "join") {
      places.set(entry.userId, newPlace(entry, data.lobby === true ? "L" : "W"));
      lastSequence = Math.max(lastSequence, entry.sequence ?? 0);
      if (typeof data.code === "string") codeUses.set(data.code, (codeUses.get(data.code) ?? 0) + 1);
      continue;
    }
    const place = places.get(entry.userId);
    if (!place || place.ticketId !== entry.ticketId) continue;
    advance(place, entry, data);
    if (entry.kind === "draw") drawn = Math.max(drawn, place.sequence);
    if (entry.kind === "admit") {
      totals.admitted += 1;
      fence = Math.max(fence, place.fence);
      if (entry.atMicros > nowMicros - PACE_WINDOW_MICROS) recent.push(entry.atMicros);
    }
    if (entry.kind === "claim") totals.arrived += 1;
    if (entry.kind === "expire" && data.reason === "no_show") totals.noShow += 1;
    if (entry.kind === "leave" || entry.kind === "remove") totals.left += 1;
  }
  return { places, lastSequence, fence, drawn, totals, codeUses, recent };
}

function newPlace(entry: JournalEntry, state: StateLetter): Place {
  return {
    ticketId: entry.ticketId ?? "",
    sequence: entry.sequence ?? 0,
    state,
    lane: entry.lane ?? 0,
    fence: 0,
    number: 0,
    ends: 0,
  };
}

const AFTER: Partial<Record<JournalEntry["kind"], StateLetter>> = {
  draw: "W",
  admit: "A",
  claim: "I",
  defer: "D",
  return: "R",
  leave: "G",
  readmit: "G",
  remove: "M",
  expire: "X",
  end: "E",
};

function advance(place: Place, entry: JournalEntry, data: Record<string, number | string | boolean>): void {
  place.state = AFTER[entry.kind] ?? place.state;
  if (entry.kind === "draw") place.sequence = entry.sequence ?? place.sequence;
  if (entry.kind === "admit") {
    place.fence = Number(data.fence);
    place.number = entry.number;
  }
  if (entry.kind === "claim") place.ends = Number(data.ends);
}

/** The settings as the scripts read them: times in microseconds, 0 for none. */
export function settingsForScripts(settings: QueueSettings, lanes: readonly Lane[]): Record<string, number> {
  const micros = (instant: string | null) => (instant === null ? 0 : Date.parse(instant) * 1_000);
  return {
    opensAt: micros(settings.opensAt),
    lobbyOpensAt: micros(settings.lobbyOpensAt),
    closesAt: micros(settings.closesAt),
    ratePerMinute: settings.ratePerMinute,
    maxActive: settings.maxActive,
    arrivalMicros: settings.arrivalSeconds * 1_000_000,
    sessionMicros: settings.sessionSeconds * 1_000_000,
    graceMicros: settings.graceSeconds * 1_000_000,
    overbook: settings.overbook,
    ...sharesForScripts(lanes),
  };
}

/** A fan inside whose reservations keep the slot open longer than the session. */
export interface LiveHold {
  readonly userId: string;
  readonly until: Date;
}

/**
 * Loads the queue into Redis under a new epoch.
 * @param liveHolds asked once, for those inside whose holds outlast their session.
 * @returns the row it was built from, with the new epoch.
 */
export async function rebuild(
  db: Queryable,
  store: LineStore,
  queueId: string,
  liveHolds: (performanceId: string) => Promise<readonly LiveHold[]>,
): Promise<QueueRow | null> {
  const before = await readQueue(db, queueId);
  if (!before) return null;
  await store.clear(queueId);
  const nowMicros = await store.time();
  const folded = await foldJournal(readJournal(db, queueId), nowMicros);
  const epoch = await raiseEpoch(db, queueId);
  const holds = new Map((await liveHolds(before.performanceId)).map((hold) => [hold.userId, hold.until]));
  for (const chunk of chunks(placeCommands(folded, before.settings, epoch, holds, nowMicros))) {
    await store.load(queueId, chunk);
  }
  const codes = await readCodes(db, queueId);
  for (const chunk of chunks(codeCommands(codes, folded.codeUses))) await store.load(queueId, chunk);
  // Read again: a change made meanwhile must not be overwritten by what was read before it.
  const row = await readQueue(db, queueId);
  if (!row) return null;
  await store.load(queueId, stateCommands(row, folded, nowMicros));
  return row;
}

function* placeCommands(
  folded: Folded,
  settings: QueueSettings,
  epoch: number,
  holds: ReadonlyMap<string, Date>,
  nowMicros: number,
): Generator<Command> {
  for (const [userId, place] of folded.places) {
    const { ticketId, sequence, state, lane, fence, number, ends } = place;
    // Clocks that were running start anew: nobody may lose a turn to our outage.
    const graceEnds = nowMicros + settings.graceSeconds * 1_000_000;
    const tail = state === "D" || state === "R" ? graceEnds : state === "I" ? ends : 0;
    const packed = [ticketId, sequence, state, lane, epoch];
    if (fence > 0 || tail > 0) packed.push(fence, number, tail, "");
    yield ["HSET", "tickets", userId, packed.join("|")];
    if (state === "W") yield ["ZADD", `line${lane % LANES}`, sequence, userId];
    else if (state === "L") yield ["SADD", "lobby", userId];
    else if (state === "D") yield ["ZADD", "deferred", graceEnds, userId];
    else if (state === "R") yield ["ZADD", "returned", sequence, userId];
    else if (state === "A")
      yield ["ZADD", "arriving", nowMicros + settings.arrivalSeconds * 1_000_000, userId];
    else if (state === "I") {
      const holdUntil = (holds.get(userId)?.getTime() ?? 0) * 1_000;
      yield ["ZADD", "active", Math.max(ends, holdUntil), userId];
      if (holdUntil > 0) yield ["SADD", "holding", userId];
    }
  }
  const cells = new Map<number, number>();
  for (const at of folded.recent) {
    const cell = Math.floor(at / CELL_MICROS);
    cells.set(cell, (cells.get(cell) ?? 0) + 1);
  }
  for (const [cell, count] of [...cells].sort(([a], [b]) => a - b))
    yield ["RPUSH", "pace", `${cell}:${count}`];
}

function* codeCommands(codes: readonly LaneCode[], used: ReadonlyMap<string, number>): Generator<Command> {
  for (const { hash, lane, uses } of codes) {
    yield ["HSET", "codes", hash, `${lane}:${Math.max(0, uses - (used.get(hash) ?? 0))}`];
  }
}

function stateCommands(row: QueueRow, folded: Folded, nowMicros: number): Command[] {
  const { totals } = folded;
  const state: Record<string, number | string> = {
    epoch: row.epoch,
    fence: folded.fence,
    tick: row.tick,
    tickAt: 0,
    clock: Math.max(nowMicros, row.tickMicros),
    createdAt: row.createdAt.getTime() * 1_000,
    lastSequence: folded.lastSequence,
    drawn: folded.drawn,
    eventNumber: row.journalLength,
    journalled: row.journalLength,
    journalHead: row.journalHead.toString("hex"),
    version: row.version,
    paused: row.paused ? 1 : 0,
    pausedAt: row.paused ? nowMicros : 0,
    frozen: 0,
    closed: row.closed ? 1 : 0,
    soldOut: 0,
    bucket: 0,
    bucketAt: folded.places.size > 0 ? nowMicros : 0,
    paceSum: folded.recent.length,
    admittedTotal: totals.admitted,
    arrivedTotal: totals.arrived,
    noShowTotal: totals.noShow,
    leftTotal: totals.left,
  };
  return [
    ["HSET", "settings", ...Object.entries(settingsForScripts(row.settings, row.lanes)).flat()],
    ["HSET", "state", ...Object.entries(state).flat()],
  ];
}

function* chunks(commands: Iterable<Command>): Generator<Command[]> {
  let chunk: Command[] = [];
  for (const command of commands) {
    chunk.push(command);
    if (chunk.length === COMMANDS_A_PIPELINE) {
      yield chunk;
      chunk = [];
    }
  }
  if (chunk.length > 0) yield chunk;
}
