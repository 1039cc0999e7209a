/** The colours of the event that a page is about. */
import { useEffect } from "preact/hooks";
import { type Language, lookStyle } from "../../presentation/index.ts";
import type { Event } from "./events.ts";
import { createStore } from "./store.ts";

const sheet = new CSSStyleSheet();
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

/** Whose name stands at the top of the page: the event's venue, with its logo. */
export const brand = createStore<Event | null>(null);

/** Gives the page the look of an event for as long as it is shown; null leaves it plain. */
export function useLook(event: Event | null): void {
  const accent = event?.look?.accent ?? null;
  useEffect(() => {
    // What the server wrote into the first page for the time until now.
    document.getElementById("look")?.remove();
    sheet.replaceSync(accent ? lookStyle(accent) : "");
  }, [accent]);
  useEffect(() => {
    brand.set(event);
    return () => brand.set(null);
  }, [event]);
}

export interface EventWords {
  readonly title: string;
  readonly venue: string;
  readonly description: string | null;
  /** What the organiser says to those who wait. */
  readonly waiting: string | null;
}

/** The event's own texts in the reader's language, where the organiser wrote them. */
export function wordsOf(event: Event, language: Language): EventWords {
  const own = event.look?.texts[language] ?? {};
  return {
    title: own.title ?? event.title,
    venue: own.venue ?? event.venue,
    description: own.description ?? event.description,
    waiting: own.waiting ?? null,
  };
}
