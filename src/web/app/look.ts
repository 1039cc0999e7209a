/** The colours of the event that a page is about. */
import { useEffect } from "preact/hooks";
import { lookStyle } from "../../presentation/index.ts";
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

export { wordsOf } from "../../presentation/index.ts";
