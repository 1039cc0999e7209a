/** PostgreSQL's NOTIFY is what wakes the projection; everything else it finds out by looking. */
import type { Logger } from "../platform/logger.ts";
import type { Database } from "../platform/postgres.ts";

/** The payload is a performance whose seats changed, or `SHARDS`. */
export const SEATS_CHANNEL = "fastpass_seats";
/** Payload: shards were given back, or a worker came or went. */
export const SHARDS = "shards";

/** Asks the projection to look at a performance now; for gateways that find a copy old or missing. */
export function createNotifier(db: Database, log: Logger): (performanceId: string) => void {
  return (performanceId) => {
    db.raw("SELECT pg_notify(?, ?)", [SEATS_CHANNEL, performanceId]).then(
      () => undefined,
      (fault: Error) => log.debug("seat projection not woken", { performanceId, fault: fault.message }),
    );
  };
}
