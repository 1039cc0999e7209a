/**
 * Holds that come while others are under way are taken in one transaction: one round trip each to lock their claims and
 * fans, to decide and to commit, however many they are. Their seats are known: named by the fan, or the best ones of a
 * picture (pick.ts).
 *
 * A group decides only what is plain and waits for nobody: it locks what is free to be locked, in the one order of the
 * room. A hold that would have had to wait for a row, meets a lapsed reservation or fails in any way the statement does
 * not name is judged alone afterwards (take.ts); so are two that want the same seat, or are the same fan's. A group
 * that fails as a whole has changed nothing, and each of it goes alone.
 */
import { v7 } from "uuid";
import { createGroups } from "../platform/groups.ts";
import type { Lease } from "../platform/lock.ts";
import { isDatabaseAway, mayBeCommitted, type Transaction } from "../platform/postgres.ts";
import { transact } from "../platform/transact.ts";
import type { Answered } from "./idempotency.ts";
import type { Parts } from "./parts.ts";
import type { GroupedOutcome } from "./store.ts";
import {
  createFindOutcome,
  type HoldInProgress,
  later,
  newReservation,
  priced,
  type Taken,
  type TakeOutcome,
} from "./take.ts";
import { holdReply, viewOf } from "./views.ts";

export interface SeatsHold {
  readonly progress: HoldInProgress;
  readonly ordinals: readonly number[];
  /** That of its seats; null where none is taken. */
  readonly lease: Pick<Lease, "remainingMs"> | null;
  alone(): Promise<TakeOutcome>;
}

export type TakeTogether = (hold: SeatsHold) => Promise<TakeOutcome>;

interface WaitingHold extends SeatsHold {
  /** On the monotonic clock. */
  readonly askedAt: number;
}

/** A hold on its way through one transaction. */
interface Member extends SeatsHold {
  readonly id: string;
}

/** Whoever waited longer goes alone, and then waits for a connection as long as anybody may. */
const MOST_WAITING_MS = 4_000;
/** Seats are not locked in the database under a lock that may end before the transaction does. */
export const LEAST_REMAINING_MS = 1_000;
const LIMITS = { most: 16, atOnce: 2 };

export function createTakeTogether(parts: Parts): TakeTogether {
  const { db, log, metrics, fans, codeKey, store, idempotency } = parts;
  const findOutcome = createFindOutcome(parts);

  const ask = createGroups<WaitingHold, TakeOutcome>(LIMITS, async (performanceId, holds) => {
    const members = membersOf(holds);
    const decided = members.length > 0 ? await decide(performanceId, members) : new Map();
    return holds.map((hold) => decided.get(hold.progress) ?? hold.alone());
  });

  /** @returns what was decided, by the hold it is about. */
  async function decide(
    performanceId: string,
    members: readonly Member[],
  ): Promise<ReadonlyMap<HoldInProgress, TakeOutcome | Promise<TakeOutcome>>> {
    const decided = new Map<HoldInProgress, TakeOutcome | Promise<TakeOutcome>>();
    let committing: readonly Member[] = [];
    try {
      await transact(db, async (trx) => {
        decided.clear();
        committing = [];
        const ready = await lockFans(trx, await lockClaims(trx, members, decided));
        if (ready.length === 0) return { ok: false };
        committing = await take(trx, performanceId, ready, decided);
        return { ok: committing.length > 0 };
      });
    } catch (fault) {
      const cut = committing.length > 0 && mayBeCommitted(fault);
      if (!cut && isDatabaseAway(fault)) throw fault;
      if (!cut) decided.clear();
      for (const { id, progress } of cut ? committing : [])
        decided.set(progress, findOutcome(fault, progress, id));
      log.warn("holds could not be taken together; each is taken alone", { holds: members.length, fault });
    }
    return decided;
  }

  async function lockClaims(
    trx: Transaction,
    members: readonly Member[],
    decided: Map<HoldInProgress, TakeOutcome | Promise<TakeOutcome>>,
  ): Promise<readonly Member[]> {
    const claiming = members.filter(({ progress }) => progress.claim);
    if (claiming.length === 0) return members;
    const claims = claiming.flatMap(({ progress }) => progress.claim ?? []);
    const locked = await idempotency.lockAll(trx, claims);
    for (const [index, { progress }] of claiming.entries()) {
      if (!locked[index]) decided.set(progress, { ok: false, reason: "IDEMPOTENCY_IN_PROGRESS" });
    }
    return members.filter(({ progress }) => !decided.has(progress));
  }

  async function lockFans(trx: Transaction, members: readonly Member[]): Promise<readonly Member[]> {
    if (members.length === 0) return members;
    const locked = new Set(
      await fans.lockFans(
        trx,
        members.map(({ progress }) => progress.userId),
      ),
    );
    return members.filter(({ progress }) => locked.has(progress.userId));
  }

  /** @returns those that have their seats once this is committed. */
  async function take(
    trx: Transaction,
    performanceId: string,
    members: readonly Member[],
    decided: Map<HoldInProgress, TakeOutcome | Promise<TakeOutcome>>,
  ): Promise<readonly Member[]> {
    const rows = await store.takeGroup(
      trx,
      performanceId,
      members.map(({ id, progress: { facts, map, userId, ticketId, claim }, ordinals }) => {
        const { maxSeatsPerFan, holdSeconds, currency } = facts;
        const seats = priced(map, ordinals);
        return { id, userId, ticketId, maxSeatsPerFan, holdSeconds, currency, claim, seats };
      }),
    );
    const outcomes = new Map(rows.map((row) => [row.id, row]));
    const answered: Answered[] = [];
    const winners: Member[] = [];
    for (const member of members) {
      const outcome = outcomes.get(member.id) as GroupedOutcome;
      const { progress, ordinals } = member;
      if (outcome.gone) decided.set(progress, { ok: false, reason: "TAKEN" });
      if (!outcome.made) continue;
      if (outcome.taken !== ordinals.length) {
        metrics.versionLosers.inc();
        throw new Error(`hold ${member.id} wanted ${ordinals.length} seats and took ${outcome.taken}`);
      }
      const taken = toTaken(member, outcome);
      winners.push(member);
      decided.set(progress, taken);
      if (progress.claim) answered.push({ claim: progress.claim, reply: taken.reply });
    }
    if (answered.length > 0) await idempotency.rememberAll(trx, answered);
    return winners;
  }

  function toTaken({ id, progress, ordinals }: Member, { now, liveUntilBefore }: GroupedOutcome): Taken {
    const record = newReservation(id, progress, ordinals, now);
    const reply = holdReply(viewOf(record, progress.map, codeKey));
    return { ok: true, record, reply, ended: [], liveUntil: later(record.expiresAt, liveUntilBefore) };
  }

  return (hold) => ask(hold.progress.facts.id, { ...hold, askedAt: performance.now() });
}

/** Those that may share a transaction: the first of each fan, and of each seat. */
function membersOf(holds: readonly WaitingHold[]): Member[] {
  const fans = new Set<string>();
  const seats = new Set<number>();
  return holds.flatMap((hold) => {
    const { progress, ordinals, lease, askedAt } = hold;
    if ((lease && lease.remainingMs() < LEAST_REMAINING_MS) || performance.now() - askedAt > MOST_WAITING_MS)
      return [];
    if (fans.has(progress.userId) || ordinals.some((ordinal) => seats.has(ordinal))) return [];
    fans.add(progress.userId);
    for (const ordinal of ordinals) seats.add(ordinal);
    return [{ ...hold, id: v7() }];
  });
}
