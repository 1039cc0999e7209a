/** `/queues/:id/draw`: what was published of a draw, and the reader's own place in it, computed again in this browser. */
import { useCallback, useEffect, useState } from "preact/hooks";
import { drawTexts } from "../../presentation/index.ts";
import { callPublic } from "../app/api.ts";
import { knownEvent, loadEventOfQueue } from "../app/events.ts";
import { Failure } from "../app/failure.tsx";
import { Loading, Title } from "../app/frame.tsx";
import { useLanguage, useTexts } from "../app/language.ts";
import { useLook, wordsOf } from "../app/look.ts";
import type { PageProps } from "../app/router.ts";
import { useLoaded } from "../app/use-loaded.ts";
import { OwnPlace } from "./own-place.tsx";
import { Published } from "./published.tsx";
import type { Draw } from "./types.ts";
import { WholeOrder } from "./whole-order.tsx";
import "./draw.css";

const LOOK_AGAIN_MS = 2_000;

export default function DrawPage({ params: { id = "" } }: PageProps) {
  const texts = useTexts(drawTexts);
  const language = useLanguage();
  const { value: event } = useLoaded(() => loadEventOfQueue(id), [id], knownEvent({ queueId: id }));
  const { draw, error, again } = useDraw(id);
  const [myTicket, setMyTicket] = useState<string | null>(null);
  useLook(event);
  if (error && !draw) return <Failure error={error} again={again} />;
  if (!draw) return <Loading />;
  const name = event ? wordsOf(event, language).title : "";
  return (
    <>
      <Title document={[texts.title, name].filter(Boolean).join(" · ")}>{texts.title}</Title>
      <p class="lead">{texts.lead}</p>
      <OwnPlace key={draw.seed ?? draw.root} draw={draw} onTicket={setMyTicket} />
      {draw.seed !== null && <WholeOrder draw={draw} myTicket={myTicket} />}
      <Published draw={draw} />
      <p class="muted">{texts.trust}</p>
      <p>
        <a href={`/queues/${id}`}>{texts.back}</a>
      </p>
    </>
  );
}

/** Asked again until it is over. */
function useDraw(queueId: string) {
  const [draw, setDraw] = useState<Draw | null>(null);
  const [error, setError] = useState<unknown>(null);
  const load = useCallback(() => {
    setError(null);
    callPublic<Draw>("GET", `/queues/${queueId}/draw`).then(setDraw, setError);
  }, [queueId]);
  useEffect(load, [load]);
  const isOver = draw !== null && draw.seed !== null;
  useEffect(() => {
    if (isOver) return;
    const timer = setInterval(() => {
      if (!document.hidden) load();
    }, LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [isOver, load]);
  return { draw, error, again: load };
}
