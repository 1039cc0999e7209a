/**
 * The journaller: takes what the scripts wrote, commits it to the journal, and only then lets it be known.
 *
 * One process journals a queue, the one that holds its advisory lock; should two believe so, the journal's own
 * position fences the slower one off. What is committed twice is known by its numbers. What contradicts the journal,
 * lacks what the journal has, or lacks what this process has seen of it, is a Redis that lost data: the queue is
 * rebuilt.
 */
import type { Logger } from "../platform/logger.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Database } from "../platform/postgres.ts";
import { Code } from "./codes.ts";
import { appendBatch, type Batch, isRepetition, type JournalPosition, parseEntries } from "./journal.ts";
import type { LineStore, TickAnswer } from "./line-store.ts";
import type { CommittedMessage } from "./local-line.ts";
import { readQueue } from "./queue-store.ts";
import { type LiveHold, rebuild } from "./rebuild.ts";

export interface JournallerDeps {
  readonly db: Database;
  readonly store: LineStore;
  readonly log: Logger;
  readonly metrics: Metrics;
  liveHolds(performanceId: string): Promise<readonly LiveHold[]>;
  /** Hears of every batch that this process committed. */
  onCommitted(queueId: string, batch: Batch): void;
}

export interface Journaller {
  /**
   * Brings the journal up to what Redis holds, or Redis back to what the journal holds. The caller has the lock.
   * @param answer what the queue said at its last tick.
   */
  follow(queueId: string, answer: TickAnswer): Promise<void>;
  /** Forgets where a queue's journal stood. */
  forget(queueId: string): void;
}

interface Loss {
  readonly why: string;
  /** The last one in which the queue was seen in Redis, 0 for none. A queue in a later one has been loaded since. */
  readonly epoch: number;
}

const BATCH = 2_000;
/** Batches in one go before a queue is made anew; it has 500,000 entries at most. */
const MOST_DRAINED = 300;
/** Ticks closer together than this are skipped, so asking again costs no tick. */
const ASK_AGAIN_MS = 100;

export function createJournaller(deps: JournallerDeps): Journaller {
  const { db, store, log, metrics } = deps;
  const positions = new Map<string, JournalPosition>();
  /** How far each queue had come when it last answered, committed or not. */
  const reached = new Map<string, TickAnswer>();
  /** Queues whose loss is known and not made good yet: their Redis may run on and look whole again. */
  const lost = new Map<string, Loss>();

  async function follow(queueId: string, answer: TickAnswer): Promise<void> {
    const loss = lost.get(queueId) ?? (await lossIn(queueId, answer));
    if (loss === null) {
      let more = true;
      while (more) more = await commitBatch(queueId, answer.epoch);
      return;
    }
    if (answer.code === Code.rebuilding && answer.epoch === loss.epoch) await drain(queueId, loss.epoch);
    await restore(queueId, loss);
  }

  /** What was done in a Redis that lacks only moments since it lost them is good, and in no journal yet. */
  async function drain(queueId: string, epoch: number): Promise<void> {
    for (let left = MOST_DRAINED; (await store.pending(queueId, 1)).length > 0; left -= 1) {
      if (left === 0) throw new Error("what is left of the queue could not be journalled");
      await commitBatch(queueId, epoch);
    }
  }

  async function positionOf(queueId: string): Promise<JournalPosition | null> {
    const known = positions.get(queueId) ?? (await readPosition(db, queueId));
    if (known) positions.set(queueId, known);
    return known;
  }

  /** @returns what is missing, or null. */
  async function lossIn(queueId: string, answer: TickAnswer): Promise<Loss | null> {
    const before = reached.get(queueId);
    if (answer.code === Code.rebuilding) {
      return answer.epoch > 0
        ? { why: "Redis lacks a ticket that was given out", epoch: answer.epoch }
        : { why: "the queue is not in Redis", epoch: before?.epoch ?? 0 };
    }
    const position = await positionOf(queueId);
    const lacks = ({ tick, number, epoch }: TickAnswer) =>
      (position !== null && (tick < position.tick || number < position.length)) ||
      (before?.epoch === epoch && (tick < before.tick || number < before.number));
    if (!lacks(answer)) {
      reached.set(queueId, answer);
      return null;
    }
    // Asked again, since the position may have been read after the answer was given.
    const again = await store.tick(queueId, ASK_AGAIN_MS);
    return again.code !== Code.rebuilding && lacks(again)
      ? { why: "Redis lacks what it had", epoch: again.epoch }
      : null;
  }

  /**
   * @param epoch of the queue in Redis.
   * @returns whether there may be more.
   */
  async function commitBatch(queueId: string, epoch: number): Promise<boolean> {
    const entries = await store.pending(queueId, BATCH);
    if (entries.length === 0) return false;
    const wasKnown = positions.has(queueId);
    const position = await positionOf(queueId);
    if (!position) return false;
    const startedAt = performance.now();
    const batch = parseEntries(entries, position.tick);
    const fresh = await unknownPart(db, queueId, position, batch);
    if (fresh === null) {
      positions.delete(queueId);
      // A position remembered from before another process journalled for a while proves nothing.
      if (wasKnown) return true;
      await restore(queueId, { why: "Redis tells another history than the journal", epoch });
      return false;
    }
    const next = await appendBatch(db, queueId, position, fresh);
    if (!next) {
      // Another process moved the journal on, or this one was cut off after a commit: look again at the next tick.
      positions.delete(queueId);
      return false;
    }
    metrics.queue.journalSeconds.observe((performance.now() - startedAt) / 1_000);
    positions.set(queueId, next);
    deps.onCommitted(queueId, fresh);
    const code = await publish(queueId, next, batch);
    if (code === Code.stale)
      await restore(queueId, { why: "Redis is at another epoch than the journal", epoch });
    return code === Code.ok && entries.length === BATCH;
  }

  async function publish(queueId: string, position: JournalPosition, batch: Batch): Promise<Code> {
    const admissions = batch.entries.filter(({ kind }) => kind === "admit");
    return store.committed(queueId, {
      epoch: position.epoch,
      number: position.length,
      trimBefore: batch.trimBefore,
      head: position.head.toString("hex"),
      message: messageOf(position, batch),
      admitted: admissions.map(({ userId }) => userId ?? ""),
      oldestAdmission: admissions[0]?.atMicros ?? 0,
    });
  }

  async function restore(queueId: string, loss: Loss): Promise<void> {
    lost.set(queueId, loss);
    positions.delete(queueId);
    const row = await rebuild(db, store, queueId, loss.epoch, deps.liveHolds);
    lost.delete(queueId);
    // Somebody else has loaded the queue, or is about to: what it lacks then, the next ticks tell.
    if (!row) return;
    reached.delete(queueId);
    if (row.epoch > 1) {
      metrics.queue.rebuilds.inc();
      log.warn("queue rebuilt from its journal", { queueId, epoch: row.epoch, why: loss.why });
    }
    // Gateways read all ranks again when they hear of a new epoch.
    const { epoch, journalLength: number, journalHead } = row;
    const told: CommittedMessage = { epoch, number, after: number, ticks: [], changes: [] };
    await store.committed(queueId, {
      epoch,
      number,
      trimBefore: "0-1",
      head: journalHead.toString("hex"),
      message: JSON.stringify(told),
      admitted: [],
      oldestAdmission: 0,
    });
  }

  return {
    follow,
    forget(queueId) {
      positions.delete(queueId);
      reached.delete(queueId);
      lost.delete(queueId);
    },
  };
}

async function readPosition(db: Database, queueId: string): Promise<JournalPosition | null> {
  const row = await readQueue(db, queueId);
  if (!row) return null;
  const { epoch, tick, tickMicros, journalLength: length, journalHead: head } = row;
  return { epoch, tick, tickMicros, length, head };
}

/**
 * The part of a batch that the journal does not hold yet.
 * @returns null when the batch contradicts the journal: Redis lost data after it was journalled.
 */
async function unknownPart(
  db: Database,
  queueId: string,
  position: JournalPosition,
  batch: Batch,
): Promise<Batch | null> {
  const known = batch.entries.filter((entry) => entry.number <= position.length);
  const entries = batch.entries.filter((entry) => entry.number > position.length);
  const ticks = batch.ticks.filter(({ tick }) => tick > position.tick);
  for (const { tick, at } of batch.ticks) {
    if (tick < position.tick && at >= position.tickMicros) return null;
    if (tick === position.tick && at !== position.tickMicros) return null;
  }
  if (entries.some((entry, index) => entry.number !== position.length + 1 + index)) return null;
  if (ticks.some(({ tick, number }, index) => tick !== position.tick + 1 + index || number < position.length))
    return null;
  if (!(await isRepetition(db, queueId, known))) return null;
  return { entries, ticks, trimBefore: batch.trimBefore };
}

function messageOf(position: JournalPosition, batch: Batch): string {
  const changes = batch.entries
    .filter(({ kind }) => kind !== "join")
    .map(({ kind, userId, ticketId, sequence, lane, data }) => [
      kind,
      userId ?? "",
      ticketId ?? "",
      sequence ?? 0,
      lane ?? 0,
      data,
    ]) as unknown as CommittedMessage["changes"];
  // Joins are told to nobody, but their numbers are: a gap in the numbers says that something was missed.
  if (batch.entries.length === 0 && batch.ticks.length === 0) return "";
  const told: CommittedMessage = {
    epoch: position.epoch,
    number: position.length,
    after: (batch.entries[0]?.number ?? position.length + 1) - 1,
    ticks: batch.ticks,
    changes,
  };
  return JSON.stringify(told);
}
