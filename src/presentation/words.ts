/** An event's own texts in the reader's language, where the organiser wrote them. */
import type { Language } from "./language.ts";

interface Written {
  readonly title?: string;
  readonly venue?: string;
  readonly description?: string;
  readonly waiting?: string;
}

/** An event, as far as its words go. */
export interface Wordy {
  readonly title: string;
  readonly venue: string;
  readonly description: string | null;
  readonly look: { readonly texts: Readonly<Partial<Record<Language, Written>>> } | null;
}

export interface EventWords {
  readonly title: string;
  readonly venue: string;
  readonly description: string | null;
  /** What the organiser says to those who wait. */
  readonly waiting: string | null;
}

export function wordsOf(event: Wordy, language: Language): EventWords {
  const own = event.look?.texts[language] ?? {};
  return {
    title: own.title ?? event.title,
    venue: own.venue ?? event.venue,
    description: own.description ?? event.description,
    waiting: own.waiting ?? null,
  };
}
