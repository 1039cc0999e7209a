/**
 * Jobs that come due in one moment end their holds together, and with them whatever else is over: when an on-sale's
 * first minute runs out, thousands are due at once, and most of what a release costs is its transaction.
 *
 * A round begins as soon as there is a job, and those that come meanwhile make up the next one; so a job alone waits for
 * nobody. Each is answered for its own hold: when a round fails, each goes alone, as all do for some time after, so that
 * one hold that cannot be ended, or one hall whose seats are locked, keeps nobody else.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Logger } from "../platform/logger.ts";
import type { ExpireOutcome } from "./releases.ts";

export interface DueHoldsDeps {
  readonly log: Logger;
  /** Milliseconds to the deadlines of those that are not ended yet. */
  remaining(ids: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Ends those of them that are over, but for what others have locked, and at most `limit` others that are over too. */
  endOver(ids: readonly string[], limit: number): Promise<ReadonlySet<string>>;
  expireAlone(id: string): Promise<ExpireOutcome>;
}

export interface DueHolds {
  /** The delayed job: ends the hold only if its deadline is over. */
  expire(id: string): Promise<ExpireOutcome>;
  /** Waits for the round under way; what is over then is left to others. */
  close(): Promise<void>;
}

interface Due {
  readonly id: string;
  /** Calls within the job's trace; a round belongs to that of the first in it. */
  readonly within: ReturnType<typeof AsyncLocalStorage.snapshot>;
  readonly resolve: (outcome: ExpireOutcome | Promise<ExpireOutcome>) => void;
}

/** Few enough that a fan who wants one of the seats waits for milliseconds. */
const OTHERS_A_ROUND = 100;
const ALONE_AFTER_FAULT_MS = 5_000;

export function createDueHolds({ log, remaining, endOver, expireAlone }: DueHoldsDeps): DueHolds {
  let waiting: Due[] = [];
  let rounds: Promise<void> | null = null;
  let closed = false;
  let aloneUntil = 0;

  async function runRounds(): Promise<void> {
    let more = false;
    while (waiting.length > 0 || (more && !closed)) {
      const due = waiting;
      waiting = [];
      more = await (due[0]?.within(round, due, more) ?? round(due, more));
    }
    rounds = null;
  }

  /** @returns whether there may be more that is over. */
  async function round(due: readonly Due[], more: boolean): Promise<boolean> {
    if (performance.now() < aloneUntil) return goAlone(due);
    try {
      const left = await remaining(due.map(({ id }) => id));
      const over = [...left.keys()].filter((id) => (left.get(id) as number) <= 0);
      const ended = over.length > 0 || more ? await endOver(over, OTHERS_A_ROUND) : new Set();
      for (const { id, within, resolve } of due) {
        const remainingMs = left.get(id);
        if (remainingMs === undefined || ended.has(id)) resolve({ done: true });
        else if (remainingMs > 0) resolve({ done: false, remainingMs });
        // Somebody has it locked, perhaps for a payment: its own transaction waits for them.
        else resolve(within(expireAlone, id));
      }
      return ended.size >= OTHERS_A_ROUND;
    } catch (fault) {
      log.warn("holds could not be ended together; each is ended alone for now", { fault });
      aloneUntil = performance.now() + ALONE_AFTER_FAULT_MS;
      return goAlone(due);
    }
  }

  function goAlone(due: readonly Due[]): false {
    for (const { id, within, resolve } of due) resolve(within(expireAlone, id));
    return false;
  }

  return {
    expire: (id) =>
      new Promise((resolve) => {
        waiting.push({ id, within: AsyncLocalStorage.snapshot(), resolve });
        rounds ??= runRounds();
      }),
    async close() {
      closed = true;
      await rounds;
    },
  };
}
