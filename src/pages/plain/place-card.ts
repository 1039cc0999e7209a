/** A place in line as markup: the counterpart of src/web/queue, in the same words. */
import {
  formatDateTime,
  formatDuration,
  formatNumber,
  formatTime,
  formatWait,
  isNextUp,
  type Language,
  oddsOf,
  queueTexts,
  roundedCount,
} from "../../presentation/index.ts";
import type { QueueStatus, TicketView } from "../../queue/index.ts";
import { type Html, html } from "../html.ts";

export interface PlaceCard {
  readonly status: QueueStatus;
  readonly ticket: TicketView | null;
  readonly language: Language;
  /** Of the waiting room; forms go below it. */
  readonly path: string;
  readonly isLoggedIn: boolean;
  readonly maxSeatsPerFan: number;
  /** The event's; the reader's is not known to a server. */
  readonly timeZone: string;
}

type Texts = (typeof queueTexts)["en"];

export function placeCard(card: PlaceCard): Html {
  const texts = queueTexts[card.language];
  const { ticket, status } = card;
  switch (ticket?.state) {
    case "lobby":
      return lobby(card, texts);
    case "waiting":
    case "deferred":
      return waiting(card, ticket, texts);
    case "admitted":
      return admitted(card, ticket, texts);
    case "inside":
      return inside(card, ticket, texts);
  }
  if (status.phase === "sold_out") return over(texts.soldOutTitle, texts.soldOut);
  if (status.phase === "closed") return over(texts.closedTitle, texts.closed);
  if (ticket?.state === "removed") return over(texts.removedTitle, texts.removed);
  if (ticket?.state === "ended") return over(texts.doneTitle, texts.done);
  if (ticket?.state === "expired")
    return over(texts.expiredTitle, texts.expiredUnknown, button(card, "join", texts.rejoin));
  return before(card, texts);
}

function over(title: string, sentence: string, more?: Html): Html {
  return html`<section class="card"><h2>${title}</h2><p>${sentence}</p>${more}</section>`;
}

function button({ path, isLoggedIn, language }: PlaceCard, verb: string, label: string, quiet = false): Html {
  if (!isLoggedIn)
    return html`<p><a class="button" href="/plain/login?next=${encodeURIComponent(path)}">${queueTexts[language].logInToJoin}</a></p>`;
  return html`<form method="post" action="${path}/${verb}"><button class="button${quiet && " quiet"}">${label}</button></form>`;
}

function opening({ status, language, timeZone }: PlaceCard, texts: Texts): Html {
  const left = (Date.parse(status.opensAt) - Date.now()) / 1_000;
  return html`<p>${texts.opensIn} <strong>${formatDuration(Math.max(0, left), language)}</strong></p>
<p class="muted">${texts.opensAt(formatDateTime(status.opensAt, language, timeZone))}</p>`;
}

function before(card: PlaceCard, texts: Texts): Html {
  const { status, language, timeZone } = card;
  if (status.phase === "recovering") return over(texts.recoveringTitle, texts.recovering);
  if (status.phase === "scheduled")
    return html`<section class="card">${opening(card, texts)}<p>${texts.scheduled}</p>
${status.lobbyOpensAt && html`<p>${texts.lobbyFrom(formatDateTime(status.lobbyOpensAt, language, timeZone))}</p>`}</section>`;
  const isLobby = status.phase === "lobby" || status.phase === "drawing";
  return html`<section class="card"><h2>${isLobby ? texts.joinLobbyTitle : texts.joinTitle}</h2>
${isLobby && html`${opening(card, texts)}<p>${texts.lobbyDraw} ${texts.lobbyAfter}</p>`}
${status.phase === "paused" && html`<p>${texts.paused}</p>`}
${status.waiting > 0 && html`<p>${texts.nowWaiting(formatNumber(status.waiting, language))}</p>`}
${button(card, "join", isLobby ? texts.joinLobby : texts.join)}
<p class="muted">${texts.onePlace}</p></section>`;
}

function lobby(card: PlaceCard, texts: Texts): Html {
  return html`<section class="card stub"><h2>${texts.lobbyTitle}</h2>
${opening(card, texts)}<p>${texts.lobbyDraw} ${texts.lobbyAfter}</p>
${leave(card, texts.leave, texts.leaveSure)}</section>`;
}

function waiting(card: PlaceCard, ticket: TicketView, texts: Texts): Html {
  const { status, language, maxSeatsPerFan, timeZone } = card;
  const { ahead, eta, seatsLeft, asOf, deferredUntil } = ticket;
  const roughly = (count: number) => {
    const { value, exact } = roundedCount(count);
    return `${exact ? "" : `${texts.about} `}${formatNumber(value, language)}`;
  };
  const odds = oddsOf(ticket, maxSeatsPerFan);
  const limit = seatsLeft === 0 && status.phase !== "paused" ? "seats" : status.limitedBy;
  const say = odds === "unlikely" ? texts.oddsUnlikely : texts.oddsUncertain;
  const figure =
    ticket.state === "deferred"
      ? html`<h2>${texts.deferredTitle}</h2>${deferredUntil && html`<p>${texts.deferred(formatTime(deferredUntil, language, timeZone))}</p>`}`
      : ahead === null
        ? html`<h2>${texts.ahead}</h2><p>${texts.placeKept}</p>`
        : html`<h2 class="label">${texts.ahead}</h2><p class="figure huge">${ahead === 0 ? texts.nobodyAhead : roughly(ahead)}</p>`;
  const facts: [string, string][] = [
    [texts.wait, formatWait(eta, texts, language)],
    [texts.inLine, roughly(ticket.waiting)],
    [texts.seats, seatsLeft === null ? texts.waitUnknown : formatNumber(seatsLeft, language)],
    [texts.asOf, formatTime(asOf, language, timeZone)],
  ];
  return html`<section class="card stub">${figure}
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${leave(card, texts.leave, texts.leaveSure)}</section>
${status.phase === "paused" && html`<div class="notice"><h2>${texts.pausedTitle}</h2><p>${texts.paused}</p></div>`}
${limit === "capacity" && html`<p class="notice">${texts.full}</p>`}
${limit === "seats" && html`<p class="notice">${texts.seatsHeld}</p>`}
${isNextUp(ticket) && status.phase !== "paused" && html`<p class="notice"><strong>${texts.nextUp}</strong></p>`}
${odds && html`<p>${say(roughly(ahead ?? 0), formatNumber(seatsLeft ?? 0, language))}</p>`}`;
}

function admitted(card: PlaceCard, ticket: TicketView, texts: Texts): Html {
  const left = ticket.arriveBy ? (Date.parse(ticket.arriveBy) - Date.now()) / 1_000 : 0;
  return html`<section class="card turn"><h2>${texts.turnTitle}</h2>
<p>${texts.hurry(formatDuration(left, card.language))}</p><p>${texts.turn}</p>
${button(card, "claim", texts.take)}
${leave(card, texts.giveUp, texts.leaveSure)}</section>`;
}

function inside(card: PlaceCard, ticket: TicketView, texts: Texts): Html {
  const { status, language, timeZone } = card;
  return html`<section class="card turn"><h2>${texts.insideTitle}</h2>
${ticket.passExpiresAt && html`<p>${texts.inside(formatTime(ticket.passExpiresAt, language, timeZone))}</p>`}
<p><a class="button" href="/performances/${status.performanceId}/seats">${texts.toSeats}</a></p>
${leave(card, texts.giveUp, texts.giveUpSure)}</section>`;
}

/** Asks once before it does what can't be undone. */
function leave(card: PlaceCard, label: string, sure: string): Html {
  return html`<details><summary>${label}</summary><p>${sure}</p>${button(card, "leave", queueTexts[card.language].leaveYes, true)}</details>`;
}
