/** Cases that mostly wait: all of them run at once, and each is reported under its own title. */
export interface AtOnce {
  /** Declares a case, in the place of `it`. */
  over(title: string, run: () => Promise<void>): void;
  /** Starts all that were declared; for the end of a `before`. */
  start(): void;
  /** Waits for all of them, also those that failed; for the beginning of an `after`. */
  settled(): Promise<void>;
}

/** @param limit how many run at the same time; all of them when absent. */
export function atOnce(limit = Number.POSITIVE_INFINITY): AtOnce {
  const cases: [string, () => Promise<void>][] = [];
  const running = new Map<string, Promise<void>>();
  return {
    over(title, run) {
      cases.push([title, run]);
      it(title, () => running.get(title));
    },
    start() {
      const results: Promise<void>[] = [];
      for (const [index, [title, run]] of cases.entries()) {
        // As many lanes as the limit, each case behind the one before it in its lane.
        const before = results[index - limit]?.catch(() => undefined) ?? Promise.resolve();
        const result = before.then(run);
        result.catch(() => undefined); // told by its own test
        results.push(result);
        running.set(title, result);
      }
    },
    async settled() {
      await Promise.allSettled(running.values());
    },
  };
}
