/**
 * What is told to others once a transaction has committed: the job that will end the hold, the queue that keeps
 * the fan's slot, the readers of the seats.
 *
 * Nothing here decides anything, so a failure is a log line: a lost job is found by the sweeper, a slot ends by
 * its own clock, and the readers poll. NOTIFY is sent here and not inside the hold, because PostgreSQL lets
 * transactions that notify commit only one at a time; and at most every 20 ms a performance, because one wake-up
 * serves all that came before it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createLiveUntil } from "./live-until.ts";
import type { ReservationsDeps } from "./ports.ts";
import type { Store, TicketHolder } from "./store.ts";

export interface Announcements {
  /** A hold was made; its job is due at its deadline. */
  held(
    reservation: TicketHolder & {
      id: string;
      holdSeconds: number;
      liveUntil: Date;
      requestId?: string | undefined;
    },
  ): void;
  /** Reservations of this ticket changed. `purchased`: one of them is paid, so its session may end. */
  changed(holder: TicketHolder, how?: { purchased: boolean }): void;
  /** Seats of this performance changed. */
  seatsChanged(performanceId: string): void;
  /** Waits until everything has been told. */
  settle(): Promise<void>;
}

const NOTIFY_GAP_MS = 20;

/** @param endHolds of a fan who was removed while a hold was under way, or a payment that was declined after that. */
export function createAnnouncements(
  { db, log, jobs, catalog, admission }: ReservationsDeps,
  store: Store,
  endHolds: (userId: string, performanceId: string) => Promise<unknown>,
): Announcements {
  const liveUntilOf = createLiveUntil(db, store);
  const underWay = new Set<Promise<unknown>>();
  const waiting = new Set<string>();
  const turns = new Map<string, Promise<void>>();

  function background(what: string, work: Promise<unknown>): void {
    const told = work
      .catch((fault) => log.warn("announcement failed", { what, fault }))
      .finally(() => underWay.delete(told));
    underWay.add(told);
  }

  /** One after the other for each ticket, so that the last word is about the latest state. */
  function inTurn(ticketId: string, tell: () => Promise<void>): Promise<void> {
    const turn = (turns.get(ticketId) ?? Promise.resolve()).catch(() => undefined).then(tell);
    turns.set(ticketId, turn);
    return turn.finally(() => {
      if (turns.get(ticketId) === turn) turns.delete(ticketId);
    });
  }

  async function tellQueue(
    { performanceId, userId, ticketId }: TicketHolder,
    how: { liveUntil?: Date; purchased?: boolean },
  ) {
    const facts = await catalog.facts(performanceId);
    if (!facts) return;
    const holder = { queueId: facts.queueId, userId, ticketId };
    const liveUntil = how.liveUntil ?? (await liveUntilOf({ performanceId, userId, ticketId }));
    if (how.purchased && liveUntil === null) {
      await admission.endSession(holder);
      return;
    }
    const { removed } = await admission.holdsChanged({ ...holder, liveUntil });
    if (removed && liveUntil !== null) await endHolds(userId, performanceId);
  }

  function seatsChanged(performanceId: string): void {
    if (waiting.has(performanceId)) return;
    waiting.add(performanceId);
    const notify = async () => {
      await sleep(NOTIFY_GAP_MS);
      waiting.delete(performanceId);
      await store.notifySeats(db, performanceId);
    };
    background("seats", notify());
  }

  return {
    held({ id, holdSeconds, liveUntil, requestId, ...holder }) {
      // A delay, not a time: this machine's clock may differ from the database's.
      background("job", jobs.add(`hold-${id}`, { reservationId: id }, holdSeconds * 1_000, requestId));
      background(
        "queue",
        inTurn(holder.ticketId, () => tellQueue(holder, { liveUntil })),
      );
      seatsChanged(holder.performanceId);
    },
    changed(holder, how) {
      const purchased = how?.purchased ?? false;
      background(
        "queue",
        inTurn(holder.ticketId, () => tellQueue(holder, { purchased })),
      );
      seatsChanged(holder.performanceId);
    },
    seatsChanged,
    async settle() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}
