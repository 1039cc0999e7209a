/**
 * What pages say and how they write it, whoever renders them: the browser (src/web) or the server (src/pages). Nothing
 * here touches the DOM or Node.
 *
 * Each page has its own file of texts, so that a browser loads the words of that page alone. The Korean texts have the
 * type of the English ones: a sentence that is missing in one of them does not compile.
 */
export {
  formatCountdown,
  formatDateTime,
  formatDuration,
  formatMoney,
  formatNumber,
  formatTime,
  formatWait,
} from "./formats.ts";
export {
  acceptedLanguages,
  chooseLanguage,
  inLanguage,
  isLanguage,
  LANGUAGE_COOKIE,
  LANGUAGES,
  type Language,
} from "./language.ts";
export { contrast, lookStyle } from "./look.ts";
export { isNextUp, oddsOf, roundedCount } from "./place.ts";
export { accountTexts } from "./texts/accounts.ts";
export { checkoutTexts } from "./texts/checkout.ts";
export { drawTexts } from "./texts/draw.ts";
export { eventTexts } from "./texts/events.ts";
export { frameTexts } from "./texts/frame.ts";
export { queueTexts } from "./texts/queue.ts";
export { seatTexts } from "./texts/seats.ts";
export { ticketTexts } from "./texts/tickets.ts";
export { type EventWords, wordsOf } from "./words.ts";
