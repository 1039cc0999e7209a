/**
 * Tickets at the gate, and as a picture for their owners.
 *
 * A code is judged by its signature before anything is asked of the database. A ticket that was refunded is no ticket
 * any more. Checking in locks the ticket's row alone, which a refund locks last, so the two can't deadlock, and
 * whichever commits first wins.
 */
import encodeQR from "qr";
import type { Transaction } from "../platform/postgres.ts";
import type { Parts } from "./parts.ts";
import type { TicketRow } from "./store.ts";
import { ticketCode, verifyTicketCode } from "./tickets.ts";

export type CheckInOutcome =
  | { readonly ok: true; readonly ticket: TicketRow & { readonly checkedInAt: Date } }
  | { readonly ok: false; readonly reason: "NOT_FOUND" }
  | { readonly ok: false; readonly reason: "ALREADY_CHECKED_IN"; readonly checkedInAt: Date };

export interface Gate {
  /** @param by the account of whoever scanned it. */
  checkIn(trx: Transaction, code: string, by: string): Promise<CheckInOutcome>;
  /** @returns the ticket's code as an SVG picture; null for one that is not this account's, or no longer good. */
  ticketPicture(ticketId: string, userId: string): Promise<string | null>;
}

export function createGate({ db, store, codeKey }: Pick<Parts, "db" | "store" | "codeKey">): Gate {
  return {
    async checkIn(trx, code, by) {
      const id = verifyTicketCode(code, codeKey);
      if (id === null) return { ok: false, reason: "NOT_FOUND" };
      const admitted = await store.checkIn(trx, id, by);
      if (admitted) return { ok: true, ticket: admitted };
      const ticket = await store.readTicket(trx, id, null);
      if (!ticket?.checkedInAt) return { ok: false, reason: "NOT_FOUND" };
      return { ok: false, reason: "ALREADY_CHECKED_IN", checkedInAt: ticket.checkedInAt };
    },
    async ticketPicture(ticketId, userId) {
      const ticket = await store.readTicket(db, ticketId, userId);
      // Medium correction: a scratched screen is read, and the modules stay large at the size of a thumb.
      return ticket ? encodeQR(ticketCode(ticket.id, codeKey), "svg", { ecc: "medium", border: 4 }) : null;
    },
  };
}
