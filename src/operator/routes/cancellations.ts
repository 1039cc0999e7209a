/** Calling a performance off, and how far that has come. */
import { Problem } from "../../platform/errors.ts";
import type { Route } from "../../platform/http/route.ts";
import type { PerformanceCancellations } from "../cancellations.ts";
import type { CancellationProgress } from "../ports.ts";
import { cancellation, cancellationBody, idParams } from "../schemas.ts";
import { type ActorOf, type ById, TAG } from "./context.ts";

export function cancellationRoutes(cancellations: PerformanceCancellations, actorOf: ActorOf): Route[] {
  return [
    {
      method: "post",
      path: "/operator/performances/:id/cancel",
      operationId: "cancelPerformance",
      tag: TAG,
      summary: "Call a performance off",
      description:
        "Closes its queue at once; then its seats go off sale, its holds end, and everybody has their money back, used tickets included. Goes on by itself after any crash. Idempotent: the first reason stands. See `Location` for how far it has come.",
      access: "operator",
      params: idParams,
      body: cancellationBody,
      responses: {
        202: {
          description: "It is called off; the refunds are on their way.",
          schema: cancellation,
          headers: { Location: "how far it has come" },
        },
      },
      errors: ["NOT_FOUND", "BUSY"],
      async handler({ principal, params, body }: ById<{ reason: string }>) {
        const progress = await cancellations.cancel(await actorOf(principal), params.id, body.reason);
        if (!progress) throw new Problem("NOT_FOUND");
        const Location = `/api/v1/operator/performances/${params.id}/cancellation`;
        return { status: 202, headers: { Location }, body: toView(progress) };
      },
    },
    {
      method: "get",
      path: "/operator/performances/:id/cancellation",
      operationId: "getCancellation",
      tag: TAG,
      summary: "How far a cancelled performance has come",
      access: "operator",
      params: idParams,
      responses: { 200: { description: "What is done, and what is left.", schema: cancellation } },
      errors: ["NOT_FOUND"],
      async handler({ params }: ById) {
        const progress = await cancellations.progress(params.id);
        if (!progress) throw new Problem("NOT_FOUND");
        return { status: 200, headers: { "Cache-Control": "no-store" }, body: toView(progress) };
      },
    },
  ];
}

function toView({ requestedAt, finishedAt, ...rest }: CancellationProgress): object {
  return { ...rest, requestedAt: requestedAt.toISOString(), finishedAt: finishedAt?.toISOString() ?? null };
}
