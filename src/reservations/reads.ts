/** Reservations for their owners. A hold past its deadline is ended before it is shown, so none is shown lapsed. */
import type { Parts } from "./parts.ts";
import type { ReservationRecord } from "./store.ts";
import { type ReservationView, viewOf } from "./views.ts";

export interface Reads {
  /** @returns null for one that does not exist or is not this account's. */
  reservation(id: string, userId: string): Promise<ReservationView | null>;
  /** Newest first; at most `limit`, from after `beforeId`. */
  reservationsOf(userId: string, limit: number, beforeId: string | null): Promise<ReservationView[]>;
}

export function createReads({ db, store, catalog, codeKey, releases }: Parts): Reads {
  async function toView(record: ReservationRecord): Promise<ReservationView> {
    const map = await catalog.seatMap(record.performanceId);
    if (!map) throw new Error(`performance ${record.performanceId} of reservation ${record.id} is gone`);
    return viewOf(record, map, codeKey);
  }

  return {
    async reservation(id, userId) {
      let record = await store.readById(db, id, userId);
      if (record?.lapsed) {
        await releases.expire(id, "takeover");
        record = await store.readById(db, id, userId);
      }
      return record ? toView(record) : null;
    },

    async reservationsOf(userId, limit, beforeId) {
      let records = await store.readPage(db, userId, beforeId, limit);
      const lapsed = records.filter((record) => record.lapsed);
      for (const { id } of lapsed) await releases.expire(id, "takeover");
      if (lapsed.length > 0) records = await store.readPage(db, userId, beforeId, limit);
      const views: ReservationView[] = [];
      for (const record of records) views.push(await toView(record));
      return views;
    },
  };
}
