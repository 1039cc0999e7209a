/** The route of the gate's scanners. */
import { Problem } from "../../platform/errors.ts";
import type { AuthenticatedContext, Route } from "../../platform/http/route.ts";
import type { CheckIns } from "../check-ins.ts";
import { checkedInTicket, checkInBody } from "../schemas.ts";
import { type ActorOf, TAG } from "./context.ts";

export function checkInRoutes(checkIns: CheckIns, actorOf: ActorOf): Route[] {
  return [
    {
      method: "post",
      path: "/operator/check-ins",
      operationId: "checkIn",
      tag: TAG,
      summary: "Admit a ticket at the gate, once",
      description:
        "A code that was used before is 409 `ALREADY_CHECKED_IN`, with `checkedInAt`; one that was refunded, or that is none of ours, is 404. A ticket that was used can't be refunded any more.",
      access: "gate",
      body: checkInBody,
      responses: { 201: { description: "Let them in.", schema: checkedInTicket } },
      errors: ["NOT_FOUND", "ALREADY_CHECKED_IN", "BUSY"],
      async handler({ principal, body }: AuthenticatedContext<unknown, unknown, { code: string }>) {
        const outcome = await checkIns.checkIn(await actorOf(principal), body.code);
        if (outcome.ok)
          return { status: 201, body: outcome.checkedIn, headers: { "Cache-Control": "no-store" } };
        if (outcome.reason === "NOT_FOUND") throw new Problem("NOT_FOUND");
        throw new Problem("ALREADY_CHECKED_IN", {
          extensions: { checkedInAt: outcome.checkedInAt.toISOString() },
        });
      },
    },
  ];
}
