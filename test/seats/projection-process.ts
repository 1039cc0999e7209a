/** A worker that does nothing but project every performance there is; for tests that kill it. */
import { createLogger } from "../../src/platform/logger.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import { openDatabase } from "../../src/platform/postgres.ts";
import { openRedis } from "../../src/platform/redis.ts";
import { createSeatFeed } from "../../src/reservations/index.ts";
import { startSeatProjection } from "../../src/seats/index.ts";

const [databaseUrl = "", redisUrl = ""] = process.argv.slice(2);
const log = createLogger("test-worker", "silent");
const db = openDatabase(databaseUrl, 4, "test-seats-process");

startSeatProjection({
  databaseUrl,
  redis: await openRedis({ redisUrl, redisCluster: [] }, log),
  log,
  metrics: createMetrics(),
  reads: createSeatFeed(db),
  async livePerformances() {
    const rows: { id: string; queue_id: string }[] = await db("performances").select("id", "queue_id");
    return rows.map(({ id, queue_id }) => ({ performanceId: id, queueId: queue_id, queueActive: true }));
  },
  reportSeats: async () => undefined,
});
