/** The reader's language: a choice made here before, else the browser's. */
import { chooseLanguage, isLanguage, LANGUAGE_COOKIE, type Language } from "../../presentation/index.ts";
import { createStore, useStore } from "./store.ts";

const A_YEAR_SECONDS = 365 * 86_400;

function chosen(): Language | null {
  const value = document.cookie
    .split(/;\s*/)
    .find((pair) => pair.startsWith(`${LANGUAGE_COOKIE}=`))
    ?.slice(LANGUAGE_COOKIE.length + 1);
  return isLanguage(value) ? value : null;
}

export const language = createStore<Language>(chosen() ?? chooseLanguage(navigator.languages));

const declare = () => document.documentElement.setAttribute("lang", language.get());
declare();
language.subscribe(declare);

/** A cookie, so that the pages without script follow the same choice. */
export function setLanguage(next: Language): void {
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is too young for the phones of fans.
  document.cookie = `${LANGUAGE_COOKIE}=${next}; Path=/; Max-Age=${A_YEAR_SECONDS}; SameSite=Lax`;
  language.set(next);
}

export const useLanguage = (): Language => useStore(language);

/** One page's texts in the reader's language. */
export function useTexts<T>(texts: Readonly<Record<Language, T>>): T {
  return texts[useLanguage()];
}
