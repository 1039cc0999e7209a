/** The list of events and one of them, without script. */
import { Problem } from "../../platform/errors.ts";
import { uuid } from "../../platform/http/schemas.ts";
import { eventTexts, formatDateTime, formatNumber, wordsOf } from "../../presentation/index.ts";
import { html } from "../html.ts";
import type { ShowPlain } from "./page.ts";
import type { PlainDeps } from "./ports.ts";
import type { PlainRoute } from "./routes.ts";

const SHOWN_EVENTS = 50;

export function eventPages(deps: PlainDeps, show: ShowPlain): PlainRoute[] {
  return [
    {
      method: "get",
      path: "/plain",
      async handler({ language, path, fan }) {
        const texts = eventTexts[language];
        const events = await deps.listEvents(SHOWN_EVENTS);
        const items = events.map((event) => {
          const { title, venue } = wordsOf(event, language);
          return html`<li class="card"><h2><a href="/plain/events/${event.id}">${title}</a></h2><p>${venue}</p></li>\n`;
        });
        const body = html`<h1>${texts.title}</h1>
${events.length === 0 ? html`<p>${texts.none}</p>` : html`<ul class="events">\n${items}</ul>`}`;
        return show({ language, title: texts.title, path, isLoggedIn: fan !== null, body });
      },
    },
    {
      method: "get",
      path: "/plain/events/:id",
      async handler({ language, params, path, fan }) {
        const event = await deps.findEvent("event", idOf(params));
        if (!event) throw new Problem("NOT_FOUND");
        const texts = eventTexts[language];
        const { title, venue, description } = wordsOf(event, language);
        const performances = event.performances.map(
          ({ startsAt, seatCount, maxSeatsPerFan, queueId }) => html`<li class="card">
<h3>${formatDateTime(startsAt, language, event.look?.timeZone)}</h3>
<p class="muted">${texts.seats(formatNumber(seatCount, language))} · ${texts.perFan(formatNumber(maxSeatsPerFan, language))}</p>
<p><a class="button" href="/plain/queues/${queueId}">${texts.look}</a></p>
</li>\n`,
        );
        const body = html`<h1>${title}</h1>
<p class="lead">${venue}</p>
${description && html`<p class="description">${description}</p>`}
<h2>${texts.performances}</h2>
${performances.length === 0 ? html`<p>${texts.noPerformances}</p>` : html`<ul class="performances">\n${performances}</ul>`}`;
        return show({ language, title, path, event, isLoggedIn: fan !== null, body });
      },
    },
  ];
}

/** @throws Problem NOT_FOUND for what can be no id. */
export function idOf({ id }: Readonly<Record<string, string>>): string {
  const { error, value } = uuid().required().validate(id);
  if (error) throw new Problem("NOT_FOUND");
  return value;
}
