/** Who has received an admission: gathered on a gateway, and told to Redis in one command a queue and beat. */
import type { LineStore } from "./line-store.ts";

const BATCH = 1_000;

export function createReceipts(store: LineStore) {
  const noted = new Map<string, Set<string>>();
  return {
    note(queueId: string, userId: string): void {
      const fans = noted.get(queueId);
      if (fans) fans.add(userId);
      else noted.set(queueId, new Set([userId]));
    },

    /** What can't be told now is told by the next call. */
    async flush(): Promise<void> {
      for (const [queueId, fans] of noted) {
        while (fans.size > 0) {
          const batch = [...fans].slice(0, BATCH);
          await store.delivered(queueId, batch);
          for (const userId of batch) fans.delete(userId);
        }
        noted.delete(queueId);
      }
    },
  };
}
