/** `GET /performances/{id}/availability`: the map and its position, from memory. */
import Joi from "joi";
import { Problem } from "../platform/errors.ts";
import { matchesEtag } from "../platform/http/etag.ts";
import type { Reply, RequestContext, Route } from "../platform/http/route.ts";
import { timestamp, uuid } from "../platform/http/schemas.ts";
import type { Copies } from "./copies.ts";
import type { Copy } from "./copy.ts";

/** Shared caches may keep it but must ask: what a client reads after a gap must not be older than the gap. */
const CACHING = "public, no-cache";

const count = () => Joi.number().integer().min(0).required();

export const availabilityView = Joi.object({
  epoch: Joi.number().integer().required().description("changes when the copy is made anew"),
  seq: Joi.number().integer().min(0).required().description("rises by one with each delta of the epoch"),
  asOf: timestamp().required().description("when it was last confirmed against the database"),
  counts: Joi.object({ available: count(), held: count(), occupied: count(), blocked: count() }).required(),
  seats: Joi.string()
    .pattern(/^[AHOB]*$/)
    .allow("")
    .required()
    .description("one letter a seat in ordinal order: A AVAILABLE, H HELD, O OCCUPIED, B BLOCKED"),
});

export interface AvailabilityOptions {
  readonly copies: Copies;
  /** Null when there is no such performance. */
  facts(performanceId: string): Promise<object | null>;
}

export function availabilityRoutes({ copies, facts }: AvailabilityOptions): Route[] {
  async function load(performanceId: string): Promise<Copy> {
    if (!(await facts(performanceId))) throw new Problem("NOT_FOUND");
    return copies.get(performanceId);
  }

  return [
    {
      method: "get",
      path: "/performances/:performanceId/availability",
      operationId: "getAvailability",
      tag: "Seats",
      summary: "The state of every seat, in one letter each",
      description:
        "Read it once, then follow the feed `/ws/v1/performances/{performanceId}/seats`: a delta applies when its epoch is the same and its seq is one more. On a gap or another epoch, read it again.",
      access: "public",
      params: Joi.object({ performanceId: uuid().required() }),
      requestHeaders: Joi.object({ "if-none-match": Joi.string() }),
      responses: {
        200: {
          description: "The map.",
          schema: availabilityView,
          headers: { ETag: "of the epoch and the seq", "Cache-Control": CACHING },
        },
        304: { description: "The copy named by If-None-Match is the current one." },
      },
      errors: ["NOT_FOUND"],
      handler({ params: { performanceId }, headers }: RequestContext<{ performanceId: string }>) {
        const ifNoneMatch = headers["if-none-match"];
        const copy = copies.peek(performanceId);
        return copy
          ? answer(copy, ifNoneMatch)
          : load(performanceId).then((loaded) => answer(loaded, ifNoneMatch));
      },
    },
  ];
}

function answer(copy: Copy, ifNoneMatch: string | undefined): Reply {
  const caching = { ETag: copy.etag, "Cache-Control": CACHING };
  if (matchesEtag(ifNoneMatch, copy.etag)) return { status: 304, headers: caching };
  return {
    status: 200,
    headers: { ...caching, "Content-Type": "application/json; charset=utf-8" },
    body: copy.body(),
  };
}
