/** The languages of the pages, and how one of them is chosen. */

export const LANGUAGES = ["en", "ko"] as const;
export type Language = (typeof LANGUAGES)[number];

/** A reader's own choice; it outweighs what the browser asks for. Readable by scripts, and no secret. */
export const LANGUAGE_COOKIE = "fastpass_language";

export function isLanguage(text: unknown): text is Language {
  return LANGUAGES.includes(text as Language);
}

/**
 * The first of the wanted languages that there is; English when there is none.
 * @param wanted in order of preference, such as `navigator.languages`.
 */
export function chooseLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const [primary] = tag.toLowerCase().split("-", 1);
    if (isLanguage(primary)) return primary;
  }
  return "en";
}

/** @param header `Accept-Language`, RFC 9110 section 12.5.4; the tags come out by falling weight. */
export function acceptedLanguages(header: string | undefined): string[] {
  return (header ?? "")
    .split(",")
    .map((part) => {
      const [tag = "", ...parameters] = part.trim().split(/\s*;\s*/);
      const quality = parameters.find((parameter) => parameter.startsWith("q="));
      return { tag, weight: quality === undefined ? 1 : Number(quality.slice(2)) };
    })
    .filter(({ tag, weight }) => tag !== "" && weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ tag }) => tag);
}

/** A text in the reader's language, else in any it was written in. */
export function inLanguage(
  texts: Readonly<Partial<Record<Language, string>>> | null | undefined,
  language: Language,
): { readonly text: string; readonly language: Language } | null {
  for (const candidate of [language, ...LANGUAGES]) {
    const text = texts?.[candidate];
    if (text) return { text, language: candidate };
  }
  return null;
}
