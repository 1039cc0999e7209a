/**
 * Holding seats: pass, slot, lock, one transaction, unlock, and only then everything that is told to others.
 *
 * The lock sheds load and decides nothing. The transaction locks the fan, then lapsed reservations by id, then
 * seats by ordinal, reads the clock once, and takes the seats by a versioned UPDATE whose row count must match.
 * It is at most eight statements, whatever the number of seats.
 */
import { v7 } from "uuid";
import { Problem } from "../platform/errors.ts";
import { isDatabaseAway, sqlState, type Transaction } from "../platform/postgres.ts";
import { transact, transactClaiming } from "../platform/transact.ts";
import type { BestAvailable } from "./best-available.ts";
import type { IdempotencyClaim, Replay, StoredReply } from "./idempotency.ts";
import type { Parts } from "./parts.ts";
import { createPicker } from "./pick.ts";
import type { AdmissionPort, PerformanceFacts, SeatMap } from "./ports.ts";
import type { SeatStatus } from "./seat-status.ts";
import type { Ended, ReservationRecord, SeatState } from "./store.ts";
import { holdReply, viewOf } from "./views.ts";

export interface HoldRequest {
  readonly userId: string;
  readonly performanceId: string;
  /** The `Queue-Pass` header. */
  readonly pass: string | undefined;
  readonly wanted: { readonly seatIds: readonly string[] } | { readonly bestAvailable: BestAvailable };
  readonly claim: IdempotencyClaim | null;
}

export interface SeatReport {
  readonly id: string;
  readonly ordinal: number;
  readonly state: SeatStatus;
}

export type HoldRefusal =
  | { readonly ok: false; readonly reason: "SEAT_TAKEN"; readonly seats: readonly SeatReport[] }
  | {
      readonly ok: false;
      readonly reason: "VALIDATION_FAILED";
      readonly path: string;
      readonly message: string;
    }
  | {
      readonly ok: false;
      readonly reason:
        | "NOT_FOUND"
        | "PASS_REQUIRED"
        | "PASS_EXPIRED"
        | "PASS_REVOKED"
        | "SEAT_CONTENDED"
        | "SEAT_LIMIT"
        | "NO_ADJACENT_SEATS"
        | "IDEMPOTENCY_IN_PROGRESS"
        | "IDEMPOTENCY_MISMATCH";
    };

export type HoldOutcome =
  | { readonly ok: true; readonly reply: StoredReply; readonly replayed: boolean }
  | HoldRefusal;

/** What stays the same over the attempts of one hold. */
export interface HoldInProgress {
  readonly facts: PerformanceFacts;
  readonly map: SeatMap;
  readonly userId: string;
  readonly ticketId: string;
  readonly claim: IdempotencyClaim | null;
}

/** Chooses and locks the seats inside the transaction; the lapsed are locked already. */
export type LockSeats = (
  trx: Transaction,
  lapsed: readonly { id: string; version: number }[],
) => Promise<LockedSeats | null>;
export interface LockedSeats {
  readonly seats: readonly SeatState[];
  readonly now: Date;
}

/** TAKEN is told before the seats' states are known: they are read once the transaction is over. */
export type AttemptOutcome =
  | {
      readonly ok: true;
      readonly record: ReservationRecord;
      readonly reply: StoredReply;
      readonly ended: readonly Ended[];
      readonly liveUntil: Date;
    }
  | {
      readonly ok: false;
      readonly reason: "TAKEN" | "NONE_FREE" | "SEAT_CONTENDED" | "SEAT_LIMIT" | "IDEMPOTENCY_IN_PROGRESS";
    };

const LOCK_TTL_MS = 5_000;
/** A transaction is not begun under a lock that may end before it does. */
const LEAST_REMAINING_MS = 1_000;
const UNIQUE_VIOLATION = "23505";

export function createHold(parts: Parts) {
  const {
    db,
    log,
    metrics,
    locks,
    catalog,
    admission,
    codeKey,
    store,
    idempotency,
    announcements,
    releases,
  } = parts;

  async function hold(request: HoldRequest): Promise<HoldOutcome> {
    const outcome = toOutcome(await idempotency.once(request.claim, db, () => admitted(request)));
    metrics.outcomes.inc({
      outcome: outcome.ok ? (outcome.replayed ? "replayed" : "held") : outcome.reason.toLowerCase(),
    });
    return outcome;
  }

  async function admitted(request: HoldRequest): Promise<HoldOutcome> {
    const { performanceId, userId, wanted } = request;
    const [facts, map] = await Promise.all([catalog.facts(performanceId), catalog.seatMap(performanceId)]);
    if (!facts || !map) return { ok: false, reason: "NOT_FOUND" };
    const pass = checkPass(admission, request);
    if (!pass.ok) return pass;
    const seats =
      "seatIds" in wanted ? toOrdinals(map, wanted.seatIds) : checkBest(map, wanted.bestAvailable);
    if (!seats.ok) return seats;
    if (seats.quantity > facts.maxSeatsPerFan) return { ok: false, reason: "SEAT_LIMIT" };
    const { ticketId, fence } = pass;
    const slot = await admission.useSlot({
      queueId: facts.queueId,
      userId,
      ticketId,
      fence,
      holdSeconds: facts.holdSeconds,
    });
    if (!slot.ok) return slot;
    const progress: HoldInProgress = { facts, map, userId, ticketId, claim: request.claim };
    return "seatIds" in wanted
      ? holdNamed(progress, seats.ordinals)
      : picker.holdBest(progress, wanted.bestAvailable);
  }

  async function holdNamed(progress: HoldInProgress, ordinals: readonly number[]): Promise<HoldOutcome> {
    const { id: performanceId } = progress.facts;
    const locked = await locks.acquire(
      ordinals.map((ordinal) => `{perf:${performanceId}}:lock:seat:${ordinal}`),
      LOCK_TTL_MS,
    );
    if (!locked.ok) return { ok: false, reason: "SEAT_CONTENDED" };
    const { lease } = locked;
    let outcome: AttemptOutcome;
    try {
      const lockNamed: LockSeats = async (trx, lapsed) => {
        if (lease.remainingMs() < LEAST_REMAINING_MS) return null;
        return store.lockSeats(trx, performanceId, ordinals, lapsed);
      };
      outcome = await attempt(progress, ordinals, lockNamed);
    } finally {
      await lease.release();
    }
    return conclude(progress, ordinals, outcome);
  }

  /** The transaction. @param named the seats asked for by name; empty when `lockSeats` chooses them. */
  async function attempt(
    progress: HoldInProgress,
    named: readonly number[],
    lockSeats: LockSeats,
  ): Promise<AttemptOutcome> {
    const { facts, userId, claim } = progress;
    const id = v7();
    try {
      return await transactClaiming<AttemptOutcome>(db, claim?.lock ?? null, async (trx) => {
        await parts.fans.lockFan(trx, userId);
        if (claim && (await idempotency.find(trx, claim)).found !== "nothing")
          return { ok: false, reason: "IDEMPOTENCY_IN_PROGRESS" };
        const survey = await store.surveyHold(trx, { performanceId: facts.id, userId, ordinals: named });
        if (survey.taken.length > 0) return { ok: false, reason: "TAKEN" };
        const locked = await lockSeats(trx, survey.lapsed);
        if (!locked) return { ok: false, reason: named.length > 0 ? "SEAT_CONTENDED" : "NONE_FREE" };
        const { now } = locked;
        const ended = await store.endReservations(trx, survey.lapsed, {
          from: "HELD",
          to: "EXPIRED",
          cause: "takeover",
          now,
          onlyLapsed: true,
        });
        const free = freeSeats(locked.seats, named, ended);
        if (!free) return { ok: false, reason: "TAKEN" };
        if (survey.owned + free.length > facts.maxSeatsPerFan) return { ok: false, reason: "SEAT_LIMIT" };
        return take(trx, progress, { id, seats: free, now, ended });
      });
    } catch (fault) {
      return afterFault(fault, progress, id);
    }
  }

  async function take(
    trx: Transaction,
    { facts, map, userId, ticketId, claim }: HoldInProgress,
    {
      id,
      seats,
      now,
      ended,
    }: { id: string; seats: readonly SeatState[]; now: Date; ended: readonly Ended[] },
  ): Promise<AttemptOutcome> {
    const record = newReservation(id, facts, map, { userId, ticketId }, seats, now);
    const { taken, liveUntilBefore } = await store.takeSeats(trx, {
      ...record,
      ordinals: seats.map(({ ordinal }) => ordinal),
      versions: seats.map(({ version }) => version),
      amounts: record.seats.map(({ amount }) => amount),
      now,
    });
    if (taken !== seats.length) {
      metrics.versionLosers.inc();
      return { ok: false, reason: "TAKEN" };
    }
    const reply = holdReply(viewOf(record, map, codeKey));
    if (claim) await idempotency.remember(trx, claim, reply);
    const liveUntil = new Date(Math.max(record.expiresAt.getTime(), liveUntilBefore?.getTime() ?? 0));
    return { ok: true, record, reply, ended, liveUntil };
  }

  async function afterFault(fault: unknown, progress: HoldInProgress, id: string): Promise<AttemptOutcome> {
    if (fault instanceof Problem && fault.code === "BUSY") return { ok: false, reason: "SEAT_CONTENDED" };
    if (sqlState(fault) === UNIQUE_VIOLATION) {
      // The last line held where the versioned update should have; nobody was sold a seat twice, but look into it.
      log.error("a seat was about to stand in two reservations", { reservationId: id, fault });
      return { ok: false, reason: "TAKEN" };
    }
    if (!isDatabaseAway(fault)) throw fault;
    return outcomeUnknown(fault, progress, id);
  }

  /**
   * The connection was cut, perhaps at COMMIT. Locking the fan waits until the server has finished with the lost
   * transaction, either way; after that the reservation is there or never will be.
   */
  async function outcomeUnknown(
    fault: unknown,
    { map, userId }: HoldInProgress,
    id: string,
  ): Promise<AttemptOutcome> {
    const known = await transact(db, async (trx) => {
      await parts.fans.lockFan(trx, userId);
      return { ok: true, record: await store.readById(trx, id, userId) } as const;
    }).catch(() => null);
    if (!known?.record) throw fault;
    const { record } = known;
    return {
      ok: true,
      record,
      reply: holdReply(viewOf(record, map, codeKey)),
      ended: [],
      liveUntil: record.expiresAt,
    };
  }

  async function conclude(
    progress: HoldInProgress,
    ordinals: readonly number[],
    outcome: AttemptOutcome,
  ): Promise<HoldOutcome> {
    if (outcome.ok) {
      const { record, ended, reply, liveUntil } = outcome;
      releases.announce(ended, "takeover");
      announcements.held({ ...record, holdSeconds: progress.facts.holdSeconds, liveUntil });
      return { ok: true, reply, replayed: false };
    }
    if (outcome.reason === "TAKEN")
      return { ok: false, reason: "SEAT_TAKEN", seats: await report(progress, ordinals) };
    if (outcome.reason === "NONE_FREE") return { ok: false, reason: "SEAT_CONTENDED" };
    return { ok: false, reason: outcome.reason };
  }

  /** What the wanted seats are now; when they have become free meanwhile, all of them, and a new try is worth it. */
  async function report({ facts, map }: HoldInProgress, ordinals: readonly number[]): Promise<SeatReport[]> {
    const states = await store.readSeats(db, facts.id, ordinals);
    const gone = states.filter(({ status }) => status !== "AVAILABLE");
    return (gone.length > 0 ? gone : states).map(({ ordinal, status }) => ({
      id: map.ids[ordinal] as string,
      ordinal,
      state: status,
    }));
  }

  const picker = createPicker(parts, { attempt, conclude });
  return hold;
}

function toOutcome(outcome: HoldOutcome | Replay): HoldOutcome {
  return "replay" in outcome ? { ok: true, reply: outcome.replay, replayed: true } : outcome;
}

function checkPass(admission: AdmissionPort, { pass, performanceId, userId }: HoldRequest) {
  if (!pass) return { ok: false, reason: "PASS_REQUIRED" } as const;
  const check = admission.verifyPass(pass, performanceId);
  // A pass works only together with an access token of the same account.
  if (check.ok && check.userId !== userId) return { ok: false, reason: "PASS_REQUIRED" } as const;
  return check;
}

type SeatsAsked =
  | { readonly ok: true; readonly ordinals: readonly number[]; readonly quantity: number }
  | HoldRefusal;

function toOrdinals(map: SeatMap, seatIds: readonly string[]): SeatsAsked {
  const ordinals: number[] = [];
  for (const [index, seatId] of seatIds.entries()) {
    const ordinal = map.ordinalOf(seatId);
    if (ordinal === undefined) {
      const path = `seatIds.${index}`;
      return {
        ok: false,
        reason: "VALIDATION_FAILED",
        path,
        message: `${path} is not a seat of this performance`,
      };
    }
    ordinals.push(ordinal);
  }
  return { ok: true, ordinals: ordinals.sort((a, b) => a - b), quantity: ordinals.length };
}

function checkBest({ sections }: SeatMap, { quantity, sectionId }: BestAvailable): SeatsAsked {
  if (sectionId !== undefined && !sections.some(({ id }) => id === sectionId)) {
    const path = "bestAvailable.sectionId";
    return {
      ok: false,
      reason: "VALIDATION_FAILED",
      path,
      message: `${path} is not a section of this performance`,
    };
  }
  return { ok: true, ordinals: [], quantity };
}

/**
 * The wanted seats with the versions at which they are free now, those just given up by lapsed reservations
 * included; null when one is not free.
 */
function freeSeats(
  locked: readonly SeatState[],
  named: readonly number[],
  ended: readonly Ended[],
): SeatState[] | null {
  const freed = new Map(ended.flatMap((one) => one.freed).map(({ ordinal, version }) => [ordinal, version]));
  const wanted = named.length > 0 ? locked.filter(({ ordinal }) => named.includes(ordinal)) : locked;
  if (named.length > 0 && wanted.length !== named.length) return null;
  const free: SeatState[] = [];
  for (const { ordinal, status, version } of wanted) {
    const freedVersion = freed.get(ordinal);
    if (freedVersion === undefined && status !== "AVAILABLE") return null;
    free.push({ ordinal, status: "AVAILABLE", version: freedVersion ?? version });
  }
  return free;
}

function newReservation(
  id: string,
  { id: performanceId, currency, holdSeconds }: PerformanceFacts,
  map: SeatMap,
  { userId, ticketId }: { userId: string; ticketId: string },
  taken: readonly SeatState[],
  now: Date,
): ReservationRecord {
  const seats = taken.map(({ ordinal }) => ({
    ordinal,
    amount: map.sections[map.sectionOf[ordinal] as number]?.amount ?? 0,
  }));
  return {
    id,
    performanceId,
    userId,
    ticketId,
    status: "HELD",
    version: 1,
    totalAmount: seats.reduce((sum, { amount }) => sum + amount, 0),
    currency,
    expiresAt: new Date(now.getTime() + holdSeconds * 1_000),
    extendedUntil: null,
    lapsed: false,
    seats,
    tickets: null,
  };
}
