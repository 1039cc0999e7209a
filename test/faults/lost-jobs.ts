/** The jobs of many holds are lost with their Redis; the sweeper makes certain what the jobs make prompt. */
import { expect } from "chai";
import { createLogger } from "../../src/platform/logger.ts";
import { startHoldExpiry } from "../../workers/hold-expiry.ts";
import { startSweeper } from "../../workers/sweeper.ts";
import { privateRedis } from "../platform/support.ts";
import { openWorld } from "../reservations/world.ts";
import { eventually } from "../support/wait.ts";

const log = createLogger("test", "silent");
const AT_ONCE = 50;

/** @param holds a multiple of 50. */
export async function loseTheJobsOf(holds: number): Promise<void> {
  const redis = await privateRedis();
  const world = await openWorld({ redisUrl: redis.url });
  try {
    const hall = await world.makeHall({ rows: holds / AT_ONCE, seatsPerRow: AT_ONCE, holdSeconds: 120 });
    const fans = await world.makeFans(holds);
    for (let from = 0; from < holds; from += AT_ONCE) {
      const some = fans.slice(from, from + AT_ONCE);
      await Promise.all(some.map((fan, index) => world.held(fan, hall, [from + index])));
    }
    await redis.kill();
    await redis.restart();
    await world.db.raw("UPDATE reservations SET expires_at = clock_timestamp() + interval '1 second'");
    const { reservations } = world;
    const worker = startHoldExpiry({ settings: redis.settings, log, reservations });
    const sweepers = [1, 2].map(() => startSweeper({ log, reservations }));
    await eventually(async () => !(await world.letters(hall)).includes("H"), {
      timeoutMs: 10_000,
      what: "the end of every hold",
    });
    await Promise.all([worker, ...sweepers].map((one) => one.close()));
    const { rows } = await world.db.raw(
      `SELECT count(*)::int AS released, max(extract(epoch FROM h.at - r.expires_at))::float8 AS latest,
              min(extract(epoch FROM h.at - r.expires_at))::float8 AS earliest
       FROM reservations r JOIN reservation_history h ON h.reservation_id = r.id AND h.to_status = 'EXPIRED'`,
    );
    expect(rows[0].released).to.equal(holds);
    expect(rows[0].earliest).to.be.at.least(0);
    expect(rows[0].latest, "the sweeper's period, and its work").to.be.below(3);
    await world.expectInvariants();
  } finally {
    await world.close();
    await redis.remove();
  }
}
