/** Questions that wait, not for long, until something is heard of a ticket or a queue. */
import { startDeadline } from "../platform/deadline.ts";
import type { LocalFan, LocalLine } from "./local-line.ts";

export function createWaiters(usualWaitMs: number) {
  const waiters = new Map<string, Set<() => void>>();

  function heardOf(id: string, waitMs = usualWaitMs): Promise<boolean> {
    return new Promise((resolve) => {
      const set = waiters.get(id) ?? new Set();
      waiters.set(id, set);
      const end = (heard: boolean) => {
        cancel();
        set.delete(wake);
        if (set.size === 0) waiters.delete(id);
        resolve(heard);
      };
      const wake = () => end(true);
      const cancel = startDeadline(waitMs, () => end(false));
      set.add(wake);
    });
  }

  async function whenCommitted(line: LocalLine, asked: LocalFan): Promise<LocalFan> {
    const deadline = Date.now() + usualWaitMs;
    let fan = asked;
    for (let heard = true; heard && !mayBeTold(line, fan); fan = line.fans.get(fan.userId) ?? fan)
      heard = await heardOf(line.queueId, Math.max(0, deadline - Date.now()));
    return fan;
  }

  return {
    wakeWaiters(id: string): void {
      for (const wake of waiters.get(id) ?? []) wake();
    },

    /** Resolves when something is heard of this ticket or queue, or after the wait; and says which. */
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
