/** The public reads: events, a performance, its layout. */
import Joi from "joi";
import { Problem } from "../platform/errors.ts";
import { matchesEtag } from "../platform/http/etag.ts";
import { cutPage, startOf } from "../platform/http/paging.ts";
import type { RequestContext, Route } from "../platform/http/route.ts";
import { type Page, pageOf, pageQuery, uuid } from "../platform/http/schemas.ts";
import type { Layout } from "./layout.ts";
import type { Logo } from "./look.ts";
import { eventView, layoutView, performanceView } from "./schemas.ts";
import type { EventView, PerformanceFacts, PerformanceView, SeatCounts } from "./types.ts";

export interface CatalogReads {
  /** Newest first; at most `limit`, from after `beforeId`. */
  events(limit: number, beforeId: string | null): Promise<EventView[]>;
  event(eventId: string): Promise<EventView | null>;
  logo(eventId: string): Promise<Logo | null>;
  facts(performanceId: string): Promise<PerformanceFacts | null>;
  layout(performanceId: string): Promise<Layout | null>;
  counts(performanceId: string): Promise<SeatCounts>;
}

/** A layout never changes under its version; an hour bounds how long a cache may miss a new version. */
const LAYOUT_CACHING = "public, max-age=3600, immutable";

export function catalogRoutes(reads: CatalogReads): Route[] {
  return [listEvents(reads), getEvent(reads), getLogo(reads), getPerformance(reads), getLayout(reads)];
}

export function toPerformanceView(facts: PerformanceFacts): PerformanceView {
  const { startsAt, layoutVersion, ...rest } = facts;
  return { ...rest, startsAt: startsAt.toISOString() };
}

function listEvents(reads: CatalogReads): Route {
  return {
    method: "get",
    path: "/events",
    operationId: "listEvents",
    tag: "Events",
    summary: "Events with their performances, newest first",
    access: "public",
    query: pageQuery,
    responses: { 200: { description: "A page of events.", schema: pageOf(eventView) } },
    errors: [],
    async handler({ query }: RequestContext<unknown, Page>) {
      const events = await reads.events(query.limit + 1, startOf(query));
      return { status: 200, body: cutPage(events, query.limit) };
    },
  };
}

function getEvent(reads: CatalogReads): Route {
  return {
    method: "get",
    path: "/events/:eventId",
    operationId: "getEvent",
    tag: "Events",
    summary: "An event with its performances",
    access: "public",
    params: Joi.object({ eventId: uuid().required() }),
    responses: { 200: { description: "The event.", schema: eventView } },
    errors: ["NOT_FOUND"],
    async handler({ params }: RequestContext<{ eventId: string }>) {
      return { status: 200, body: found(await reads.event(params.eventId)) };
    },
  };
}

function getLogo(reads: CatalogReads): Route {
  return {
    method: "get",
    path: "/events/:eventId/logo",
    operationId: "getEventLogo",
    tag: "Events",
    summary: "The logo of an event's pages",
    description:
      "An event names the address with its version in `look.logoUrl`; that one may be cached for ever.",
    access: "public",
    params: Joi.object({ eventId: uuid().required() }),
    query: Joi.object({ version: Joi.string().hex().max(64) }),
    responses: { 200: { description: "The image.", schema: Joi.string(), contentType: "image/*" } },
    errors: ["NOT_FOUND"],
    async handler({ params, query }: RequestContext<{ eventId: string }, { version?: string }>) {
      const { type, digest, bytes } = found(await reads.logo(params.eventId));
      const caching = query.version === digest ? "public, max-age=31536000, immutable" : "no-cache";
      return { status: 200, headers: { "Content-Type": type, "Cache-Control": caching }, body: bytes };
    },
  };
}

const performanceParams = Joi.object({ performanceId: uuid().required() });
type PerformanceContext = RequestContext<{ performanceId: string }>;

function getPerformance(reads: CatalogReads): Route {
  return {
    method: "get",
    path: "/performances/:performanceId",
    operationId: "getPerformance",
    tag: "Events",
    summary: "A performance, with how many of its seats are in each state",
    access: "public",
    params: performanceParams,
    responses: { 200: { description: "The performance.", schema: performanceView } },
    errors: ["NOT_FOUND"],
    async handler({ params }: PerformanceContext) {
      const facts = found(await reads.facts(params.performanceId));
      return { status: 200, body: { ...toPerformanceView(facts), counts: await reads.counts(facts.id) } };
    },
  };
}

function getLayout(reads: CatalogReads): Route {
  return {
    method: "get",
    path: "/performances/:performanceId/layout",
    operationId: "getLayout",
    tag: "Events",
    summary: "Where every seat is and what it costs",
    description:
      "Never changes under its version, so keep it. Seats come in the order of their ordinals. Coordinates are whole centimetres: x to the right of the stage's middle line as the audience sees it, y away from the stage.",
    access: "public",
    params: performanceParams,
    requestHeaders: Joi.object({ "if-none-match": Joi.string() }),
    responses: {
      200: {
        description: "The layout.",
        schema: layoutView,
        headers: { ETag: "weak: of the content, compressed or not", "Cache-Control": LAYOUT_CACHING },
      },
      304: { description: "The copy named by If-None-Match is the current one." },
    },
    errors: ["NOT_FOUND"],
    async handler({ params, headers, req }: PerformanceContext) {
      const layout = found(await reads.layout(params.performanceId));
      const caching = { ETag: layout.etag, "Cache-Control": LAYOUT_CACHING, Vary: "Accept-Encoding" };
      if (matchesEtag(headers["if-none-match"], layout.etag)) return { status: 304, headers: caching };
      const packed = req.acceptsEncodings("gzip") === "gzip";
      return {
        status: 200,
        headers: {
          ...caching,
          "Content-Type": "application/json; charset=utf-8",
          ...(packed ? { "Content-Encoding": "gzip" } : {}),
        },
        body: packed ? layout.gzip : layout.json,
      };
    },
  };
}

function found<T>(value: T | null): T {
  if (value === null) throw new Problem("NOT_FOUND");
  return value;
}
