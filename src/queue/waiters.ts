/** Questions that wait, not for long, until something is heard of a ticket or a queue. */
export function createWaiters(usualWaitMs: number) {
  const waiters = new Map<string, Set<() => void>>();
  return {
    wakeWaiters(id: string): void {
      for (const wake of waiters.get(id) ?? []) wake();
    },

    /** Resolves when something is heard of this ticket or queue, or after the wait. */
    heardOf(id: string, waitMs = usualWaitMs): Promise<void> {
      return new Promise((resolve) => {
        const set = waiters.get(id) ?? new Set();
        waiters.set(id, set);
        const done = () => {
          clearTimeout(timer);
          set.delete(done);
          if (set.size === 0) waiters.delete(id);
          resolve();
        };
        const timer = setTimeout(done, waitMs);
        set.add(done);
      });
    },
  };
}
