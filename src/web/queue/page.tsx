/** `/queues/:id`: the waiting room of one performance, from the first look to the turn and its end. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { formatDateTime, formatNumber, inLanguage, queueTexts } from "../../presentation/index.ts";
import { ApiError } from "../app/api.ts";
import { type Event, knownEvent, loadEventOfQueue } from "../app/events.ts";
import { Failure } from "../app/failure.tsx";
import { Loading, Title } from "../app/frame.tsx";
import { useLanguage, useTexts } from "../app/language.ts";
import { useLook, wordsOf } from "../app/look.ts";
import { navigate, type PageProps } from "../app/router.ts";
import { session } from "../app/session.ts";
import { useStore } from "../app/store.ts";
import { useLoaded } from "../app/use-loaded.ts";
import { tellTurn } from "./alerts.ts";
import { BeforeJoining } from "./before.tsx";
import { Ended } from "./ended.tsx";
import { createLine, type Line } from "./line.ts";
import { announcementOf, isLive, type Place } from "./model.ts";
import { Turn } from "./turn.tsx";
import { Waiting } from "./waiting.tsx";

export default function QueuePage({ params: { id = "" }, query }: PageProps) {
  const { value: event, error } = useLoaded(() => loadEventOfQueue(id), [id], knownEvent({ queueId: id }));
  useLook(event);
  if (error) return <Failure error={error} />;
  if (!event) return <Loading />;
  return <WaitingRoom event={event} queueId={id} joinAtOnce={query.has("join")} />;
}

export interface RoomProps {
  readonly event: Event;
  readonly line: Line;
}

function WaitingRoom({
  event,
  queueId,
  joinAtOnce,
}: {
  readonly event: Event;
  readonly queueId: string;
  readonly joinAtOnce: boolean;
}) {
  const line = useMemo(() => createLine(queueId), [queueId]);
  const language = useLanguage();
  const texts = useTexts(queueTexts);
  const place = useStore(line.place);
  const { failure, begin, join } = useBeginning(line, queueId, joinAtOnce);
  const { title, venue, waiting } = wordsOf(event, language);
  const performance = event.performances.find(({ queueId: its }) => its === queueId);
  const notice = inLanguage(place.notice, language);
  useWatchOf(line);

  return (
    <>
      <Title document={tabTitle(place, texts, title, language)}>{title}</Title>
      <p class="lead">
        {[venue, performance && formatDateTime(performance.startsAt, language, event.look?.timeZone)]
          .filter(Boolean)
          .join(" · ")}
      </p>
      {notice && (
        <div class="notice" role="status">
          <p class="label">{texts.organiser}</p>
          <p lang={notice.language}>{notice.text}</p>
        </div>
      )}
      {waiting && isLive(place.ticket) && <p class="description">{waiting}</p>}
      {failure !== null && <Failure error={failure} again={() => void begin()} />}
      {place.status === null && failure === null ? (
        <Loading />
      ) : (
        place.status && <State event={event} line={line} join={join} />
      )}
      <Announcer line={line} title={title} />
    </>
  );
}

/** The first look, and a join that was asked for before the page was there. */
function useBeginning(line: Line, queueId: string, joinAtOnce: boolean) {
  const [failure, setFailure] = useState<unknown>(null);

  async function join(): Promise<void> {
    setFailure(null);
    try {
      await line.join();
    } catch (error) {
      await explain(error);
    }
  }

  /** A refusal that the state of the line explains better than an error would. */
  async function explain(error: unknown): Promise<void> {
    const code = error instanceof ApiError ? error.code : "";
    if (code === "UNAUTHENTICATED") toLogin(queueId);
    else if (code === "REMOVED") line.place.set({ ...line.place.get(), ended: "removed" });
    else if (/^(QUEUE_NOT_OPEN|QUEUE_CLOSED|SOLD_OUT)$/.test(code)) await line.look().catch(setFailure);
    else setFailure(error);
  }

  async function begin(): Promise<void> {
    setFailure(null);
    try {
      await line.look();
    } catch (error) {
      setFailure(error);
      return;
    }
    const { ticket, ended } = line.place.get();
    if (!joinAtOnce) return;
    // Only once: a reload must not join anew after the fan has left.
    history.replaceState(null, "", `/queues/${queueId}`);
    if (!isLive(ticket) && !ended && session.get().status !== "out") await join();
  }

  useEffect(() => {
    void begin();
    return () => line.close();
  }, [line]);
  return { failure, begin, join };
}

export function toLogin(queueId: string): void {
  navigate(`/login?next=${encodeURIComponent(`/queues/${queueId}?join`)}`);
}

/** Phones sleep and networks change: on waking the page catches up at once. */
function useWatchOf(line: Line): void {
  useEffect(() => {
    const wake = () => {
      if (!document.hidden) line.catchUp();
    };
    const away = () => line.lose();
    document.addEventListener("visibilitychange", wake);
    addEventListener("pageshow", wake);
    addEventListener("online", wake);
    addEventListener("offline", away);
    return () => {
      document.removeEventListener("visibilitychange", wake);
      removeEventListener("pageshow", wake);
      removeEventListener("online", wake);
      removeEventListener("offline", away);
    };
  }, [line]);
}

function State({ event, line, join }: RoomProps & { readonly join: () => Promise<void> }) {
  const place = useStore(line.place);
  if (place.ended) return <Ended place={place} join={join} />;
  if (!isLive(place.ticket)) return <BeforeJoining place={place} join={join} />;
  const { state } = place.ticket as { state: string };
  if (state === "admitted" || state === "inside") return <Turn event={event} line={line} />;
  return <Waiting event={event} line={line} />;
}

type Texts = (typeof queueTexts)["en"];

function tabTitle({ ticket, ended }: Place, texts: Texts, title: string, language: "en" | "ko"): string {
  if (ended || !ticket) return title;
  if (ticket.state === "admitted") return texts.tabTurn(title);
  return ticket.ahead === null ? title : texts.tabAhead(formatNumber(ticket.ahead, language), title);
}

/** A polite live region that speaks at the steps that matter, and the sound and notification of the turn. */
function Announcer({ line, title }: { readonly line: Line; readonly title: string }) {
  const language = useLanguage();
  const texts = useTexts(queueTexts);
  const [said, say] = useState("");
  const startedAt = useRef<number | null>(null);
  useEffect(() => {
    let before = line.place.get();
    return line.place.subscribe(() => {
      const after = line.place.get();
      startedAt.current ??= after.ticket?.ahead ?? null;
      const step = announcementOf(before, after, startedAt.current);
      before = after;
      if (!step) return;
      const ahead = formatNumber(after.ticket?.ahead ?? 0, language);
      const sentences = {
        ahead: texts.sayAhead(ahead),
        half: texts.sayHalf,
        next: texts.sayNext,
        turn: texts.sayTurn,
        paused: texts.paused,
        resumed: texts.sayResumed,
        lobby_over: texts.sayDrawn(ahead),
        ended: "", // the card that comes then says it, and is a status itself
      };
      say(sentences[step.what]);
      if (step.what === "turn") tellTurn(texts.tabTurn(title), texts.notificationBody);
    });
  }, [line, texts, language, title]);
  return (
    <p class="hidden" role="status">
      {said}
    </p>
  );
}
