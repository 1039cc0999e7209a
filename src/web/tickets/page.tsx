/** `/tickets`: what a fan holds and has bought, newest first. */
import { useCallback, useEffect, useState } from "preact/hooks";
import { ticketTexts } from "../../presentation/index.ts";
import { ApiError, callApi } from "../app/api.ts";
import { Failure } from "../app/failure.tsx";
import { Loading, Title } from "../app/frame.tsx";
import { useTexts } from "../app/language.ts";
import { isUndecided, type Reservation } from "../reservations/reservation.ts";
import { ReservationCard } from "./reservation-card.tsx";
import "../reservations/reservations.css";
import "./tickets.css";

interface Page {
  readonly items: readonly Reservation[];
  readonly nextCursor: string | null;
}

const LOOK_AGAIN_MS = 2_000;

export default function TicketsPage() {
  const texts = useTexts(ticketTexts);
  const { items, more, error, load, replace } = useReservations();
  if (error instanceof ApiError && error.code === "UNAUTHENTICATED") return <LogIn />;
  if (error && !items) return <Failure error={error} again={() => load(null)} />;
  if (!items) return <Loading />;
  const isOver = ({ status }: Reservation) => ["EXPIRED", "CANCELLED", "REFUNDED"].includes(status);
  const over = items.filter(isOver);
  const current = items.filter((each) => !isOver(each));
  return (
    <>
      <Title>{texts.title}</Title>
      {current.length === 0 && (
        <section class="card">
          <p>{texts.none}</p>
          <p>
            <a class="button quiet" href="/">
              {texts.toEvents}
            </a>
          </p>
        </section>
      )}
      {current.map((each) => (
        <ReservationCard key={each.id} reservation={each} onChange={replace} />
      ))}
      {over.length > 0 && (
        <details class="past">
          <summary>{texts.past}</summary>
          {over.map((each) => (
            <ReservationCard key={each.id} reservation={each} onChange={replace} />
          ))}
        </details>
      )}
      {more && (
        <button type="button" class="button quiet" onClick={() => load(more)}>
          {texts.more}
        </button>
      )}
    </>
  );
}

function useReservations() {
  const [items, setItems] = useState<readonly Reservation[] | null>(null);
  const [more, setMore] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);

  const load = useCallback((cursor: string | null) => {
    setError(null);
    const from = cursor ? `?cursor=${encodeURIComponent(cursor)}` : "";
    callApi<Page>("GET", `/me/reservations${from}`).then((page) => {
      setItems((known) => (cursor ? [...(known ?? []), ...page.items] : page.items));
      setMore(page.nextCursor);
    }, setError);
  }, []);
  const replace = useCallback((changed: Reservation) => {
    setItems((known) => known?.map((each) => (each.id === changed.id ? changed : each)) ?? null);
  }, []);
  useEffect(() => load(null), []);

  const undecided = items?.some(({ status }) => isUndecided(status)) ?? false;
  useEffect(() => {
    if (!undecided) return;
    const timer = setInterval(() => {
      const open = document.hidden ? [] : (items ?? []).filter(({ status }) => isUndecided(status));
      for (const { id } of open)
        callApi<Reservation>("GET", `/reservations/${id}`).then(replace, () => undefined);
    }, LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [undecided, items]);
  return { items, more, error, load, replace };
}

function LogIn() {
  const texts = useTexts(ticketTexts);
  return (
    <section class="card">
      <Title>{texts.logInFirst}</Title>
      <p>
        <a class="button" href="/login?next=%2Ftickets">
          {texts.logIn}
        </a>
      </p>
    </section>
  );
}
