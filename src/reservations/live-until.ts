/** Until when tickets have live reservations: what is asked in one turn of the event loop is one statement. */
import type { Database } from "../platform/postgres.ts";
import type { Store, TicketHolder } from "./store.ts";

interface Asked {
  readonly holder: TicketHolder;
  readonly resolve: (liveUntil: Date | null) => void;
  readonly reject: (fault: unknown) => void;
}

/** @returns asks for one ticket; null when nothing of it is live. */
export function createLiveUntil(
  db: Database,
  store: Pick<Store, "liveUntil">,
): (holder: TicketHolder) => Promise<Date | null> {
  let asked: Asked[] = [];

  async function readAll(): Promise<void> {
    const batch = asked;
    asked = [];
    try {
      const ends = await store.liveUntil(
        db,
        batch.map(({ holder }) => holder),
      );
      for (const [index, { resolve }] of batch.entries()) resolve(ends[index]?.liveUntil ?? null);
    } catch (fault) {
      for (const { reject } of batch) reject(fault);
    }
  }

  return (holder) =>
    new Promise((resolve, reject) => {
      if (asked.length === 0) setImmediate(readAll);
      asked.push({ holder, resolve, reject });
    });
}
