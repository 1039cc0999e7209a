/** The waiting room over HTTP. */
import { Problem } from "../platform/errors.ts";
import type { AuthenticatedContext, Reply, RequestContext, Route } from "../platform/http/route.ts";
import { claimView, joinBody, keySet, queueParams, queueStatus, ticketView, turnLength } from "./schemas.ts";
import type { createStatus } from "./status.ts";
import type { ViewResult, WaitingRoom } from "./waiting-room.ts";

interface QueueParams {
  readonly queueId: string;
}
type Account = AuthenticatedContext<QueueParams>;

const NO_STORE = { "Cache-Control": "no-store" };
const TAG = "Queue";
const STATUS_HEADERS = {
  "Cache-Control": "public, max-age=1",
  "Content-Type": "application/json; charset=utf-8",
};

function statusReply(body: string | null): Reply {
  if (body === null) throw new Problem("NOT_FOUND");
  return { status: 200, body, headers: STATUS_HEADERS };
}

function viewReply(outcome: ViewResult): Reply {
  if (!outcome.ok) throw new Problem(outcome.reason);
  return { status: 200, body: outcome.view, headers: NO_STORE };
}

/** So that an edge proxy can check a pass without asking us. */
export function keyRoute(jwks: { readonly keys: readonly object[] }): Route {
  return {
    method: "get",
    path: "/.well-known/jwks.json",
    operationId: "getPassKeys",
    tag: TAG,
    summary: "The keys that verify passes",
    access: "public",
    responses: { 200: { description: "A JSON Web Key Set", schema: keySet } },
    errors: [],
    handler: () => ({ status: 200, body: jwks, headers: { "Cache-Control": "public, max-age=300" } }),
  };
}

export function queueRoutes(room: WaitingRoom, status: ReturnType<typeof createStatus>): Route[] {
  return [
    {
      method: "get",
      path: "/queues/:queueId",
      operationId: "getQueue",
      tag: TAG,
      summary: "The queue at one look",
      description: "Public; at most one second old.",
      access: "public",
      params: queueParams,
      responses: { 200: { description: "The queue", schema: queueStatus } },
      errors: [],
      handler({ params }: RequestContext<QueueParams>): Reply | Promise<Reply> {
        const json = status.statusJson(params.queueId);
        return json instanceof Promise ? json.then(statusReply) : statusReply(json);
      },
    },
    {
      method: "get",
      path: "/queues/:queueId/turn",
      operationId: "getTurnLength",
      tag: TAG,
      summary: "How long a turn is",
      description: "Public, so that a fan knows it before it begins.",
      access: "public",
      params: queueParams,
      responses: { 200: { description: "The two spans", schema: turnLength } },
      errors: [],
      async handler({ params }: RequestContext<QueueParams>): Promise<Reply> {
        const body = await status.turn(params.queueId);
        if (!body) throw new Problem("NOT_FOUND");
        return { status: 200, body, headers: { "Cache-Control": "public, max-age=10" } };
      },
    },
    {
      method: "post",
      path: "/queues/:queueId/tickets",
      operationId: "joinQueue",
      tag: TAG,
      summary: "Join the line",
      description:
        "An account has one place: joining again, from wherever, answers the same one. A `ticket` of an earlier epoch, whose join was lost with our store, is honoured at its own sequence; one that was used, left, expired or removed is ignored.",
      access: "account",
      params: queueParams,
      body: joinBody,
      bodyOptional: true,
      limit: { name: "join", limit: 60, windowSeconds: 60, by: "account" },
      responses: {
        200: { description: "This account already has a place", schema: ticketView },
        201: { description: "Joined", schema: ticketView },
      },
      errors: [
        "QUEUE_NOT_OPEN",
        "QUEUE_CLOSED",
        "SOLD_OUT",
        "CODE_INVALID",
        "CODE_USED",
        "REMOVED",
        "REBUILDING",
        "BUSY",
      ],
      async handler({
        params,
        principal,
        body,
      }: AuthenticatedContext<QueueParams, unknown, { code?: string; ticket?: string }>) {
        const { code = null, ticket = null } = body;
        const outcome = await room.join(params.queueId, principal.userId, code, ticket);
        if (!outcome.ok) throw new Problem(outcome.reason);
        return { status: outcome.isNew ? 201 : 200, body: outcome.view, headers: NO_STORE };
      },
    },
    {
      method: "get",
      path: "/queues/:queueId/tickets/me",
      operationId: "getTicket",
      tag: TAG,
      summary: "My place",
      description:
        "For clients that poll: wait `pollAfterSeconds` between two calls. Polling counts as being present.",
      access: "account",
      params: queueParams,
      responses: { 200: { description: "The place", schema: ticketView } },
      errors: ["NO_TICKET", "REBUILDING"],
      handler({ params, principal }: Account): Reply | Promise<Reply> {
        const outcome = room.view(params.queueId, principal.userId);
        return outcome instanceof Promise ? outcome.then(viewReply) : viewReply(outcome);
      },
    },
    {
      method: "post",
      path: "/queues/:queueId/tickets/me/claim",
      operationId: "claimAdmission",
      tag: TAG,
      summary: "Arrive: turn the admission into a pass",
      description: "Idempotent: the same pass for as long as the session lives.",
      access: "account",
      params: queueParams,
      responses: { 200: { description: "The pass", schema: claimView } },
      errors: ["NO_TICKET", "NOT_ADMITTED", "ADMISSION_EXPIRED", "REBUILDING"],
      async handler({ params, principal }: Account) {
        const outcome = await room.claim(params.queueId, principal.userId);
        if (!outcome.ok) throw new Problem(outcome.reason);
        const { ok: _ok, ...body } = outcome;
        return { status: 200, body, headers: NO_STORE };
      },
    },
    {
      method: "delete",
      path: "/queues/:queueId/tickets/me",
      operationId: "leaveQueue",
      tag: TAG,
      summary: "Leave the line or give up the admission",
      description: "Idempotent. Seats held under the admission are given back.",
      access: "account",
      params: queueParams,
      responses: { 204: { description: "The place is gone" } },
      errors: ["PAYMENT_IN_PROGRESS", "REBUILDING"],
      async handler({ params, principal }: Account) {
        const outcome = await room.leave(params.queueId, principal.userId);
        if (!outcome.ok) throw new Problem(outcome.reason);
        return { status: 204 };
      },
    },
  ];
}
