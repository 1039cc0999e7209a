/**
 * Makes the queue in Redis from its journal: after a loss, and, from an empty journal, at its birth.
 *
 * The epoch is raised first, so that nobody can append to the journal what this does not read. The state hash is
 * written last: as long as it is absent every script refuses, so nobody sees half a queue. The caller holds the
 * queue's advisory lock; should it be lost meanwhile, the token sees to it that two rebuildings do not mix. What the
 * caller knows of the loss may be old: a queue that has been loaded since is in a later epoch, and left alone.
 */
import { randomUUID } from "node:crypto";
import type { Queryable } from "../platform/postgres.ts";
import { applyRow, settingsForScripts } from "./controls.ts";
import { type Folded, foldJournal, type Place } from "./fold.ts";
import { readJournal } from "./journal.ts";
import { LANES } from "./keys.ts";
import type { LaneCode } from "./lanes.ts";
import type { LineStore, LoadCommand } from "./line-store.ts";
import { type QueueRow, raiseEpoch, readCodes, readQueue } from "./queue-store.ts";
import type { QueueSettings } from "./settings.ts";
import { isLive } from "./view.ts";

const CELL_MICROS = 100_000;
const COMMANDS_A_SCRIPT = 1_000;
/** How long after a loss nobody is admitted: gateways say again whom they see, lost joins are handed in. */
const RECOVERY_MICROS = 3_000_000;

/** A fan inside whose reservations keep the slot open longer than the session. */
export interface LiveHold {
  readonly userId: string;
  readonly until: Date;
}

/**
 * Loads the queue into Redis under a new epoch.
 * @param lostEpoch the last epoch in which the queue was seen in Redis, 0 for none.
 * @param liveHolds asked once, for those inside whose holds outlast their session.
 * @returns the row it was built from, with the new epoch; null when there is no such queue, when it has been
 * loaded meanwhile, or when another rebuilding has begun since.
 */
export async function rebuild(
  db: Queryable,
  store: LineStore,
  queueId: string,
  lostEpoch: number,
  liveHolds: (performanceId: string) => Promise<readonly LiveHold[]>,
): Promise<QueueRow | null> {
  const before = await readQueue(db, queueId);
  if (!before) return null;
  const token = randomUUID();
  if (!(await store.beginRebuild(queueId, token, lostEpoch))) return null;
  const epoch = await raiseEpoch(db, queueId, lostEpoch);
  const folded = await foldJournal(readJournal(db, queueId));
  // Never behind what was journalled: the clock of a new Redis may be.
  const nowMicros = Math.max(await store.time(queueId), folded.lastAt, before.tickMicros);
  const recoverUntil = folded.places.size > 0 ? nowMicros + RECOVERY_MICROS : 0;
  const holds = new Map((await liveHolds(before.performanceId)).map((hold) => [hold.userId, hold.until]));
  const codes = await readCodes(db, queueId);
  for (const chunk of chunks([
    ...placeCommands(folded, before.settings, epoch, holds, Math.max(nowMicros, recoverUntil)),
    ...paceCommands(folded),
    ...codeCommands(codes, folded.codeUses),
  ])) {
    if (!(await store.load(queueId, token, chunk, false))) return null;
  }
  // Read again: a change made meanwhile must not be overwritten by what was read before it.
  const row = await readQueue(db, queueId);
  if (!row) return null;
  if (!(await store.load(queueId, token, stateCommands(row, folded, nowMicros, recoverUntil), true)))
    return null;
  await applyRow(db, store, row, epoch === 1 ? "created" : "rebuilt");
  return row;
}

/** @param clocksFrom running clocks start anew from then: nobody may lose a turn to our outage. */
function* placeCommands(
  folded: Folded,
  settings: QueueSettings,
  epoch: number,
  holds: ReadonlyMap<string, Date>,
  clocksFrom: number,
): Generator<LoadCommand> {
  for (const [userId, place] of folded.places) {
    const { ticketId, sequence, state, lane, fence, number, ends, allowedMicros } = place;
    const grace = Math.max(allowedMicros, settings.graceSeconds * 1_000_000);
    const tail = state === "D" ? clocksFrom + grace : state === "R" ? grace : state === "I" ? ends : 0;
    // An ended ticket keeps the epoch it ended in: what its account had before that never comes back.
    const packed = [ticketId, sequence, state, lane, isLive(state) ? epoch : place.epoch];
    if (fence > 0 || tail > 0) packed.push(fence, number, tail, flagsOf(place));
    yield ["HSET", "tickets", userId, packed.join("|")];
    if (state === "D") yield ["ZADD", "deferred", tail, userId];
    else if (state === "A")
      yield [
        "ZADD",
        "arriving",
        clocksFrom + Math.max(allowedMicros, settings.arrivalSeconds * 1_000_000),
        userId,
      ];
    else if (state === "I") yield* insideCommands(userId, place, holds.get(userId));
    else if (state === "W" && place.isLate) yield ["ZADD", "late", sequence, `${lane}:${userId}`];
    else if (state === "W") yield ["ZADD", `line${lane % LANES}`, sequence, userId];
    else if (state === "L") yield ["SADD", "lobby", userId];
    else if (state === "R") yield ["ZADD", "returned", sequence, userId];
  }
}

/**
 * Which pages received an admission, and the last claims, are lost with Redis. Whoever may have used a turn must not
 * get a second one, so none from before the loss is forgiven: its time to arrive begins anew instead.
 */
function flagsOf({ wasForgiven, state }: Place): string {
  if (wasForgiven) return "u";
  return state === "A" ? "k" : "";
}

function* insideCommands(
  userId: string,
  { ends }: Place,
  holdUntil: Date | undefined,
): Generator<LoadCommand> {
  const until = (holdUntil?.getTime() ?? 0) * 1_000;
  yield ["ZADD", "active", Math.max(ends, until), userId];
  if (until > 0) yield ["SADD", "holding", userId];
}

function* paceCommands({ marks }: Folded): Generator<LoadCommand> {
  for (const [key, kind] of [
    ["pace", "admitted"],
    ["given", "given"],
  ] as const) {
    const cells = new Map<number, number>();
    for (const mark of marks) {
      const cell = Math.floor(mark.at / CELL_MICROS);
      if (mark.kind === kind) cells.set(cell, (cells.get(cell) ?? 0) + 1);
    }
    for (const [cell, count] of [...cells].sort(([a], [b]) => a - b))
      yield ["RPUSH", key, `${cell}:${count}`];
  }
}

function* codeCommands(
  codes: readonly LaneCode[],
  used: ReadonlyMap<string, number>,
): Generator<LoadCommand> {
  for (const { hash, lane, uses } of codes) {
    yield ["HSET", "codes", hash, `${lane}:${Math.max(0, uses - (used.get(hash) ?? 0))}`];
  }
}

function stateCommands(
  row: QueueRow,
  folded: Folded,
  nowMicros: number,
  recoverUntil: number,
): LoadCommand[] {
  const { totals, marks } = folded;
  const state: Record<string, number | string> = {
    epoch: row.epoch,
    fence: folded.fence,
    tick: row.tick,
    tickAt: row.tickMicros || nowMicros,
    tickStamp: row.tickMicros,
    clock: nowMicros,
    createdAt: row.createdAt.getTime() * 1_000,
    lastSequence: folded.lastSequence,
    rebuiltTo: folded.lastSequence,
    autoRate: folded.autoRate,
    drawing: folded.drawing,
    drawLoaded: 0,
    opened: folded.opened ? 1 : 0,
    recoverUntil,
    eventNumber: row.journalLength,
    journalled: row.journalLength,
    journalHead: row.journalHead.toString("hex"),
    // The settings come into force by their own entry of the journal, right after this.
    version: 0,
    paused: row.paused ? 1 : 0,
    pausedAt: row.paused ? nowMicros : 0,
    frozen: 0,
    closed: row.closed ? 1 : 0,
    soldOut: 0,
    bucket: 0,
    bucketAt: folded.places.size > 0 ? nowMicros : 0,
    paceSum: marks.filter(({ kind }) => kind === "admitted").length,
    givenSum: marks.filter(({ kind }) => kind === "given").length,
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

function* chunks(commands: Iterable<LoadCommand>): Generator<LoadCommand[]> {
  let chunk: LoadCommand[] = [];
  for (const command of commands) {
    chunk.push(command);
    if (chunk.length === COMMANDS_A_SCRIPT) {
      yield chunk;
      chunk = [];
    }
  }
  if (chunk.length > 0) yield chunk;
}
