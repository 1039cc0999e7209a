/**
 * Events and their performances. The server puts the one that a page is about into its HTML; for pages that are entered
 * from another one it is asked.
 */
import { callPublic } from "./api.ts";

export interface Performance {
  readonly id: string;
  readonly eventId: string;
  readonly startsAt: string;
  readonly currency: string;
  readonly seatCount: number;
  readonly maxSeatsPerFan: number;
  readonly holdSeconds: number;
  readonly queueId: string;
}

export interface EventTexts {
  readonly title?: string;
  readonly venue?: string;
  readonly description?: string;
  readonly waiting?: string;
}

export interface Look {
  readonly accent: string | null;
  readonly logoUrl: string | null;
  readonly timeZone: string | null;
  readonly texts: { readonly ko?: EventTexts; readonly en?: EventTexts };
}

export interface Event {
  readonly id: string;
  readonly title: string;
  readonly venue: string;
  readonly description: string | null;
  readonly look: Look | null;
  readonly performances: readonly Performance[];
}

const known = new Map<string, Event>();
let wasPutIn = false;

/** What the server put into this page. */
function putIn(): void {
  if (wasPutIn) return;
  wasPutIn = true;
  const text = document.getElementById("event")?.textContent;
  if (text) remember(JSON.parse(text) as Event);
}

export function remember(event: Event): void {
  known.set(event.id, event);
}

/** The event if this page knows it already. */
export function knownEvent(by: { id?: string; performanceId?: string; queueId?: string }): Event | null {
  putIn();
  for (const event of known.values()) {
    if (event.id === by.id) return event;
    for (const { id, queueId } of event.performances)
      if (id === by.performanceId || queueId === by.queueId) return event;
  }
  return null;
}

export async function loadEvent(id: string): Promise<Event> {
  const event = knownEvent({ id }) ?? (await callPublic<Event>("GET", `/events/${id}`));
  remember(event);
  return event;
}

export async function loadEventOfPerformance(performanceId: string): Promise<Event> {
  const event = knownEvent({ performanceId });
  if (event) return event;
  const { eventId } = await callPublic<Performance>("GET", `/performances/${performanceId}`);
  return loadEvent(eventId);
}

export async function loadEventOfQueue(queueId: string): Promise<Event> {
  const event = knownEvent({ queueId });
  if (event) return event;
  const { performanceId } = await callPublic<{ performanceId: string }>("GET", `/queues/${queueId}`);
  return loadEventOfPerformance(performanceId);
}
