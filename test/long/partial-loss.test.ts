/** Redis comes back without its last two seconds. The simulation does the same to single queues, many times over. */
import { fromLaggingReplica, fromOlderFile } from "../faults/losing-redis.ts";
import { loseTwoSeconds } from "../faults/partial-loss.ts";

describe("partial loss of Redis", () => {
  for (const [what, open] of [
    ["an append-only file copied two seconds earlier · Redis starts with it", fromOlderFile],
    ["a replica whose link was cut two seconds earlier · it is promoted", fromLaggingReplica],
  ] as const) {
    it(`${what} · it is noticed, and no place and no admission is missing`, async () => {
      const redis = await open();
      try {
        await loseTwoSeconds(redis);
      } finally {
        await redis.remove();
      }
    }).timeout(120_000);
  }
});
