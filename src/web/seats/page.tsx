/** `/performances/:id/seats`: choosing seats, for those whose turn it is. */
import { useEffect } from "preact/hooks";
import { formatDateTime, seatTexts } from "../../presentation/index.ts";
import { ApiError } from "../app/api.ts";
import { type Event, knownEvent, loadEventOfPerformance } from "../app/events.ts";
import { Failure } from "../app/failure.tsx";
import { Loading, Title } from "../app/frame.tsx";
import { useLanguage, useTexts } from "../app/language.ts";
import { useLook, wordsOf } from "../app/look.ts";
import type { PageProps } from "../app/router.ts";
import { useLoaded } from "../app/use-loaded.ts";
import { type Entry, enter } from "./entry.ts";
import { NoTurn } from "./no-turn.tsx";
import { SeatRoom } from "./seat-room.tsx";
import "./seats.css";

export default function SeatsPage({ params: { id = "" } }: PageProps) {
  const event = useLoaded(() => loadEventOfPerformance(id), [id], knownEvent({ performanceId: id }));
  const entry = useLoaded(() => enter(id), [id]);
  const texts = useTexts(seatTexts);
  useLook(event.value);
  useWide();
  if (entry.error instanceof ApiError && entry.error.code === "UNAUTHENTICATED")
    return <LogIn performanceId={id} />;
  if (entry.error) return <Failure error={entry.error} again={entry.again} />;
  if (!entry.value) return <Loading />;
  return (
    <>
      <Title document={event.value ? `${texts.title} · ${event.value.title}` : texts.title}>
        {texts.title}
      </Title>
      {event.value && <Night event={event.value} entry={entry.value} />}
      {entry.value.admitted ? (
        <SeatRoom entry={entry.value} />
      ) : (
        <NoTurn reason={entry.value.reason} queueId={entry.value.facts.queueId} />
      )}
    </>
  );
}

/** A hall needs more room than a text. */
function useWide(): void {
  useEffect(() => {
    document.body.classList.add("wide");
    return () => document.body.classList.remove("wide");
  }, []);
}

function Night({ event, entry: { facts } }: { readonly event: Event; readonly entry: Entry }) {
  const language = useLanguage();
  const when = formatDateTime(facts.startsAt, language, event.look?.timeZone);
  return (
    <p class="lead">
      {wordsOf(event, language).title} · {when}
    </p>
  );
}

function LogIn({ performanceId }: { readonly performanceId: string }) {
  const texts = useTexts(seatTexts);
  return (
    <section class="card">
      <Title>{texts.logInFirst}</Title>
      <p>
        <a class="button" href={`/login?next=${encodeURIComponent(`/performances/${performanceId}/seats`)}`}>
          {texts.logIn}
        </a>
      </p>
    </section>
  );
}
