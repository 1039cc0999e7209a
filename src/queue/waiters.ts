/** Questions that wait, not for long, until something is heard of a ticket or a queue. */
import { startDeadline } from "../platform/deadline.ts";
import type { LocalFan, LocalLine } from "./local-line.ts";

export function createWaiters(usualWaitMs: number) {
  const waiters = new Map<string, Set<() => void>>();

  function heardOf(id: string, waitMs = usualWaitMs): Promise<void> {
    return new Promise((resolve) => {
      const set = waiters.get(id) ?? new Set();
      waiters.set(id, set);
      const done = () => {
        cancel();
        set.delete(done);
        if (set.size === 0) waiters.delete(id);
        resolve();
      };
      const cancel = startDeadline(waitMs, done);
      set.add(done);
    });
  }

  async function whenCommitted(line: LocalLine, asked: LocalFan): Promise<LocalFan> {
    const deadline = Date.now() + usualWaitMs;
    for (let fan = asked; ; fan = line.fans.get(fan.userId) ?? fan) {
      const left = deadline - Date.now();
      if (mayBeTold(line, fan) || left <= 0) return fan;
      await heardOf(line.queueId, left);
    }
  }

  return {
    wakeWaiters(id: string): void {
      for (const wake of waiters.get(id) ?? []) wake();
    },

    /** Resolves when something is heard of this ticket or queue, or after the wait. */
    heardOf,

    /** What is not committed yet is not told: a place at the last tick, an admission. Gives up after the wait. */
    untilCommitted(line: LocalLine, asked: LocalFan): LocalFan | Promise<LocalFan> {
      return mayBeTold(line, asked) ? asked : whenCommitted(line, asked);
    },
  };
}

function mayBeTold(line: LocalLine, { state, number, rankTick }: LocalFan): boolean {
  return state !== "W" || (number <= line.journalled && rankTick <= line.committedTick);
}
