/** Ends holds at their deadline, told by the delayed jobs. What a lost or late job misses, the sweeper finds. */
import { type JobWorker, startJobWorker } from "../src/platform/jobs.ts";
import type { Logger } from "../src/platform/logger.ts";
import type { Metrics } from "../src/platform/metrics.ts";
import type { RedisSettings } from "../src/platform/redis.ts";
import { HOLD_EXPIRY_QUEUE, type HoldExpiryJob, type Reservations } from "../src/reservations/index.ts";

export interface HoldExpiryDeps {
  readonly settings: RedisSettings;
  readonly log: Logger;
  readonly reservations: Pick<Reservations, "expire">;
  readonly metrics?: Pick<Metrics, "jobs">;
}

/** Jobs worked on at once. They share a transaction; at worst each takes a database connection of its own. */
const CONCURRENCY = 8;

export function startHoldExpiry({ settings, log, reservations, metrics }: HoldExpiryDeps): JobWorker {
  const handle = ({ reservationId }: HoldExpiryJob) => reservations.expire(reservationId);
  return startJobWorker(HOLD_EXPIRY_QUEUE, settings, log, CONCURRENCY, handle, { metrics: metrics?.jobs });
}
