/** The addresses of the pages and of the files they load. They are no part of the API and stand in no document. */
import { gzipSync } from "node:zlib";
import Joi from "joi";
import { Problem } from "../platform/errors.ts";
import type { PublicRoute, Reply, RequestContext } from "../platform/http/route.ts";
import { uuid } from "../platform/http/schemas.ts";
import { acceptedLanguages, chooseLanguage } from "../presentation/index.ts";
import type { BuiltFile, BuiltPages } from "./built.ts";
import type { About, createEventLookup } from "./events.ts";
import { shell } from "./shell.ts";

interface Page {
  readonly path: string;
  /** Its module below src/web, whose files the HTML names. */
  readonly source: string;
  /** What `:id` names, when the page shows the event it belongs to. */
  readonly about?: About;
  /** The page without script; `:id` stands for the same id. */
  readonly plain?: string;
}

/** The same paths as in src/web/main.tsx, which draws them. */
const PAGES: readonly Page[] = [
  { path: "/", source: "pages/events.tsx", plain: "/plain" },
  { path: "/events/:id", source: "pages/event.tsx", about: "event", plain: "/plain/events/:id" },
  { path: "/queues/:id", source: "queue/page.tsx", about: "queue", plain: "/plain/queues/:id" },
  { path: "/queues/:id/draw", source: "draw-check/page.tsx", about: "queue", plain: "/plain/queues/:id" },
  { path: "/performances/:id/seats", source: "seats/page.tsx", about: "performance" },
  { path: "/checkout/:id", source: "checkout/page.tsx" },
  { path: "/tickets", source: "tickets/page.tsx" },
  { path: "/login", source: "pages/login.tsx", plain: "/plain/login" },
  { path: "/signup", source: "pages/signup.tsx", plain: "/plain/signup" },
];

const A_YEAR = "public, max-age=31536000, immutable";
const anyQuery = Joi.object().unknown();
const idSchema = uuid().required();

export interface PageRouteDeps {
  readonly built: BuiltPages;
  readonly findEvent: ReturnType<typeof createEventLookup>;
}

export function pageRoutes(deps: PageRouteDeps): PublicRoute[] {
  return [...PAGES.map((page) => pageRoute(page, deps)), assetRoute(deps.built)];
}

function pageRoute(page: Page, { built, findEvent }: PageRouteDeps): PublicRoute {
  return {
    method: "get",
    path: page.path,
    operationId: `page ${page.path}`,
    tag: "Pages",
    summary: "A page for fans",
    access: "public",
    params: Joi.object().unknown(),
    query: anyQuery,
    responses: { 200: { description: "The page.", contentType: "text/html" } },
    errors: [],
    async handler({ params, headers, req }: RequestContext<{ id?: string }>) {
      const { error, value: id } = idSchema.validate(params.id);
      const isNamed = page.path.includes(":id");
      const event = page.about && !error ? await quietly(findEvent(page.about, id)) : undefined;
      const missing = isNamed && (Boolean(error) || event === null);
      const whole = shell({
        built,
        source: page.source,
        language: chooseLanguage(acceptedLanguages(headers["accept-language"])),
        event: event ?? null,
        plain: missing ? null : (page.plain?.replace(":id", id) ?? null),
        status: missing ? 404 : 200,
      });
      return req.acceptsEncodings("gzip") === "gzip" ? packed(whole) : whole;
    },
  };
}

/** Two kilobytes take 50 µs, and a slow phone is that much sooner at the script's name. */
function packed({ body, headers, ...reply }: Reply): Reply {
  const vary = `${headers?.Vary}, Accept-Encoding`;
  return {
    ...reply,
    headers: { ...headers, Vary: vary, "Content-Encoding": "gzip" },
    body: gzipSync(String(body)),
  };
}

/** With a store away the page still comes: its script goes on asking. @returns undefined when it can't be known now. */
async function quietly<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch {
    return undefined;
  }
}

function assetRoute({ files }: BuiltPages): PublicRoute {
  return {
    method: "get",
    path: "/assets/:file",
    operationId: "getPageAsset",
    tag: "Pages",
    summary: "A file of the pages",
    access: "public",
    params: Joi.object({ file: Joi.string().required() }),
    query: anyQuery,
    responses: { 200: { description: "The file." } },
    errors: ["NOT_FOUND"],
    handler({ params, req }: RequestContext<{ file: string }>) {
      const file = files.get(params.file);
      // While versions are exchanged, a page of one may ask a server of the other; that answer must not be kept.
      if (!file) throw new Problem("NOT_FOUND");
      return toReply(file, req.acceptsEncodings(["br", "gzip", "identity"]) || "identity");
    },
  };
}

function toReply({ type, forms }: BuiltFile, coding: string): Reply {
  const packed = forms[coding as keyof typeof forms];
  return {
    status: 200,
    headers: {
      "Content-Type": type,
      "Cache-Control": A_YEAR,
      Vary: "Accept-Encoding",
      ...(packed && coding !== "identity" ? { "Content-Encoding": coding } : {}),
    },
    body: packed ?? forms.identity,
  };
}
