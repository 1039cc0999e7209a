/** Blocking seats and putting them back on sale. */
import { Problem, type ProblemOptions } from "../../platform/errors.ts";
import type { Route } from "../../platform/http/route.ts";
import { changedSeats, idParams, seatChange } from "../schemas.ts";
import type { SeatControls, SeatsOutcome } from "../seat-controls.ts";
import { type ActorOf, type ById, TAG } from "./context.ts";

type SeatChangeBody = { seatIds: string[]; reason: string };

export function seatRoutes(seats: SeatControls, actorOf: ActorOf): Route[] {
  const change = (verb: "block" | "unblock", summary: string): Route => ({
    method: "post",
    path: `/operator/performances/:id/seats/${verb}`,
    operationId: `${verb}Seats`,
    tag: TAG,
    summary,
    description: "All of them or none. A seat that already is in the wanted state counts as done.",
    access: "operator",
    params: idParams,
    body: seatChange,
    responses: { 200: { description: "The seats as they are now.", schema: changedSeats } },
    errors: ["NOT_FOUND", "VALIDATION_FAILED", "SEATS_IN_USE"],
    async handler({ principal, params, body }: ById<SeatChangeBody>) {
      const outcome = await seats.change(await actorOf(principal), params.id, {
        block: verb === "block",
        ...body,
      });
      if (!outcome.ok) throw new Problem(outcome.reason, detailsOf(outcome));
      return { status: 200, body: { seats: outcome.seats } };
    },
  });
  return [change("block", "Take seats off sale"), change("unblock", "Put blocked seats back on sale")];
}

function detailsOf(refusal: Exclude<SeatsOutcome, { ok: true }>): ProblemOptions {
  if (refusal.reason === "SEATS_IN_USE") return { extensions: { seats: refusal.seats } };
  return refusal.reason === "VALIDATION_FAILED" ? { errors: refusal.errors } : {};
}
