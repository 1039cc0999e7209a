/** Removing a ticket from a queue, and taking that back. */
import { Problem } from "../../platform/errors.ts";
import type { AuthenticatedContext, Reply, Route } from "../../platform/http/route.ts";
import type { TicketOutcome } from "../ports.ts";
import { removal, ticketParams } from "../schemas.ts";
import type { TicketControls } from "../ticket-controls.ts";
import { type ActorOf, NO_CONTENT, TAG } from "./context.ts";

type TicketContext<Body = unknown> = AuthenticatedContext<{ id: string; ticketId: string }, unknown, Body>;

export function ticketRoutes(tickets: TicketControls, actorOf: ActorOf): Route[] {
  return [
    {
      method: "post",
      path: "/operator/queues/:id/tickets/:ticketId/remove",
      operationId: "removeTicket",
      tag: TAG,
      summary: "Remove a fan from the queue",
      description:
        "Ends the ticket and bars its account from this queue until it is readmitted. What it holds is given back at once; what is being paid, if that fails. Idempotent: after a 503 ask again, since half of it may be done.",
      access: "operator",
      params: ticketParams,
      body: removal,
      responses: { 204: { description: "It is removed." } },
      errors: ["NOT_FOUND", "QUEUE_UNAVAILABLE", "REBUILDING", "BUSY"],
      async handler({ principal, params: { id, ticketId }, body }: TicketContext<{ reason: string }>) {
        return answer(await tickets.remove(await actorOf(principal), id, ticketId, body.reason));
      },
    },
    {
      method: "post",
      path: "/operator/queues/:id/tickets/:ticketId/readmit",
      operationId: "readmitTicket",
      tag: TAG,
      summary: "Let a removed fan join again",
      description: "The account may join again; it gets a new ticket at the end. Idempotent.",
      access: "operator",
      params: ticketParams,
      responses: { 204: { description: "The account may join again." } },
      errors: ["NOT_FOUND", "QUEUE_UNAVAILABLE", "REBUILDING"],
      async handler({ principal, params: { id, ticketId } }: TicketContext) {
        return answer(await tickets.readmit(await actorOf(principal), id, ticketId));
      },
    },
  ];
}

function answer(outcome: TicketOutcome): Reply {
  if (!outcome.ok) throw new Problem(outcome.reason);
  return NO_CONTENT;
}
