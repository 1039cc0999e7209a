/** The gate: a ticket's code admits once. The record of it is committed with the admission. */
import { type Database, DEFAULT_LIMITS, inTransaction } from "../platform/postgres.ts";
import type { Actor, AuditLog } from "./audit.ts";
import type { CatalogPort, CheckInOutcome, ReservationsPort } from "./ports.ts";

export interface CheckedIn {
  readonly ticketId: string;
  readonly reservationId: string;
  readonly performanceId: string;
  readonly seat: {
    readonly id: string;
    readonly ordinal: number;
    readonly section: string;
    readonly row: string;
    readonly number: number;
  };
  readonly checkedInAt: string;
}

export type CheckInResult =
  | { readonly ok: true; readonly checkedIn: CheckedIn }
  | Exclude<CheckInOutcome, { ok: true }>;

export interface CheckIns {
  checkIn(actor: Actor, code: string): Promise<CheckInResult>;
}

export interface CheckInsDeps {
  readonly db: Database;
  readonly audit: AuditLog;
  readonly catalog: Pick<CatalogPort, "seatMap">;
  readonly reservations: Pick<ReservationsPort, "checkIn">;
}

export function createCheckIns({ db, audit, catalog, reservations }: CheckInsDeps): CheckIns {
  return {
    async checkIn(actor, code) {
      const outcome = await inTransaction(db, DEFAULT_LIMITS, async (trx) => {
        const made = await reservations.checkIn(trx, code, actor.id);
        if (!made.ok) return made;
        const { id, performanceId, ordinal, checkedInAt } = made.ticket;
        await audit.record(trx, actor, {
          action: "ticket.check-in",
          subject: "ticket",
          subjectId: id,
          before: { checkedInAt: null },
          after: { checkedInAt: checkedInAt.toISOString(), performanceId, ordinal },
        });
        return made;
      });
      if (!outcome.ok) return outcome;
      const { id: ticketId, reservationId, performanceId, ordinal, checkedInAt } = outcome.ticket;
      const map = await catalog.seatMap(performanceId);
      if (!map) throw new Error(`performance ${performanceId} of ticket ${ticketId} is gone`);
      const { id, section, row, number } = map.describe(ordinal);
      return {
        ok: true,
        checkedIn: {
          ticketId,
          reservationId,
          performanceId,
          seat: { id, ordinal, section, row, number },
          checkedInAt: checkedInAt.toISOString(),
        },
      };
    },
  };
}
