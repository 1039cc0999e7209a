/** Does the same work again and again: a pause after each round, none while there is a backlog, never two at once. */
import type { Logger } from "../src/platform/logger.ts";

export interface Rounds {
  /** Waits for the round under way. */
  close(): Promise<void>;
}

export interface RoundsOptions {
  readonly name: string;
  readonly log: Logger;
  readonly pauseMs: number;
  /** @returns whether more is waiting, so that the next round should follow at once. */
  round(): Promise<boolean>;
}

const FAULTS_LOGGED_EVERY_MS = 5_000;

/** A failed round is logged, at most one line in 5 s, and the next one comes after the pause. */
export function startRounds({ name, log, pauseMs, round }: RoundsOptions): Rounds {
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let silentUntil = 0;
  let running: Promise<void> = Promise.resolve();

  async function turn(): Promise<void> {
    let more = false;
    try {
      more = await round();
    } catch (fault) {
      const now = performance.now();
      if (now >= silentUntil) log.warn("round failed", { worker: name, fault });
      if (now >= silentUntil) silentUntil = now + FAULTS_LOGGED_EVERY_MS;
    }
    plan(more ? 0 : pauseMs);
  }

  function plan(delayMs: number): void {
    if (closed) return;
    timer = setTimeout(() => {
      running = turn();
    }, delayMs);
  }

  plan(0);
  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      await running;
    },
  };
}
