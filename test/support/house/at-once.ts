/** Cases that mostly wait: all of them run at once, and each is reported under its own title. */
export interface AtOnce {
  /** Declares a case, in the place of `it`. */
  over(title: string, run: () => Promise<void>): void;
  /** Starts all that were declared; for the end of a `before`. */
  start(): void;
  /** Waits for all of them, also those that failed; for the beginning of an `after`. */
  settled(): Promise<void>;
}

export function atOnce(): AtOnce {
  const cases: [string, () => Promise<void>][] = [];
  const running = new Map<string, Promise<void>>();
  return {
    over(title, run) {
      cases.push([title, run]);
      it(title, () => running.get(title));
    },
    start() {
      for (const [title, run] of cases) {
        const result = run();
        result.catch(() => undefined); // told by its own test
        running.set(title, result);
      }
    },
    async settled() {
      await Promise.allSettled(running.values());
    },
  };
}
