/** `/`: what is on sale. */
import { useState } from "preact/hooks";
import { eventTexts, formatDateTime, frameTexts } from "../../presentation/index.ts";
import { callPublic } from "../app/api.ts";
import { type Event, remember } from "../app/events.ts";
import { Failure } from "../app/failure.tsx";
import { Loading, Title } from "../app/frame.tsx";
import { useLanguage, useTexts } from "../app/language.ts";
import { useLook, wordsOf } from "../app/look.ts";
import { useLoaded } from "../app/use-loaded.ts";

interface EventPage {
  readonly items: readonly Event[];
  readonly nextCursor: string | null;
}

const loadPage = (cursor: string | null) =>
  callPublic<EventPage>("GET", `/events${cursor ? `?cursor=${cursor}` : ""}`);

export default function EventsPage() {
  const texts = useTexts(eventTexts);
  useLook(null);
  const [more, setMore] = useState<readonly EventPage[]>([]);
  const [moreFailed, setMoreFailed] = useState<unknown>(null);
  const first = useLoaded(() => loadPage(null), []);
  const pages = first.value ? [first.value, ...more] : [];
  const events = pages.flatMap(({ items }) => items);
  const cursor = pages.at(-1)?.nextCursor ?? null;

  async function showMore(): Promise<void> {
    try {
      const page = await loadPage(cursor);
      setMoreFailed(null);
      setMore((before) => [...before, page]);
    } catch (error) {
      setMoreFailed(error);
    }
  }

  return (
    <>
      <Title document={`${texts.title} · ${useTexts(frameTexts).product}`}>{texts.title}</Title>
      {first.error ? <Failure error={first.error} again={first.again} /> : !first.value && <Loading />}
      {first.value && events.length === 0 && <p>{texts.none}</p>}
      <ul class="events">
        {events.map((event) => (
          <EventItem key={event.id} event={event} />
        ))}
      </ul>
      {moreFailed !== null && <Failure error={moreFailed} />}
      {cursor && (
        <button type="button" class="button quiet" onClick={() => void showMore()}>
          {texts.more}
        </button>
      )}
    </>
  );
}

function EventItem({ event }: { readonly event: Event }) {
  const language = useLanguage();
  const { title, venue } = wordsOf(event, language);
  const first = event.performances[0];
  remember(event);
  return (
    <li class="card">
      <h2>
        <a href={`/events/${event.id}`}>{title}</a>
      </h2>
      <p>{venue}</p>
      {first && <p class="muted">{formatDateTime(first.startsAt, language, event.look?.timeZone)}</p>}
    </li>
  );
}
