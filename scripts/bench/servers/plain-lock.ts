/** The lock that Redlock is measured against: one SET NX, one compare-and-delete. */

import { randomUUID } from "node:crypto";
import type { LockService } from "../../../src/platform/lock.ts";
import type { RedisClient } from "../../../src/platform/redis.ts";

const UNLOCK = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

/** For one seat at a time, which is all that the benchmark asks for. */
export function createPlainLock(redis: RedisClient): LockService {
  redis.defineCommand("benchUnlock", { numberOfKeys: 1, lua: UNLOCK });
  const unlock = (redis as unknown as { benchUnlock(key: string, owner: string): Promise<number> })
    .benchUnlock;
  return {
    async acquire([resource = ""], ttlMs) {
      const owner = randomUUID();
      const until = performance.now() + ttlMs;
      if ((await redis.set(resource, owner, "PX", ttlMs, "NX")) === null)
        return { ok: false, reason: "CONTENDED" };
      return {
        ok: true,
        lease: {
          remainingMs: () => until - performance.now(),
          release: async () => void (await unlock.call(redis, resource, owner)),
        },
      };
    },
    close: async () => undefined,
  };
}
