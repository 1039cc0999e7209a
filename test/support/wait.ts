import { setTimeout as sleep } from "node:timers/promises";

export interface Patience {
  /** How long the condition may take; 5 s when absent. */
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
  /** What is waited for, for the message when it does not come. */
  readonly what: string;
}

/**
 * Asks until the condition answers something true, and returns that. A condition that throws has not come about
 * yet; its last error is told when time is up.
 */
export async function eventually<T>(condition: () => T | Promise<T>, patience: Patience): Promise<Truthy<T>> {
  const { timeoutMs = 5_000, intervalMs = 20, what } = patience;
  const deadline = performance.now() + timeoutMs;
  let lastError: unknown;
  let isLast = false;
  for (;;) {
    try {
      const answer = await condition();
      if (answer) return answer as Truthy<T>;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (isLast) break;
    await sleep(intervalMs);
    // Looked at once more: the time may have run out while this process stood still.
    isLast = performance.now() >= deadline;
  }
  const reason = lastError === undefined ? "" : `: ${(lastError as Error).message}`;
  throw new Error(`${what} did not come about within ${timeoutMs} ms${reason}`, { cause: lastError });
}

type Truthy<T> = Exclude<T, false | null | undefined | 0 | "">;

export interface Latch {
  open(): void;
  readonly opened: Promise<void>;
}

/** Holds up who awaits `opened` until someone else calls `open`. */
export function latch(): Latch {
  let resolve: (() => void) | undefined;
  const opened = new Promise<void>((done) => {
    resolve = done;
  });
  return { opened, open: () => resolve?.() };
}
