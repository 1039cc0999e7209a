/** What anyone may know of a queue, and what its operator sees: read at most once a second, however many ask. */
import type { Database } from "../platform/postgres.ts";
import { readDraw } from "./draw/draw-store.ts";
import { countSince } from "./journal.ts";
import type { LineStore, Summary } from "./line-store.ts";
import { readHead } from "./log-head.ts";
import { type Notice, type QueueRow, readQueue } from "./queue-store.ts";
import type { QueueSettings } from "./settings.ts";
import type { Phase } from "./view.ts";

export type LimitedBy = "rate" | "capacity" | "seats" | "nobody_waiting" | "paused" | "auto" | "recovering";

export interface QueueStatus {
  readonly id: string;
  readonly performanceId: string;
  readonly phase: Phase;
  readonly epoch: number;
  readonly lobbyOpensAt: string | null;
  readonly opensAt: string;
  readonly closesAt: string | null;
  readonly waiting: number;
  readonly ratePerMinute: number;
  readonly limitedBy: LimitedBy;
  readonly seatsLeft: number | null;
  readonly seatsHeld: number | null;
  readonly notice: Notice | null;
  /** Hashes in hex; null when nothing was committed to. */
  readonly draw: {
    readonly commitment: string;
    readonly root: string | null;
    readonly seed: string | null;
  } | null;
  /** The journal's head, signed: whoever notes it down can later show that nothing before it was altered. */
  readonly logHead: string | null;
}

/** How long a turn is; the same for everybody. */
export interface TurnLength {
  readonly arrivalSeconds: number;
  readonly sessionSeconds: number;
}

export interface QueueStats {
  readonly phase: Phase;
  readonly waiting: number;
  readonly deferred: number;
  readonly active: number;
  readonly admittedTotal: number;
  readonly admittedLastMinute: number;
  readonly arrivedLastMinute: number;
  readonly noShowRatio: number | null;
  readonly leftTotal: number;
  readonly ratePerMinute: number;
  readonly effectiveRatePerMinute: number;
  readonly limitedBy: LimitedBy;
  readonly seats: {
    readonly available: number;
    readonly held: number;
    readonly occupied: number;
    readonly blocked: number;
  } | null;
  readonly etaForNewcomerSeconds: number | null;
}

const CACHE_MS = 1_000;
const CACHE_SIZE = 1_000;
const SEATS_FRESH_MICROS = 10_000_000;
const MINUTE_MICROS = 60_000_000;

export function createStatus(db: Database, store: LineStore) {
  type Facts = { readonly status: QueueStatus; readonly json: string; readonly turn: TurnLength } | null;
  interface Reading {
    readonly at: number;
    readonly facts: Promise<Facts>;
    /** Undefined until it was read. */
    known: Facts | undefined;
  }
  const cache = new Map<string, Reading>();

  /** Null while Redis has nothing of the queue. Of one that ended no worker sees that unless it is told. */
  async function summaryOf({ id, ended }: QueueRow): Promise<Summary | null> {
    const summary = await store.summary(id);
    // Should nobody hear it, the next one who asks tells it again.
    if (!summary && ended) await store.wake(id).catch(() => undefined);
    return summary;
  }

  async function read(queueId: string): Promise<Facts> {
    const row = await readQueue(db, queueId);
    if (!row) return null;
    const summary = await summaryOf(row);
    const fresh = summary !== null && seatsAreFresh(summary);
    const { lobbyOpensAt, opensAt, closesAt, ratePerMinute, arrivalSeconds, sessionSeconds } = row.settings;
    const status: QueueStatus = {
      id: queueId,
      performanceId: row.performanceId,
      phase: (summary?.phase as Phase | undefined) ?? "recovering",
      epoch: row.epoch,
      lobbyOpensAt,
      opensAt,
      closesAt,
      waiting: summary?.waiting ?? 0,
      ratePerMinute,
      limitedBy: limitOf(summary),
      seatsLeft: fresh ? summary.available : null,
      seatsHeld: fresh ? summary.held : null,
      notice: row.notice,
      draw: await readDrawSummary(db, queueId),
      logHead: await readHead(db, queueId),
    };
    return { status, json: JSON.stringify(status), turn: { arrivalSeconds, sessionSeconds } };
  }

  function fresh(queueId: string): Reading {
    const standing = cache.get(queueId);
    if (standing && Date.now() - standing.at < CACHE_MS) return standing;
    if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value as string);
    const reading: Reading = { at: Date.now(), facts: read(queueId), known: undefined };
    cache.set(queueId, reading);
    reading.facts.then(
      (facts) => {
        reading.known = facts;
      },
      () => cache.delete(queueId),
    );
    return reading;
  }

  return {
    /** At most a second old. */
    status: async (queueId: string): Promise<QueueStatus | null> =>
      (await fresh(queueId).facts)?.status ?? null,
    turn: async (queueId: string): Promise<TurnLength | null> => (await fresh(queueId).facts)?.turn ?? null,
    /** The status as JSON text; no promise while it is in memory, which it is for all but one request a second. */
    statusJson(queueId: string): string | null | Promise<string | null> {
      const { known, facts } = fresh(queueId);
      return known === undefined ? facts.then((read) => read?.json ?? null) : (known?.json ?? null);
    },

    async stats(queueId: string): Promise<QueueStats | null> {
      const row = await readQueue(db, queueId);
      if (!row) return null;
      const summary = await summaryOf(row);
      const since = (summary?.nowMicros ?? Date.now() * 1_000) - MINUTE_MICROS;
      const lastMinute = await countSince(db, queueId, ["admit", "claim"], since);
      return toStats(row, summary, lastMinute.admit ?? 0, lastMinute.claim ?? 0);
    },
  };
}

function toStats(row: QueueRow, summary: Summary | null, admitted: number, arrived: number): QueueStats {
  const { ratePerMinute } = row.settings;
  const decided = (summary?.arrivedTotal ?? 0) + (summary?.noShowTotal ?? 0);
  return {
    phase: (summary?.phase as Phase | undefined) ?? "recovering",
    waiting: summary?.waiting ?? 0,
    deferred: summary?.deferred ?? 0,
    active: (summary?.arriving ?? 0) + (summary?.inside ?? 0),
    admittedTotal: summary?.admittedTotal ?? 0,
    admittedLastMinute: admitted,
    arrivedLastMinute: arrived,
    noShowRatio: decided > 0 ? (summary?.noShowTotal ?? 0) / decided : null,
    leftTotal: summary?.leftTotal ?? 0,
    ratePerMinute,
    effectiveRatePerMinute: rateInForce(row.settings, summary),
    limitedBy: limitOf(summary),
    seats: summary && seatsAreFresh(summary) ? seatCounts(summary) : null,
    etaForNewcomerSeconds: summary ? newcomerWait(summary, admitted) : null,
  };
}

async function readDrawSummary(db: Database, queueId: string): Promise<QueueStatus["draw"]> {
  const draw = await readDraw(db, queueId);
  if (!draw) return null;
  const { commitment, root, seed } = draw;
  return {
    commitment: commitment.toString("hex"),
    root: root?.toString("hex") ?? null,
    seed: seed?.toString("hex") ?? null,
  };
}

function rateInForce(settings: QueueSettings, summary: Summary | null): number {
  const { mode, ratePerMinute, minRatePerMinute, maxRatePerMinute } = settings;
  if (mode === "fixed") return ratePerMinute;
  return Math.min(maxRatePerMinute, Math.max(minRatePerMinute, summary?.autoRate || ratePerMinute));
}

/** From the last minute's admissions alone: an operator's figure, not a promise to a fan. */
function newcomerWait(summary: Summary, admittedLastMinute: number): number | null {
  if (summary.waiting === 0) return 0;
  return admittedLastMinute > 0 ? Math.round((summary.waiting * 60) / admittedLastMinute) : null;
}

function seatsAreFresh(summary: Summary): boolean {
  return summary.seatsMicros > 0 && summary.nowMicros - summary.seatsMicros <= SEATS_FRESH_MICROS;
}

function seatCounts({ available, held, occupied, blocked }: Summary) {
  return { available, held, occupied, blocked };
}

/** What holds admissions back now; before the first tick, nobody waits. */
function limitOf(summary: Summary | null): LimitedBy {
  if (!summary) return "recovering";
  if (summary.phase === "paused") return "paused";
  // The tick's word of before a resume.
  if (summary.limitedBy === "paused") return "nobody_waiting";
  return (summary.limitedBy || "nobody_waiting") as LimitedBy;
}
