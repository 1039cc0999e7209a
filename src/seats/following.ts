/**
 * The feed between projector and gateways, over sharded Pub/Sub: it works alike on one Redis and on a Cluster,
 * where each message stays on the node of its slot.
 */
import type { RedisClient } from "../platform/redis.ts";
import { type FeedMessage, readFeedMessage } from "./delta.ts";
import { seatKeys } from "./keys.ts";

export interface Following {
  /** Resolves when messages about this performance come in; another call for the same one does nothing. */
  follow(performanceId: string): Promise<void>;
  unfollow(performanceId: string): void;
  close(): void;
}

export function createFollowing(
  subscriber: RedisClient,
  onMessage: (performanceId: string, message: FeedMessage) => void,
): Following {
  const performances = new Map<string, string>();
  const subscribed = new Map<string, Promise<void>>();

  function receive(channel: string, text: string): void {
    const performanceId = performances.get(channel);
    const message = performanceId === undefined ? null : readFeedMessage(text);
    if (performanceId !== undefined && message) onMessage(performanceId, message);
  }

  function unfollow(performanceId: string): void {
    const { feed } = seatKeys(performanceId);
    if (!performances.delete(feed)) return;
    subscribed.delete(performanceId);
    // Away, it has nothing to unsubscribe from; a message that comes all the same finds nobody.
    subscriber.sunsubscribe(feed).catch(() => undefined);
  }

  subscriber.on("smessage", receive);

  return {
    async follow(performanceId) {
      const { feed } = seatKeys(performanceId);
      performances.set(feed, performanceId);
      let running = subscribed.get(performanceId);
      if (!running) {
        running = subscriber.ssubscribe(feed).then(() => undefined);
        subscribed.set(performanceId, running);
        running.catch(() => subscribed.delete(performanceId));
      }
      await running;
    },
    unfollow,
    close() {
      subscriber.off("smessage", receive);
      for (const performanceId of [...performances.values()]) unfollow(performanceId);
    },
  };
}
