/** Keeps the availability copies up to date; any number of these may run. */
import type { Platform } from "../src/platform/index.ts";
import { type SeatProjection, type SeatProjectionDeps, startSeatProjection } from "../src/seats/index.ts";

export function startSeatProjectionWorker(
  { config, redis, log, metrics, releaser }: Platform,
  ports: Pick<SeatProjectionDeps, "reads" | "livePerformances" | "reportSeats">,
): SeatProjection {
  const projection = startSeatProjection({ databaseUrl: config.databaseUrl, redis, log, metrics, ...ports });
  releaser.add("seat projection", () => projection.close());
  return projection;
}
