/**
 * Tickets whose joins went down with Redis before the journal had them.
 *
 * Whoever has one, signed, takes that very place again; so does whoever is still connected to the gateway that signed
 * it. The journal is asked first: a ticket of which it knows anything is in the line already, or was used, left,
 * expired or removed, and is never honoured. Its answer is final for all epochs before the one it stands at, since
 * nobody can append to those any more. Of a ticket of that very epoch Redis says whether it lacks it.
 */
import type { Database } from "../platform/postgres.ts";
import type { LineStore, LostTicket } from "./line-store.ts";
import type { RawView } from "./view.ts";

/** One connection keeps their order. */
const AT_ONCE = 500;

export type EarlierTicket = Omit<LostTicket, "journalEpoch">;

/** Those of no later epoch than the journal's of which it knows nothing, in the order of their sequences. */
export async function unknownTickets<Ticket extends EarlierTicket>(
  db: Database,
  queueId: string,
  tickets: readonly Ticket[],
): Promise<(Ticket & LostTicket)[]> {
  if (tickets.length === 0) return [];
  const { rows } = await db.raw(
    `SELECT epoch, ARRAY(SELECT DISTINCT ticket_id::text FROM queue_journal
                         WHERE queue_id = queues.id AND ticket_id = ANY(?::uuid[])) AS known
     FROM queues WHERE id = ?`,
    [tickets.map(({ ticketId }) => ticketId) as unknown as string, queueId],
  );
  const { epoch: journalEpoch = 0, known = [] } = (rows[0] ?? {}) as { epoch?: number; known?: string[] };
  return tickets
    .filter(({ ticketId, epoch }) => epoch <= journalEpoch && !known.includes(ticketId))
    .map((ticket) => ({ ...ticket, journalEpoch }))
    .sort((a, b) => a.sequence - b.sequence);
}

export interface LostFan extends EarlierTicket {
  readonly userId: string;
}

/**
 * Hands in the tickets of fans who are present on a gateway and have no place any more.
 * @param found hears of each that has a place again, its own or another.
 */
export async function handIn(
  { db, store, gatewayId }: { db: Database; store: LineStore; gatewayId: string },
  queueId: string,
  fans: readonly LostFan[],
  found: (userId: string, view: RawView) => void,
): Promise<void> {
  const lost = await unknownTickets(db, queueId, fans);
  for (let start = 0; start < lost.length; start += AT_ONCE) {
    const batch = lost.slice(start, start + AT_ONCE);
    const outcomes = await Promise.all(
      batch.map((fan) => store.join(queueId, fan.userId, "", "", gatewayId, fan)),
    );
    outcomes.forEach((outcome, index) => {
      if (outcome.ok) found((batch[index] as LostFan).userId, outcome.view);
    });
  }
}
