/**
 * The pages without script, below `/plain`: every page of the line for those whose browser runs none. They go through the
 * same doors as the API: the same logins, the same joins, the same claims.
 *
 * The session is a cookie, so each form must come from a page of ours (forms.ts).
 */

import { parseCookie, stringifySetCookie } from "cookie";
import Joi from "joi";
import type {
  Principal,
  PublicRoute,
  RateLimitRule,
  Reply,
  RequestContext,
} from "../../platform/http/route.ts";
import {
  acceptedLanguages,
  chooseLanguage,
  isLanguage,
  LANGUAGE_COOKIE,
  type Language,
} from "../../presentation/index.ts";
import { accountPages } from "./accounts.ts";
import { eventPages } from "./events.ts";
import { ownPath, readForm, refuseStrangers } from "./forms.ts";
import { plainFrame, problemPage, type ShowPlain, seeOther } from "./page.ts";
import type { PlainDeps } from "./ports.ts";
import { queuePages } from "./queue.ts";

/** What a handler of a plain page gets. */
export interface Visit {
  readonly language: Language;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | undefined>>;
  /** The fields of a form that was sent. */
  readonly form: Readonly<Record<string, string>>;
  readonly cookies: string | undefined;
  readonly address: string;
  /** With the query, for what leads back to it. */
  readonly path: string;
  /** Null when nobody is logged in. */
  readonly fan: Principal | null;
}

export interface PlainRoute {
  readonly method: "get" | "post";
  readonly path: string;
  readonly limit?: RateLimitRule;
  handler(visit: Visit): Promise<Reply> | Reply;
}

const A_YEAR_SECONDS = 365 * 86_400;
const anything = Joi.object().unknown();

export function plainRoutes(deps: PlainDeps): PublicRoute[] {
  const show = plainFrame(deps.built);
  const pages = [
    ...eventPages(deps, show),
    ...queuePages(deps, show),
    ...accountPages(deps, show),
    languagePage,
  ];
  return pages.map((page) => toRoute(page, deps, show));
}

/** Choosing a language is no secret and changes nothing of ours, so a link may do it. */
const languagePage: PlainRoute = {
  method: "get",
  path: "/plain/language",
  handler({ query }) {
    const to = isLanguage(query.to) ? query.to : "en";
    const cookie = stringifySetCookie({
      name: LANGUAGE_COOKIE,
      value: to,
      maxAge: A_YEAR_SECONDS,
      path: "/",
      sameSite: "lax",
    });
    return seeOther(ownPath(query.next), [cookie]);
  },
};

function toRoute(
  { method, path, limit, handler }: PlainRoute,
  deps: PlainDeps,
  show: ShowPlain,
): PublicRoute {
  return {
    method,
    path,
    limit,
    operationId: `plain ${method} ${path}`,
    tag: "Pages",
    summary: "A page without script",
    access: "public",
    params: anything,
    query: anything,
    rawBody: method === "post",
    responses: { 200: { description: "The page.", contentType: "text/html" } },
    errors: [],
    onProblem: (problem, request) =>
      problemPage(show, problem, languageOf(request.headers), ownPath(request.path)),
    async handler({ headers, params, query, rawBody, req }: RequestContext<Visit["params"], Visit["query"]>) {
      if (method === "post") refuseStrangers(headers, headers.host);
      return handler({
        language: languageOf(headers),
        params,
        query,
        form: readForm(headers, rawBody),
        cookies: headers.cookie,
        address: req.ip ?? "unknown",
        path: ownPath(req.originalUrl),
        fan: await deps.sessions.whose(headers.cookie),
      });
    },
  };
}

/** As chosen here, else as the browser says. */
export function languageOf(headers: {
  readonly cookie?: string;
  readonly "accept-language"?: string;
}): Language {
  const chosen = parseCookie(headers.cookie ?? "")[LANGUAGE_COOKIE];
  return isLanguage(chosen) ? chosen : chooseLanguage(acceptedLanguages(headers["accept-language"]));
}
