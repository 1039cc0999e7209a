/** POST /operator/events and the performances below them. */
import {
  eventView,
  type LookRequest,
  lookSchema,
  type NewEvent,
  toPerformanceView,
} from "../../catalog/index.ts";
import { Problem } from "../../platform/errors.ts";
import type { AuthenticatedContext, Route } from "../../platform/http/route.ts";
import type { PerformanceRequest, Productions } from "../productions.ts";
import { createdPerformance, idParams, newEvent, newPerformance } from "../schemas.ts";
import { type ActorOf, type ById, TAG } from "./context.ts";

export function productionRoutes(productions: Productions, actorOf: ActorOf, limits: boolean): Route[] {
  return [
    {
      method: "post",
      path: "/operator/events",
      operationId: "createEvent",
      tag: TAG,
      summary: "Create an event",
      access: "operator",
      body: newEvent,
      responses: {
        201: { description: "The event.", schema: eventView, headers: { Location: "of the event" } },
      },
      errors: [],
      async handler({ principal, body }: AuthenticatedContext<unknown, unknown, NewEvent>) {
        const event = await productions.createEvent(await actorOf(principal), body);
        return { status: 201, headers: { Location: `/api/v1/events/${event.id}` }, body: event };
      },
    },
    {
      method: "put",
      path: "/operator/events/:id/look",
      operationId: "setEventLook",
      tag: TAG,
      summary: "How the pages of an event look, and what they say in each language",
      description: "Takes the place of the look there was; only the logo stays when it is left out.",
      access: "operator",
      params: idParams,
      body: lookSchema,
      responses: { 200: { description: "The event.", schema: eventView } },
      errors: ["NOT_FOUND", "VALIDATION_FAILED"],
      async handler({ principal, params, body }: ById<LookRequest>) {
        const outcome = await productions.setLook(await actorOf(principal), params.id, body);
        if (outcome.ok) return { status: 200, body: outcome.event };
        throw new Problem(
          outcome.reason,
          outcome.reason === "VALIDATION_FAILED" ? { errors: outcome.errors } : {},
        );
      },
    },
    {
      method: "post",
      path: "/operator/events/:id/performances",
      operationId: "createPerformance",
      tag: TAG,
      summary: "Create a performance with its seats and its queue",
      description:
        "Makes every seat: `rows` rows named A, B, … Z, AA, … of `seatsPerRow` seats numbered from 1, for each section; 1 to 50,000 in all.",
      access: "operator",
      params: idParams,
      body: newPerformance(limits),
      responses: {
        201: {
          description: "The performance, with its queue's settings.",
          schema: createdPerformance,
          headers: { Location: "of the performance" },
        },
      },
      errors: ["NOT_FOUND", "VALIDATION_FAILED"],
      async handler({ principal, params, body }: ById<PerformanceRequest>) {
        const outcome = await productions.createPerformance(await actorOf(principal), params.id, body);
        if (!outcome.ok) {
          throw new Problem(
            outcome.reason,
            outcome.reason === "VALIDATION_FAILED" ? { errors: outcome.errors } : {},
          );
        }
        const { performance, settings } = outcome;
        const counts = { available: performance.seatCount, held: 0, occupied: 0, blocked: 0 };
        return {
          status: 201,
          headers: { Location: `/api/v1/performances/${performance.id}` },
          body: { ...toPerformanceView(performance), counts, queue: settings },
        };
      },
    },
  ];
}
