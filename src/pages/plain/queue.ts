/** The waiting room without script: a form to join, and a page that asks for itself again. */
import { Problem } from "../../platform/errors.ts";
import type { Reply } from "../../platform/http/route.ts";
import { formatDateTime, formatDuration, inLanguage, queueTexts, wordsOf } from "../../presentation/index.ts";
import { html } from "../html.ts";
import { idOf } from "./events.ts";
import { type ShowPlain, seeOther } from "./page.ts";
import { placeCard } from "./place-card.ts";
import type { PlainDeps } from "./ports.ts";
import type { PlainRoute, Visit } from "./routes.ts";

/** Nobody's place is worth guarding by hundreds of forms a minute from one address. */
const LIMIT = { limit: 120, windowSeconds: 60, by: "address" } as const;
/** Who asks within `2 × pollAfterSeconds + 5 s` counts as present; this stays well within it. */
const refreshAfter = (pollAfterSeconds: number) => pollAfterSeconds + 4;
const WITHOUT_PLACE_SECONDS = 15;
const LIVE = new Set(["lobby", "waiting", "deferred", "admitted", "inside"]);
/** What the page itself explains. */
const EXPLAINED = new Set(["QUEUE_NOT_OPEN", "QUEUE_CLOSED", "SOLD_OUT", "NO_TICKET", "NOT_ADMITTED"]);

export function queuePages(deps: PlainDeps, show: ShowPlain): PlainRoute[] {
  const { queue } = deps;

  async function waitingRoom(visit: Visit): Promise<Reply> {
    const { language, params, query, fan } = visit;
    const id = idOf(params);
    const [status, turn, event] = await Promise.all([
      queue.status(id),
      queue.turn(id),
      deps.findEvent("queue", id),
    ]);
    if (!status || !turn || !event) throw new Problem("NOT_FOUND");
    const mine = fan && (await queue.room.view(id, fan.userId));
    if (mine && !mine.ok && mine.reason !== "NO_TICKET") throw toProblem(mine.reason);
    const ticket = mine?.ok ? mine.view : null;
    const texts = queueTexts[language];
    const { title, venue, waiting } = wordsOf(event, language);
    const performance = event.performances.find(({ queueId }) => queueId === id);
    const notice = inLanguage(status.notice, language);
    const isLive = ticket !== null && LIVE.has(ticket.state);
    const isTurn = ticket?.state === "admitted" || ticket?.state === "inside";
    const isOver = !isLive && (status.phase === "sold_out" || status.phase === "closed");
    const seconds = isLive ? refreshAfter(ticket.pollAfterSeconds) : isOver ? null : WITHOUT_PLACE_SECONDS;
    const isStill = query.still !== undefined;
    const path = `/plain/queues/${id}`;
    const body = html`<h1>${title}</h1>
<p class="lead">${venue}${performance && html` · ${formatDateTime(performance.startsAt, language, event.look?.timeZone)}`}</p>
${notice && html`<div class="notice"><p class="label">${texts.organiser}</p><p lang="${notice.language}">${notice.text}</p></div>`}
${query.refused === "removed" && html`<div class="notice problem" role="alert"><p>${texts.removed}</p></div>`}
${query.refused === "paying" && html`<div class="notice problem" role="alert"><p>${texts.paymentRunning}</p></div>`}
${isLive && waiting && html`<p class="description">${waiting}</p>`}
${placeCard({ status, ticket, language, path, isLoggedIn: fan !== null, maxSeatsPerFan: performance?.maxSeatsPerFan ?? 1, timeZone: event.look?.timeZone ?? "UTC" })}
${isLive && !isTurn && html`<p>${texts.keepPlace}</p>`}
${!isOver && !isTurn && html`<p>${texts.turnLasts(formatDuration(turn.arrivalSeconds, language), formatDuration(turn.sessionSeconds, language))}</p>`}
${!isOver && html`<p class="notice">${isTurn ? texts.plainSeatsNow : texts.plainSeats}</p>`}
${
  seconds !== null &&
  html`<p>${isStill ? texts.plainStill : texts.plainRefresh(formatDuration(seconds, language))}
<a href="${path}${isStill ? "" : "?still"}">${isStill ? texts.plainGoOn : texts.plainStop}</a></p>
<p><a class="button quiet" href="${path}${isStill ? "?still" : ""}">${texts.refresh}</a></p>`
}`;
    return show({
      language,
      title: ticket?.state === "admitted" ? texts.tabTurn(title) : title,
      path,
      event,
      isLoggedIn: fan !== null,
      refreshSeconds: isStill ? null : seconds,
      body,
    });
  }

  /** A form that changes something for a fan, and then shows the waiting room again. */
  function action(
    verb: string,
    act: (queueId: string, userId: string) => Promise<string | null>,
  ): PlainRoute {
    return {
      method: "post",
      path: `/plain/queues/:id/${verb}`,
      limit: { name: `plain-${verb}`, ...LIMIT },
      async handler({ params, fan }) {
        const id = idOf(params);
        const path = `/plain/queues/${id}`;
        if (!fan) return seeOther(`/plain/login?next=${encodeURIComponent(path)}`);
        const refusal = await act(id, fan.userId);
        if (refusal === null || EXPLAINED.has(refusal)) return seeOther(path);
        if (refusal === "REMOVED") return seeOther(`${path}?refused=removed`);
        if (refusal === "PAYMENT_IN_PROGRESS") return seeOther(`${path}?refused=paying`);
        throw toProblem(refusal);
      },
    };
  }
  const reasonOf = (outcome: { readonly ok: boolean; readonly reason?: string }) =>
    outcome.ok ? null : (outcome.reason ?? "INTERNAL");

  return [
    { method: "get", path: "/plain/queues/:id", handler: waitingRoom },
    action("join", async (id, userId) => reasonOf(await queue.room.join(id, userId, null))),
    action("claim", async (id, userId) => reasonOf(await queue.room.claim(id, userId))),
    action("leave", async (id, userId) => reasonOf(await queue.room.leave(id, userId))),
  ];
}

function toProblem(reason: string): Problem {
  return new Problem(reason === "NOT_FOUND" || reason === "BUSY" ? reason : "REBUILDING");
}
