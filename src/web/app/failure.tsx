/** A call that failed, in words, with a way on. */
import {
  formatDuration,
  type frameTexts,
  type Language,
  frameTexts as texts,
} from "../../presentation/index.ts";
import { ApiError } from "./api.ts";
import { NotFound } from "./frame.tsx";
import { useLanguage } from "./language.ts";

/** A sentence for whatever a page has none of its own for. */
export function failureText(error: unknown, language: Language): string {
  const words: (typeof frameTexts)["en"] = texts[language];
  if (!(error instanceof ApiError)) return words.unexpected("");
  const wait = error.retryAfterSeconds
    ? ` ${words.retryIn(formatDuration(error.retryAfterSeconds, language))}`
    : "";
  if (error.code === "OFFLINE") return words.offline;
  if (error.status === 429) return words.tooMany + wait;
  if (error.status === 503) return words.busy + wait;
  return words.unexpected(error.requestId);
}

export function Failure({ error, again }: { readonly error: unknown; readonly again?: () => void }) {
  const language = useLanguage();
  if (error instanceof ApiError && error.status === 404) return <NotFound />;
  return (
    <div class="notice problem" role="alert">
      <p>{failureText(error, language)}</p>
      {again && (
        <button type="button" class="button" onClick={again}>
          {texts[language].tryAgain}
        </button>
      )}
    </div>
  );
}
