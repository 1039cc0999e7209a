/** The frame of the pages without script: the same look, links and forms alone. */
import type { Problem } from "../../platform/errors.ts";
import type { Reply } from "../../platform/http/route.ts";
import { formatDuration, frameTexts, LANGUAGES, type Language, lookStyle } from "../../presentation/index.ts";
import type { BuiltPages } from "../built.ts";
import type { PageEvent } from "../events.ts";
import { type Html, html, styleBlock } from "../html.ts";
import { pagePolicy } from "../policy.ts";

export interface PlainPage {
  readonly language: Language;
  readonly title: string;
  readonly body: Html;
  /** The path of this page, for what leads back to it. */
  readonly path: string;
  readonly isLoggedIn: boolean;
  readonly event?: PageEvent | null;
  readonly status?: number;
  /** The page asks for itself again after so long; never when absent. */
  readonly refreshSeconds?: number | null;
}

export type ShowPlain = (page: PlainPage) => Reply;

const LANGUAGE_NAMES: Readonly<Record<Language, string>> = { en: "English", ko: "한국어" };

export function plainFrame(built: BuiltPages): ShowPlain {
  const { styles } = built.filesOf("main.tsx");
  return ({ language, title, body, path, isLoggedIn, event, status = 200, refreshSeconds }) => {
    const texts = frameTexts[language];
    const accent = event?.look?.accent;
    const style = accent ? lookStyle(accent) : null;
    const page = html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" type="image/svg+xml" href="${built.icon}">
${styles.map((file) => html`<link rel="stylesheet" href="${file}">\n`)}${style && styleBlock("look", style)}
</head>
<body>
<header class="top">
<a class="brand own" href="/plain">${texts.product}</a>
<nav aria-label="${texts.product}">
<a href="/plain">${texts.events}</a>
${
  isLoggedIn
    ? html`<form method="post" action="/plain/logout"><button class="link">${texts.logOut}</button></form>`
    : html`<a href="/plain/login?next=${encodeURIComponent(path)}">${texts.logIn}</a>`
}
</nav>
</header>
<main id="content">
${body}
</main>
<footer class="bottom">
<p>${texts.product}</p>
<ul class="languages" aria-label="${texts.language}">
${LANGUAGES.map(
  (other) =>
    html`<li><a href="/plain/language?to=${other}&amp;next=${encodeURIComponent(path)}" lang="${other}"${other === language && html` aria-current="true"`}>${LANGUAGE_NAMES[other]}</a></li>\n`,
)}</ul>
</footer>
</body>
</html>
`;
    return {
      status,
      headers: {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": pagePolicy({ inlineStyle: style }),
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
        ...(refreshSeconds ? { Refresh: String(refreshSeconds) } : {}),
      },
      body: page.text,
    };
  };
}

/** Sees the other page after a form was taken. */
export function seeOther(path: string, cookies?: readonly string[]): Reply {
  return { status: 303, headers: { Location: path, "Cache-Control": "no-store" }, cookies };
}

/** A refusal or a fault as a page; while we are the ones who are busy it tries again by itself. */
export function problemPage(show: ShowPlain, problem: Problem, language: Language, path: string): Reply {
  const texts = frameTexts[language];
  const wait = problem.retryAfterSeconds;
  const isMissing = problem.status === 404;
  const sentence = isMissing
    ? texts.notFound
    : problem.status === 429
      ? texts.tooMany
      : problem.status === 503
        ? texts.busy
        : problem.code === "CROSS_SITE"
          ? texts.wrongSite
          : texts.unexpected("");
  return show({
    language,
    title: isMissing ? texts.notFoundTitle : texts.failedTitle,
    path,
    isLoggedIn: false,
    status: problem.status,
    refreshSeconds: problem.status === 503 ? (wait ?? 1) + 2 : null,
    body: html`<section class="card">
<h1>${isMissing ? texts.notFoundTitle : texts.failedTitle}</h1>
<p>${sentence}${wait !== null && html` ${texts.retryIn(formatDuration(wait, language))}`}</p>
<p><a class="button" href="${isMissing ? "/plain" : path}">${isMissing ? texts.toEvents : texts.tryAgain}</a></p>
</section>`,
  });
}
