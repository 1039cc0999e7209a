/** The event a page is about, at most two seconds old: a crowd that opens one page must not ask the database each time. */
import type { EventView } from "../catalog/index.ts";

export type PageEvent = EventView;

export interface EventReads {
  events(limit: number, beforeId: string | null): Promise<readonly EventView[]>;
  event(eventId: string): Promise<EventView | null>;
  /** The event that a performance or a queue belongs to. */
  eventIdOf(by: { readonly performanceId: string } | { readonly queueId: string }): Promise<string | null>;
}

export type About = "event" | "performance" | "queue";

const KEPT_MS = 2_000;
const KEPT_EVENTS = 1_000;

/** @returns a lookup by what the address names. */
export function createEventLookup(reads: EventReads) {
  const kept = new Map<string, { readonly at: number; readonly event: Promise<PageEvent | null> }>();

  async function read(about: About, id: string): Promise<PageEvent | null> {
    const eventId =
      about === "event"
        ? id
        : await reads.eventIdOf(about === "queue" ? { queueId: id } : { performanceId: id });
    return eventId === null ? null : reads.event(eventId);
  }

  return (about: About, id: string): Promise<PageEvent | null> => {
    const key = `${about} ${id}`;
    const known = kept.get(key);
    if (known && Date.now() - known.at < KEPT_MS) return known.event;
    kept.delete(key);
    if (kept.size >= KEPT_EVENTS) kept.delete(kept.keys().next().value as string);
    const event = read(about, id);
    kept.set(key, { at: Date.now(), event });
    event.catch(() => kept.delete(key));
    return event;
  };
}
