/** The draw over HTTP: everything that is needed to check it, and nothing before its time. */
import Joi from "joi";
import { Problem } from "../../platform/errors.ts";
import type { AuthenticatedContext, RequestContext, Route } from "../../platform/http/route.ts";
import { uuid } from "../../platform/http/schemas.ts";
import type { Draws } from "./proofs.ts";
import { drawProof, drawRecord } from "./schemas.ts";

interface Params {
  readonly queueId: string;
}

const params = Joi.object({ queueId: uuid().required() });
const TAG = "Draw";
/** Nothing of a draw changes once it is published. */
const cacheFor = (isOver: boolean) => (isOver ? "public, max-age=86400, immutable" : "public, max-age=1");

export function drawRoutes(draws: Draws): Route[] {
  return [
    {
      method: "get",
      path: "/queues/:queueId/draw",
      operationId: "getDraw",
      tag: TAG,
      summary: "The draw: what was fixed when, and at last the seed",
      description:
        "Public. The commitment stands from the making of the queue; root, public value and seed are null until known, and never change afterwards.",
      access: "public",
      params,
      responses: { 200: { description: "The draw", schema: drawRecord } },
      errors: ["NOT_FOUND"],
      async handler({ params: { queueId } }: RequestContext<Params>) {
        const body = await draws.record(queueId);
        if (!body) throw new Problem("NOT_FOUND");
        return { status: 200, body, headers: { "Cache-Control": cacheFor(body.seed !== null) } };
      },
    },
    {
      method: "get",
      path: "/queues/:queueId/draw/entries",
      operationId: "listDrawEntries",
      tag: TAG,
      summary: "The whole order as it was drawn",
      description:
        'Public. One JSON text a line, `{"place":1,"ticketId":"…"}`, first place first; the list is these tickets sorted by ticketId. Sent no faster than it is read; a complete answer has as many lines as `counts.entries` says.',
      access: "public",
      params,
      limit: { name: "draw", limit: 20, windowSeconds: 60, by: "address" },
      responses: {
        200: { description: "The order", schema: Joi.string(), contentType: "application/x-ndjson" },
      },
      errors: ["NOT_FOUND", "NOT_DRAWN"],
      async handler({ params: { queueId } }: RequestContext<Params>) {
        const body = await draws.entries(queueId);
        if (!body) throw new Problem((await draws.record(queueId)) ? "NOT_DRAWN" : "NOT_FOUND");
        const headers = {
          "Content-Type": "application/x-ndjson; charset=utf-8",
          "Cache-Control": cacheFor(true),
        };
        return { status: 200, body, headers };
      },
    },
    {
      method: "get",
      path: "/queues/:queueId/tickets/me/proof",
      operationId: "getMyDrawProof",
      tag: TAG,
      summary: "The proof that one's own ticket was on the list",
      description: "A Merkle audit path of RFC 9162 from the ticket to the draw's root.",
      access: "account",
      params,
      limit: { name: "proof", limit: 30, windowSeconds: 60, by: "account" },
      responses: { 200: { description: "The proof", schema: drawProof } },
      errors: ["NO_TICKET", "NOT_DRAWN", "NOT_IN_DRAW", "REBUILDING"],
      async handler({ params: { queueId }, principal }: AuthenticatedContext<Params>) {
        const outcome = await draws.proof(queueId, principal.userId);
        if (!outcome.ok) throw new Problem(outcome.reason);
        return { status: 200, body: outcome.proof, headers: { "Cache-Control": "no-store" } };
      },
    },
  ];
}
