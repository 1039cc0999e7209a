/**
 * The signed ticket of each queue, kept in this browser: with it a reload can follow the place even while nobody can log
 * in, and a place is honoured should the queue ever have to be made again. It proves a place in one line, nothing else.
 */
import { session } from "../app/session.ts";

const keyOf = (queueId: string) => `fastpass.ticket.${queueId}`;
const owner = () => session.get().user?.id ?? "";

export function keepTicket(queueId: string, ticket: string): void {
  try {
    localStorage.setItem(keyOf(queueId), JSON.stringify({ owner: owner(), ticket }));
  } catch {
    // Without storage the account still finds its place.
  }
}

/** @returns null when there is none, or when it belongs to somebody else who used this browser. */
export function keptTicket(queueId: string): string | null {
  try {
    const kept = JSON.parse(localStorage.getItem(keyOf(queueId)) ?? "null");
    return kept && kept.owner === owner() && owner() !== "" ? kept.ticket : null;
  } catch {
    return null;
  }
}

export function forgetTicket(queueId: string): void {
  try {
    localStorage.removeItem(keyOf(queueId));
  } catch {
    // There is none either.
  }
}
