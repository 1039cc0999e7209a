/** Deletes sessions that ended more than a day ago, hourly and in small batches; any number of gateways may. */
import type { Logger } from "../platform/logger.ts";
import type { Store } from "./store.ts";

const EVERY_MS = 60 * 60 * 1_000;
const BATCH = 1_000;

export interface Pruner {
  start(): void;
  stop(): Promise<void>;
}

export function createPruner(store: Store, log: Logger): Pruner {
  let timer: NodeJS.Timeout | undefined;
  let pruning: Promise<void> | undefined;
  let stopped = false;

  async function prune(): Promise<void> {
    try {
      while (!stopped && (await store.pruneSessions(BATCH)) === BATCH);
    } catch (fault) {
      log.warn("old sessions were not deleted; the next hour tries again", { fault });
    }
  }

  return {
    start() {
      timer = setInterval(() => {
        pruning = prune();
      }, EVERY_MS);
    },
    async stop() {
      stopped = true;
      clearInterval(timer);
      await pruning;
    },
  };
}
