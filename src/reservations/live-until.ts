/** Until when tickets have live reservations: what is asked in one turn of the event loop is one statement. */
import type { Database } from "../platform/postgres.ts";
import { createTurnBatches } from "../platform/turn-batches.ts";
import type { Store, TicketHolder } from "./store.ts";

const MOST_TOGETHER = 500;

/** @returns asks for one ticket; null when nothing of it is live. */
export function createLiveUntil(
  db: Database,
  store: Pick<Store, "liveUntil">,
): (holder: TicketHolder) => Promise<Date | null> {
  const ask = createTurnBatches<TicketHolder, Date | null>(MOST_TOGETHER, async (_key, holders) => {
    const ends = await store.liveUntil(db, holders);
    return holders.map((_, index) => ends[index]?.liveUntil ?? null);
  });
  return (holder) => ask("", holder);
}
