/**
 * The HTML that the script draws a page into. It depends on the address and the language alone, never on who asks, so a
 * cache may keep it. It brings the event the page is about, so that a fan sees its name and colours at once and the only
 * thing left to ask for is the fan's own place.
 */

import type { Reply } from "../platform/http/route.ts";
import { frameTexts, type Language, lookStyle } from "../presentation/index.ts";
import type { BuiltPages } from "./built.ts";
import type { PageEvent } from "./events.ts";
import { dataBlock, html, styleBlock } from "./html.ts";
import { pagePolicy } from "./policy.ts";

export interface ShellOptions {
  readonly built: BuiltPages;
  /** The page's module below src/web. */
  readonly source: string;
  readonly language: Language;
  readonly event: PageEvent | null;
  /** Where the page without script stands; null when there is none. */
  readonly plain: string | null;
  readonly status: number;
}

/** Short, because a new version of the program brings new names of files. */
const CACHING = "public, max-age=10";

export function shell({ built, source, language, event, plain, status }: ShellOptions): Reply {
  const texts = frameTexts[language];
  const { script, styles, preloads } = built.filesOf(source);
  const accent = event?.look?.accent ?? null;
  const style = accent && lookStyle(accent);
  const page = html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${event ? event.title : texts.product}</title>
<link rel="icon" type="image/svg+xml" href="${built.icon}">
${styles.map((file) => html`<link rel="stylesheet" href="${file}">\n`)}${style && styleBlock("look", style)}
<script type="module" src="${script}"></script>
${preloads.map((file) => html`<link rel="modulepreload" href="${file}">\n`)}${plain && html`<noscript><meta http-equiv="refresh" content="0;url=${plain}"></noscript>`}
</head>
<body>
<div id="app"><p class="fallback">${plain ? html`<a href="${plain}">${texts.plainVersion}</a>` : texts.needsScript}</p></div>
${event && dataBlock("event", event)}
</body>
</html>
`;
  return {
    status,
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": pagePolicy({ inlineStyle: style }),
      // Without an origin a form of ours could not be told from a stranger's.
      "Referrer-Policy": "same-origin",
      "Cache-Control": status === 200 ? CACHING : "no-store",
      Vary: "Accept-Language",
    },
    body: page.text,
  };
}
