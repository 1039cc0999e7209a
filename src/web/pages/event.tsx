/** `/events/:id`: an event, its performances, and for each what can be done about it now. */
import { useEffect, useState } from "preact/hooks";
import { eventTexts, formatCountdown, formatDateTime, formatNumber } from "../../presentation/index.ts";
import { callPublic } from "../app/api.ts";
import { useNow } from "../app/clock.ts";
import { type Event, knownEvent, loadEvent, type Performance } from "../app/events.ts";
import { Failure } from "../app/failure.tsx";
import { Loading, Title } from "../app/frame.tsx";
import { useLanguage, useTexts } from "../app/language.ts";
import { useLook, wordsOf } from "../app/look.ts";
import type { PageProps } from "../app/router.ts";
import { useLoaded } from "../app/use-loaded.ts";
import type { QueueStatus } from "../queue/types.ts";

const LOOK_AGAIN_MS = 10_000;

export default function EventPage({ params: { id = "" } }: PageProps) {
  const { value: event, error, again } = useLoaded(() => loadEvent(id), [id], knownEvent({ id }));
  const language = useLanguage();
  const texts = useTexts(eventTexts);
  useLook(event);
  if (error) return <Failure error={error} again={again} />;
  if (!event) return <Loading />;
  const { title, venue, description } = wordsOf(event, language);
  return (
    <>
      <Title document={`${title} · ${venue}`}>{title}</Title>
      <p class="lead">{venue}</p>
      {description && <p class="description">{description}</p>}
      <h2>{texts.performances}</h2>
      {event.performances.length === 0 && <p>{texts.noPerformances}</p>}
      <ul class="performances">
        {event.performances.map((performance) => (
          <PerformanceItem key={performance.id} event={event} performance={performance} />
        ))}
      </ul>
    </>
  );
}

function PerformanceItem({
  event,
  performance,
}: {
  readonly event: Event;
  readonly performance: Performance;
}) {
  const language = useLanguage();
  const texts = useTexts(eventTexts);
  const { seatCount, maxSeatsPerFan, startsAt, queueId } = performance;
  const status = useStatus(queueId);
  const facts = [
    texts.seats(formatNumber(seatCount, language)),
    texts.perFan(formatNumber(maxSeatsPerFan, language)),
  ];
  return (
    <li class="card">
      <h3>{formatDateTime(startsAt, language, event.look?.timeZone)}</h3>
      <p class="muted">{facts.join(" · ")}</p>
      {status && <Sale status={status} />}
    </li>
  );
}

/** Asked again while the page is looked at, and at once when it is looked at again. */
function useStatus(queueId: string): QueueStatus | null {
  const [status, setStatus] = useState<QueueStatus | null>(null);
  useEffect(() => {
    const ask = () => {
      if (document.hidden) return;
      // An error leaves what was last known; the next round asks again.
      callPublic<QueueStatus>("GET", `/queues/${queueId}`).then(setStatus, () => undefined);
    };
    ask();
    const timer = setInterval(ask, LOOK_AGAIN_MS);
    document.addEventListener("visibilitychange", ask);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", ask);
    };
  }, [queueId]);
  return status;
}

function Sale({ status }: { readonly status: QueueStatus }) {
  const language = useLanguage();
  const texts = useTexts(eventTexts);
  const { id, phase, opensAt, lobbyOpensAt, waiting, seatsLeft } = status;
  const address = phase === "scheduled" ? `/queues/${id}` : `/queues/${id}?join`;
  if (phase === "scheduled" || phase === "lobby" || phase === "drawing") {
    return (
      <>
        <Countdown until={opensAt} />
        {phase === "scheduled" && lobbyOpensAt && (
          <p>{texts.lobbyFrom(formatDateTime(lobbyOpensAt, language))}</p>
        )}
        {phase !== "scheduled" && <p>{texts.lobbyNow}</p>}
        <a class={phase === "scheduled" ? "button quiet" : "button"} href={address}>
          {phase === "scheduled" ? texts.look : texts.enterLobby}
        </a>
      </>
    );
  }
  if (phase === "sold_out") return <p class="state">{texts.soldOut}</p>;
  if (phase === "closed") return <p class="state">{texts.closed}</p>;
  const numbers = [
    waiting > 0 ? texts.waiting(formatNumber(waiting, language)) : "",
    seatsLeft === null ? "" : texts.left(formatNumber(seatsLeft, language)),
  ].filter(Boolean);
  const state = { open: texts.open, paused: texts.paused, recovering: texts.recovering }[phase];
  return (
    <>
      <p class="state">{state}</p>
      {numbers.length > 0 && <p>{numbers.join(" · ")}</p>}
      <a class="button" href={address}>
        {texts.join}
      </a>
    </>
  );
}

function Countdown({ until }: { readonly until: string }) {
  const language = useLanguage();
  const texts = useTexts(eventTexts);
  const left = (Date.parse(until) - useNow()) / 1_000;
  return (
    <>
      <p class="countdown">
        <span class="label">{texts.opensIn}</span>{" "}
        <span class="figure">{formatCountdown(left, language)}</span>
      </p>
      <p class="muted">{texts.opensAt(formatDateTime(until, language))}</p>
    </>
  );
}
