/** With a place in line: how many are ahead, for how long about, and when that was last true. */
import { useEffect, useMemo } from "preact/hooks";
import {
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
import { callPublic } from "../app/api.ts";
import { useLanguage, useTexts } from "../app/language.ts";
import { useStore } from "../app/store.ts";
import { useLoaded } from "../app/use-loaded.ts";
import { Draw, OpensIn } from "./before.tsx";
import { Leave, TellMe } from "./controls.tsx";
import type { Connection } from "./line.ts";
import type { Place } from "./model.ts";
import type { RoomProps } from "./page.tsx";
import type { QueueStatus, TicketView, TurnLength } from "./types.ts";

type Texts = (typeof queueTexts)["en"];

export function Waiting({ event, line }: RoomProps) {
  const texts = useTexts(queueTexts);
  const language = useLanguage();
  const place = useStore(line.place);
  const connection = useStore(line.connection);
  const ticket = place.ticket as TicketView;
  const status = place.status as QueueStatus;
  const { maxSeatsPerFan = 1 } = event.performances.find(({ queueId }) => queueId === status.id) ?? {};
  const isLobby = ticket.state === "lobby";
  return (
    <>
      <section class="card stub" data-state={ticket.state} data-connection={connection}>
        <ConnectionNote connection={connection} ticket={ticket} line={line} />
        {isLobby ? <Lobby status={status} /> : <Figure place={place} connection={connection} />}
        {!isLobby && <Facts ticket={ticket} texts={texts} language={language} />}
      </section>
      {!isLobby && <Hints place={place} maxSeatsPerFan={maxSeatsPerFan} />}
      <p>{texts.keepPlace}</p>
      <TurnLasts queueId={status.id} />
      <TellMe />
      <Leave line={line} label={texts.leave} sure={texts.leaveSure} />
    </>
  );
}

function TurnLasts({ queueId }: { readonly queueId: string }) {
  const texts = useTexts(queueTexts);
  const language = useLanguage();
  const { value } = useLoaded(() => callPublic<TurnLength>("GET", `/queues/${queueId}/turn`), [queueId]);
  if (!value) return null;
  const { arrivalSeconds, sessionSeconds } = value;
  return (
    <p>
      {texts.turnLasts(formatDuration(arrivalSeconds, language), formatDuration(sessionSeconds, language))}
    </p>
  );
}

/** Nothing while all is well. */
export function ConnectionNote({
  connection,
  ticket,
  line,
}: {
  readonly connection: Connection;
  readonly ticket: TicketView;
  readonly line: RoomProps["line"];
}) {
  const texts = useTexts(queueTexts);
  const language = useLanguage();
  if (connection === "lost")
    return (
      <p class="notice problem" role="status">
        {ticket.state === "lobby" ? texts.lostUnknown : texts.lost(formatTime(ticket.asOf, language))}
      </p>
    );
  if (connection !== "replaced") return null;
  const useThisTab = () => {
    line.connection.set("connecting");
    line.catchUp();
  };
  return (
    <div class="notice" role="status">
      <h2>{texts.replacedTitle}</h2>
      <p>{texts.replaced}</p>
      <button type="button" class="button" onClick={useThisTab}>
        {texts.useThisTab}
      </button>
    </div>
  );
}

function Lobby({ status }: { readonly status: QueueStatus }) {
  const texts = useTexts(queueTexts);
  const language = useLanguage();
  return (
    <>
      <h2>{status.phase === "drawing" ? texts.drawing : texts.lobbyTitle}</h2>
      <OpensIn at={status.opensAt} />
      {status.waiting > 1 && <p>{texts.lobbyHere(roughly(status.waiting, texts, language))}</p>}
      <Draw queueId={status.id} />
    </>
  );
}

function Figure({ place, connection }: { readonly place: Place; readonly connection: Connection }) {
  const texts = useTexts(queueTexts);
  const language = useLanguage();
  const ticket = place.ticket as TicketView;
  const isStale = connection === "lost" || connection === "replaced";
  if (ticket.state === "deferred")
    return (
      <>
        <h2>{texts.deferredTitle}</h2>
        {ticket.deferredUntil && <p>{texts.deferred(formatTime(ticket.deferredUntil, language))}</p>}
      </>
    );
  if (ticket.ahead === null)
    return (
      <>
        <h2>{place.recovering ? texts.recoveringTitle : texts.ahead}</h2>
        <p>{place.recovering ? texts.recovering : texts.placeKept}</p>
      </>
    );
  const { value, exact } = roundedCount(ticket.ahead);
  return (
    <>
      <h2 class="label">{texts.ahead}</h2>
      <p class={isStale ? "figure huge stale" : "figure huge"} data-testid="ahead">
        {ticket.ahead === 0 ? (
          texts.nobodyAhead
        ) : (
          <>
            {!exact && <span class="about">{texts.about} </span>}
            {formatNumber(value, language)}
          </>
        )}
      </p>
      <Progress ticket={ticket} />
    </>
  );
}

/** From where this fan began to the front. The beginning is remembered with the tab, so that a reload keeps the bar. */
function Progress({ ticket }: { readonly ticket: TicketView }) {
  const texts = useTexts(queueTexts);
  const ahead = ticket.ahead ?? 0;
  const key = `fastpass.began.${ticket.ticketId}`;
  const began = useMemo(() => Math.max(ahead, Number(readTab(key)) || 0), [key]);
  useEffect(() => writeTab(key, String(began)), [key, began]);
  if (began === 0) return null;
  return <progress max={began} value={began - ahead} aria-label={texts.progress} />;
}

function readTab(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

function writeTab(key: string, value: string): void {
  try {
    sessionStorage.setItem(key, value);
  } catch {
    // The bar begins anew after a reload then.
  }
}

function Facts({
  ticket,
  texts,
  language,
}: {
  readonly ticket: TicketView;
  readonly texts: Texts;
  readonly language: Language;
}) {
  const { eta, waiting, seatsLeft, asOf } = ticket;
  const facts: [string, string][] = [
    [texts.wait, formatWait(eta, texts, language)],
    [texts.inLine, roughly(waiting, texts, language)],
    [texts.seats, seatsLeft === null ? texts.waitUnknown : formatNumber(seatsLeft, language)],
    [texts.asOf, formatTime(asOf, language)],
  ];
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Large numbers are told with two figures, everywhere alike. */
function roughly(count: number, texts: Texts, language: Language): string {
  const { value, exact } = roundedCount(count);
  return `${exact ? "" : `${texts.about} `}${formatNumber(value, language)}`;
}

/** What else there is to know: the chances, and why it may not move. */
function Hints({ place, maxSeatsPerFan }: { readonly place: Place; readonly maxSeatsPerFan: number }) {
  const texts = useTexts(queueTexts);
  const language = useLanguage();
  const ticket = place.ticket as TicketView;
  const ahead = roughly(ticket.ahead ?? 0, texts, language);
  const seats = formatNumber(ticket.seatsLeft ?? 0, language);
  const odds = oddsOf(ticket, maxSeatsPerFan);
  // The place is told as it changes, what limits the line every minute.
  const limit = ticket.seatsLeft === 0 ? "seats" : place.status?.limitedBy;
  return (
    <>
      {place.paused && (
        <div class="notice">
          <h2>{texts.pausedTitle}</h2>
          <p>{texts.paused}</p>
        </div>
      )}
      {!place.paused && limit === "capacity" && <p class="notice">{texts.full}</p>}
      {!place.paused && limit === "seats" && <p class="notice">{texts.seatsHeld}</p>}
      {isNextUp(ticket) && !place.paused && (
        <p class="notice">
          <strong>{texts.nextUp}</strong>
        </p>
      )}
      {odds && (
        <p>{odds === "unlikely" ? texts.oddsUnlikely(ahead, seats) : texts.oddsUncertain(ahead, seats)}</p>
      )}
    </>
  );
}
