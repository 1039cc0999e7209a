/**
 * When each ticket came into the line and at which tick it was gone from it.
 *
 * Who is admitted, passed over or ended leaves at that very tick. Who leaves by themselves stays in the line until the
 * next tick drains it: the lowest sequences first, a thousand a tick.
 */
import { LANES } from "../keys.ts";
import { createHeap } from "./heap.ts";
import type { Row, Step, Ticket } from "./history.ts";

/** A moment in ticks that can be compared across epochs. */
export const momentOf = (epoch: number, tick: number): number => epoch * 2 ** 40 + tick;

export interface Stay {
  readonly ticketId: string;
  readonly lane: number;
  readonly sequence: number;
  /** The epoch in which it came, or came back; places shown before that were shown by a Redis that is lost. */
  readonly since: number;
  /** Whether it came back beside the line: it counts in nobody's place. */
  readonly isLate: boolean;
  /** The tick from which on it is not counted any more; infinite while it waits. */
  goneAt: number;
  /** Microseconds: it is counted before the first and not after the last. */
  goneFrom: number;
  goneBy: number;
  /** Whether a tick took it inside: until that is committed it still looks first. */
  wasAdmitted: boolean;
}

const DRAINED_A_TICK = 1_000;
/** When the drain of a crowd has come to a ticket can't be told from the times alone. */
const DRAIN_PATIENCE = 60_000_000;

export function createDepartures() {
  const stays = new Map<string, Stay>();
  const leaving = Array.from({ length: LANES }, () => createHeap<Stay>(({ sequence }) => sequence));
  /** The last tick of each epoch that is known to have been committed. */
  const lastTicks = new Map<number, number>();
  const lastTimes = new Map<number, number>();
  let epoch = 0;
  let tick = 0;

  function gone(stay: Stay, at: number): void {
    if (stay.goneAt === Number.POSITIVE_INFINITY) stay.goneAt = at;
  }

  function drain(at: number): void {
    let waiting = leaving.reduce((sum, heap) => sum + heap.size, 0);
    for (let left = DRAINED_A_TICK; left > 0 && waiting > 0; left -= 1, waiting -= 1) {
      const heaps = leaving.filter((heap) => heap.size > 0);
      const least = heaps.reduce((a, b) => ((a.peek()?.sequence ?? 0) <= (b.peek()?.sequence ?? 0) ? a : b));
      gone(least.pop() as Stay, at);
    }
    // Too many for one tick: the times can't tell when.
    if (waiting > 0) for (const stay of stays.values()) if (isLeaving(stay)) stay.goneBy += DRAIN_PATIENCE;
  }

  function isLeaving(stay: Stay): boolean {
    return stay.goneAt === Number.POSITIVE_INFINITY && stay.goneBy < Number.POSITIVE_INFINITY;
  }

  function enter({ ticketId, lane, sequence }: Ticket, { row, data }: Step): void {
    stays.set(ticketId, {
      ticketId,
      lane,
      sequence,
      since: row.epoch,
      isLate: data.late === true,
      goneAt: Number.POSITIVE_INFINITY,
      goneFrom: Number.POSITIVE_INFINITY,
      goneBy: Number.POSITIVE_INFINITY,
      wasAdmitted: false,
    });
  }

  function leave(row: Row, stay: Stay): void {
    Object.assign(stay, { goneFrom: row.atMicros, goneBy: row.atMicros });
    if (row.kind === "leave" || row.kind === "remove") {
      leaving[stay.lane]?.push(stay);
      return;
    }
    stay.wasAdmitted = row.kind === "admit";
    const at = momentOf(row.epoch, row.tick);
    gone(stay, at);
    // The tick takes from the front: what had left before it and stood there is gone too.
    const heap = leaving[stay.lane];
    while (heap && heap.size > 0 && (heap.peek() as Stay).sequence < stay.sequence)
      gone(heap.pop() as Stay, at);
  }

  return {
    stays: stays as ReadonlyMap<string, Stay>,
    lastTicks: lastTicks as ReadonlyMap<number, number>,
    lastTimes: lastTimes as ReadonlyMap<number, number>,

    /** Every row, before its step: ticks that wrote nothing drain too. */
    advance(row: Row): void {
      while (tick < row.tick && leaving.some((heap) => heap.size > 0)) {
        tick += 1;
        drain(momentOf(epoch, tick));
      }
      tick = row.tick;
      if (row.epoch !== epoch) {
        // A rebuilding goes on from the last tick that was committed, and puts nobody back who had left.
        for (const heap of leaving) while (heap.size > 0) gone(heap.pop() as Stay, momentOf(row.epoch, 0));
        lastTicks.set(epoch, row.tick);
        epoch = row.epoch;
      }
      lastTimes.set(epoch, row.atMicros);
    },

    step(step: Step): void {
      const { row, ticket, from, isDirect } = step;
      const stay = stays.get(ticket.ticketId);
      if (isDirect) stays.delete(ticket.ticketId);
      else if (ticket.state === "W") enter(ticket, step);
      else if (from === "W" && stay) leave(row, stay);
    },

    /** After the last row: what still has to be drained is, by the next ticks up to the last one committed. */
    finish(committedTick: number, committedAt: number): void {
      while (leaving.some((heap) => heap.size > 0)) {
        tick += 1;
        drain(momentOf(epoch, tick));
      }
      lastTicks.set(epoch, committedTick);
      lastTimes.set(epoch, committedAt);
    },
  };
}

export type Departures = ReturnType<typeof createDepartures>;
