/** Settings, controls and figures of a queue. */
import { Problem } from "../../platform/errors.ts";
import { versionEtag, versionsIn } from "../../platform/http/etag.ts";
import type { Route } from "../../platform/http/route.ts";
import { type QueuePatch, queuePatchSchema, queueSettingsView } from "../../queue/settings.ts";
import type { Actor } from "../audit.ts";
import type { NewLane, NoticeTexts } from "../ports.ts";
import type { QueueControls } from "../queue-controls.ts";
import { idParams, ifMatchHeader, madeLane, newLane, notice, statsView } from "../schemas.ts";
import type { ReadStatistics } from "../statistics.ts";
import { type ActorOf, type ById, found, NO_CONTENT, TAG } from "./context.ts";

const settingsAnswer = {
  description: "The settings.",
  schema: queueSettingsView(),
  headers: { ETag: "the version of the settings" },
};

export function queueRoutes(
  controls: QueueControls,
  statistics: ReadStatistics,
  actorOf: ActorOf,
  limits: boolean,
): Route[] {
  return [
    {
      method: "get",
      path: "/operator/queues/:id",
      operationId: "getQueueSettings",
      tag: TAG,
      summary: "A queue's settings",
      access: "operator",
      params: idParams,
      responses: { 200: settingsAnswer },
      errors: ["NOT_FOUND"],
      async handler({ params }: ById) {
        const { settings, version } = found(await controls.settingsOf(params.id));
        return { status: 200, headers: { ETag: versionEtag(version) }, body: settings };
      },
    },
    {
      method: "patch",
      path: "/operator/queues/:id",
      operationId: "changeQueueSettings",
      tag: TAG,
      summary: "Change a queue's settings",
      description: "Any of them; in force within one tick. A null takes `lobbyOpensAt` or `closesAt` away.",
      access: "operator",
      params: idParams,
      requestHeaders: ifMatchHeader,
      body: queuePatchSchema(limits),
      responses: { 200: settingsAnswer },
      errors: ["NOT_FOUND", "VALIDATION_FAILED", "VERSION_MISMATCH"],
      async handler({ principal, params, body, headers }: ById<QueuePatch>) {
        const versions = versionsIn(headers["if-match"]);
        const outcome = await controls.changeSettings(await actorOf(principal), params.id, body, versions);
        if (!outcome.ok)
          throw new Problem(outcome.reason, { detail: outcome.detail, errors: outcome.errors });
        return { status: 200, headers: { ETag: versionEtag(outcome.version) }, body: outcome.after };
      },
    },
    control(
      "pause",
      "Stop admissions",
      "Joins go on, those inside go on, grace and arrival clocks stand.",
      actorOf,
      controls.pause,
    ),
    control("resume", "Admit again", "Takes a pause back.", actorOf, controls.resume),
    control(
      "close",
      "Close the queue",
      "No join and no admission any more; waiting tickets end, those inside finish.",
      actorOf,
      controls.close,
    ),
    {
      method: "put",
      path: "/operator/queues/:id/notice",
      operationId: "setQueueNotice",
      tag: TAG,
      summary: "Tell every waiting fan something",
      description: "An empty `texts` takes the notice down.",
      access: "operator",
      params: idParams,
      body: notice,
      responses: { 204: { description: "The notice is on its way." } },
      errors: ["NOT_FOUND"],
      async handler({ principal, params, body: { texts } }: ById<{ texts: NoticeTexts }>) {
        const shown = Object.keys(texts).length > 0 ? texts : null;
        if (!(await controls.setNotice(await actorOf(principal), params.id, shown)))
          throw new Problem("NOT_FOUND");
        return NO_CONTENT;
      },
    },
    {
      method: "post",
      path: "/operator/queues/:id/lanes",
      operationId: "addLane",
      tag: TAG,
      summary: "Open a priority lane by codes",
      description: "An existing name gets the share named now and further codes.",
      access: "operator",
      params: idParams,
      body: newLane,
      responses: { 201: { description: "The codes.", schema: madeLane } },
      errors: ["NOT_FOUND", "VALIDATION_FAILED"],
      async handler({ principal, params, body }: ById<NewLane>) {
        const made = await controls.addLane(await actorOf(principal), params.id, body);
        if (!made.ok) throw new Problem(made.reason, "errors" in made ? { errors: made.errors } : {});
        const { name, share } = body;
        return {
          status: 201,
          headers: { "Cache-Control": "no-store" },
          body: { name, share, codes: made.codes },
        };
      },
    },
    {
      method: "get",
      path: "/operator/queues/:id/stats",
      operationId: "getQueueStats",
      tag: TAG,
      summary: "A queue's figures now",
      access: "operator",
      params: idParams,
      responses: { 200: { description: "The figures.", schema: statsView } },
      errors: ["NOT_FOUND"],
      async handler({ params }: ById) {
        return {
          status: 200,
          headers: { "Cache-Control": "no-store" },
          body: found(await statistics(params.id)),
        };
      },
    },
  ];
}

function control(
  verb: "pause" | "resume" | "close",
  summary: string,
  description: string,
  actorOf: ActorOf,
  run: (actor: Actor, queueId: string) => Promise<boolean>,
): Route {
  return {
    method: "post",
    path: `/operator/queues/:id/${verb}`,
    operationId: `${verb}Queue`,
    tag: TAG,
    summary,
    description: `${description} Idempotent.`,
    access: "operator",
    params: idParams,
    responses: { 204: { description: "It is so." } },
    errors: ["NOT_FOUND"],
    async handler({ principal, params }: ById) {
      if (!(await run(await actorOf(principal), params.id))) throw new Problem("NOT_FOUND");
      return NO_CONTENT;
    },
  };
}
