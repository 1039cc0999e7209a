/**
 * Runs the draws of one worker beside its beat: the line must be ticked and journalled while a draw is made.
 *
 * Draws belong to the worker that holds the queue's advisory lock. Should two believe so, each step is made by the
 * first that comes to it.
 */
import { setTimeout } from "node:timers/promises";
import type { Logger } from "../../platform/logger.ts";
import type { Conductor, DueDraw } from "./conductor.ts";

export interface DrawRunner {
  /** Says that a draw is due; harmless while it is being made. */
  due(queueId: string, due: DueDraw): void;
  close(): Promise<void>;
}

const AFTER_FAULT_MS = 1_000;

/** @param mayDraw whether this process still has the queue's lock. */
export function createDrawRunner(
  conductor: Conductor,
  mayDraw: (queueId: string) => Promise<boolean>,
  log: Logger,
): DrawRunner {
  const draws = new Map<string, DueDraw>();
  const running = new Set<Promise<void>>();
  const closing = new AbortController();

  async function conduct(queueId: string): Promise<void> {
    while (!closing.signal.aborted && (await mayDraw(queueId))) {
      const waitMs = await stepOf(queueId);
      if (waitMs === null) return;
      if (waitMs > 0) await setTimeout(waitMs, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  }

  async function stepOf(queueId: string): Promise<number | null> {
    try {
      return await conductor.step(queueId, draws.get(queueId) as DueDraw);
    } catch (fault) {
      log.error("draw: a step failed and is tried again", { queueId, fault });
      return AFTER_FAULT_MS;
    }
  }

  return {
    due(queueId, due) {
      const isRunning = draws.has(queueId);
      draws.set(queueId, due);
      if (isRunning || closing.signal.aborted) return;
      const run = conduct(queueId)
        .catch((fault) => log.warn("draw", { queueId, fault }))
        .finally(() => {
          draws.delete(queueId);
          running.delete(run);
        });
      running.add(run);
    },
    async close() {
      closing.abort();
      await Promise.all(running);
    },
  };
}
