/**
 * The transaction that decides who has the seats.
 *
 * Locks in the one order of the room: the fan, then lapsed reservations on the wanted seats by id, then the seats
 * by ordinal; then the clock is read, once. Lapsed reservations end whole, and the seats are taken by a versioned
 * UPDATE whose row count must match. At most eight statements, whatever the number of seats, and nothing in
 * between waits for anyone but PostgreSQL.
 *
 * This is how a hold is judged alone: one whose seats are named comes here only when `together.ts` had to leave it.
 */
import { v7 } from "uuid";
import { Problem } from "../platform/errors.ts";
import { mayBeCommitted, sqlState, type Transaction } from "../platform/postgres.ts";
import { transact, transactClaiming } from "../platform/transact.ts";
import type { IdempotencyClaim, StoredReply } from "./idempotency.ts";
import type { Parts } from "./parts.ts";
import type { PerformanceFacts, SeatMap } from "./ports.ts";
import type { Ended, Named, ReservationRecord, SeatState } from "./store.ts";
import { holdReply, viewOf } from "./views.ts";

/** What stays the same over the attempts of one hold. */
export interface HoldInProgress {
  readonly facts: PerformanceFacts;
  readonly map: SeatMap;
  readonly userId: string;
  readonly ticketId: string;
  readonly claim: IdempotencyClaim | null;
  readonly requestId: string | undefined;
}

export interface LockedSeats {
  readonly seats: readonly SeatState[];
  /** When the last lock was granted. */
  readonly now: Date;
}

export interface Wanted {
  /** Seats asked for by name; empty when `lock` chooses them. */
  readonly named: readonly number[];
  /** Locks the seats, and those of the lapsed reservations. */
  lock(trx: Transaction, lapsed: readonly Named[]): Promise<LockedSeats | "SEAT_CONTENDED" | "NONE_FREE">;
}

export interface Taken {
  readonly ok: true;
  readonly record: ReservationRecord;
  readonly reply: StoredReply;
  /** Lapsed reservations whose seats were in the way. */
  readonly ended: readonly Ended[];
  /** The latest end of the live reservations of this ticket. */
  readonly liveUntil: Date;
}

/** TAKEN is told before the seats' states are known: they are read once the transaction is over. */
export type TakeOutcome =
  | Taken
  | {
      readonly ok: false;
      readonly reason: "TAKEN" | "NONE_FREE" | "SEAT_CONTENDED" | "SEAT_LIMIT" | "IDEMPOTENCY_IN_PROGRESS";
    };

export type Take = (progress: HoldInProgress, wanted: Wanted) => Promise<TakeOutcome>;

/** What became of a hold whose connection was cut at COMMIT. @throws the fault when it was not made. */
export type FindOutcome = (fault: unknown, progress: HoldInProgress, id: string) => Promise<TakeOutcome>;

const UNIQUE_VIOLATION = "23505";

export function createTake(parts: Parts): Take {
  const { db, log, metrics, fans, codeKey, store, idempotency } = parts;
  const findOutcome = createFindOutcome(parts);

  async function decide(
    trx: Transaction,
    progress: HoldInProgress,
    wanted: Wanted,
    id: string,
  ): Promise<TakeOutcome> {
    const { facts, userId, claim } = progress;
    const { named } = wanted;
    await fans.lockFan(trx, userId);
    if (claim && (await idempotency.find(trx, claim)).found !== "nothing") {
      return { ok: false, reason: "IDEMPOTENCY_IN_PROGRESS" };
    }
    const survey = await store.surveyHold(trx, { performanceId: facts.id, userId, ordinals: named });
    if (survey.taken.length > 0) return { ok: false, reason: "TAKEN" };
    const locked = await wanted.lock(trx, survey.lapsed);
    if (typeof locked === "string") return { ok: false, reason: locked };
    const { seats, now } = locked;
    const ending = { from: "HELD", to: "EXPIRED", cause: "takeover", now, onlyLapsed: true } as const;
    const ended = await store.endReservations(trx, survey.lapsed, ending);
    const free = freeSeats(seats, named, ended);
    if (!free) {
      metrics.versionLosers.inc();
      return { ok: false, reason: "TAKEN" };
    }
    if (survey.owned + free.length > facts.maxSeatsPerFan) return { ok: false, reason: "SEAT_LIMIT" };
    return take(trx, progress, newReservation(id, progress, ordinalsOf(free), now), free, now, ended);
  }

  async function take(
    trx: Transaction,
    { map, claim }: HoldInProgress,
    record: ReservationRecord,
    seats: readonly SeatState[],
    now: Date,
    ended: readonly Ended[],
  ): Promise<TakeOutcome> {
    const { taken, liveUntilBefore } = await store.takeSeats(trx, {
      ...record,
      ordinals: ordinalsOf(seats),
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
    return { ok: true, record, reply, ended, liveUntil: later(record.expiresAt, liveUntilBefore) };
  }

  return async (progress, wanted) => {
    const { claim } = progress;
    const id = v7();
    let committing = false;
    try {
      return await transactClaiming<TakeOutcome>(db, claim?.lock ?? null, async (trx) => {
        committing = false;
        const outcome = await decide(trx, progress, wanted, id);
        committing = outcome.ok;
        return outcome;
      });
    } catch (fault) {
      if (fault instanceof Problem && fault.code === "BUSY") return { ok: false, reason: "SEAT_CONTENDED" };
      if (committing && mayBeCommitted(fault)) return findOutcome(fault, progress, id);
      if (sqlState(fault) !== UNIQUE_VIOLATION) throw fault;
      // The last line held where the versioned update should have. No seat was sold twice, but look into it.
      log.error("a seat was about to stand in two reservations", { reservationId: id, fault });
      return { ok: false, reason: "TAKEN" };
    }
  };
}

/**
 * For a connection cut at COMMIT. Locking the fan waits until the server has finished with the lost transaction,
 * either way; after that the reservation is there or never will be.
 */
export function createFindOutcome({ db, fans, codeKey, store }: Parts): FindOutcome {
  return async (fault, { map, userId }, id) => {
    const known = await transact(db, async (trx) => {
      await fans.lockFan(trx, userId);
      return { ok: true, record: await store.readById(trx, id, userId) };
    }).catch(() => null);
    if (!known?.record) throw fault;
    const { record } = known;
    const reply = holdReply(viewOf(record, map, codeKey));
    return { ok: true, record, reply, ended: [], liveUntil: record.expiresAt };
  };
}

export function later(one: Date, other: Date | null): Date {
  return other && other > one ? other : one;
}

const ordinalsOf = (seats: readonly SeatState[]) => seats.map(({ ordinal }) => ordinal);

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
  const chosen = named.length > 0 ? locked.filter(({ ordinal }) => named.includes(ordinal)) : locked;
  if (named.length > 0 && chosen.length !== named.length) return null;
  const free: SeatState[] = [];
  for (const { ordinal, status, version } of chosen) {
    const freedVersion = freed.get(ordinal);
    if (freedVersion === undefined && status !== "AVAILABLE") return null;
    free.push({ ordinal, status: "AVAILABLE", version: freedVersion ?? version });
  }
  return free;
}

export function priced(map: SeatMap, ordinals: readonly number[]): { ordinal: number; amount: number }[] {
  return ordinals.map((ordinal) => ({
    ordinal,
    amount: map.sections[map.sectionOf[ordinal] as number]?.amount ?? 0,
  }));
}

export function newReservation(
  id: string,
  { facts, map, userId, ticketId }: HoldInProgress,
  ordinals: readonly number[],
  now: Date,
): ReservationRecord {
  const seats = priced(map, ordinals);
  return {
    id,
    performanceId: facts.id,
    userId,
    ticketId,
    status: "HELD",
    version: 1,
    totalAmount: seats.reduce((sum, { amount }) => sum + amount, 0),
    currency: facts.currency,
    expiresAt: new Date(now.getTime() + facts.holdSeconds * 1_000),
    extendedUntil: null,
    lapsed: false,
    seats,
    tickets: null,
  };
}
