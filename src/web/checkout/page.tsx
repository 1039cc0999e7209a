/** `/checkout/:id`: paying for held seats, with one clock and one place to pay. */
import { useEffect, useState } from "preact/hooks";
import {
  checkoutTexts,
  formatCountdown,
  formatDateTime,
  formatDuration,
  formatMoney,
} from "../../presentation/index.ts";
import { ApiError } from "../app/api.ts";
import { type Event, loadEventOfPerformance } from "../app/events.ts";
import { Failure, failureText } from "../app/failure.tsx";
import { Loading, Title } from "../app/frame.tsx";
import { useLanguage, useTexts } from "../app/language.ts";
import { useLook, wordsOf } from "../app/look.ts";
import type { PageProps } from "../app/router.ts";
import { AskTwice } from "../reservations/ask-twice.tsx";
import type { Reservation, Status } from "../reservations/reservation.ts";
import { SeatLines } from "../reservations/seat-lines.tsx";
import { type Checkout, useCheckout } from "./use-checkout.ts";
import "../reservations/reservations.css";
import "./checkout.css";

export default function CheckoutPage({ params: { id = "" } }: PageProps) {
  const checkout = useCheckout(id);
  const { reservation, error, again } = checkout;
  const texts = useTexts(checkoutTexts);
  const event = useEventOf(reservation);
  useLook(event);
  if (error instanceof ApiError && error.code === "UNAUTHENTICATED") return <LogIn id={id} />;
  if (error && !reservation) return <Failure error={error} again={again} />;
  if (!reservation) return <Loading />;
  return (
    <>
      <Title>{texts.title}</Title>
      {event && <Night event={event} reservation={reservation} />}
      {reservation.status === "HELD" ? (
        <Pay checkout={checkout} reservation={reservation} />
      ) : (
        <Outcome reservation={reservation} />
      )}
    </>
  );
}

function useEventOf(reservation: Reservation | null): Event | null {
  const [event, setEvent] = useState<Event | null>(null);
  const performanceId = reservation?.performanceId;
  useEffect(() => {
    // Without the event's name and colours one can still pay.
    if (performanceId) loadEventOfPerformance(performanceId).then(setEvent, () => undefined);
  }, [performanceId]);
  return event;
}

function Night({ event, reservation }: { readonly event: Event; readonly reservation: Reservation }) {
  const language = useLanguage();
  const performance = event.performances.find(({ id }) => id === reservation.performanceId);
  const when = performance && formatDateTime(performance.startsAt, language, event.look?.timeZone);
  return <p class="lead">{[wordsOf(event, language).title, when].filter(Boolean).join(" · ")}</p>;
}

function LogIn({ id }: { readonly id: string }) {
  const texts = useTexts(checkoutTexts);
  return (
    <section class="card">
      <Title>{texts.logInFirst}</Title>
      <p>
        <a class="button" href={`/login?next=${encodeURIComponent(`/checkout/${id}`)}`}>
          {texts.logIn}
        </a>
      </p>
    </section>
  );
}

interface Shown {
  readonly checkout: Checkout;
  readonly reservation: Reservation;
}

function Pay({ checkout, reservation }: Shown) {
  const texts = useTexts(checkoutTexts);
  return (
    <>
      <TimeLeft seconds={checkout.secondsLeft} />
      <section class="card" aria-labelledby="seats">
        <h2 id="seats">{texts.seats}</h2>
        <SeatLines reservation={reservation} total={texts.total} seat={texts.seat} />
      </section>
      <div role="alert">
        {checkout.declined && (
          <div class="notice problem">
            <p>
              <strong>{texts.declinedTitle}</strong>
            </p>
            <p>{texts.declined}</p>
          </div>
        )}
        {checkout.refusal && <Refusal refusal={checkout.refusal} />}
      </div>
      <CardForm checkout={checkout} reservation={reservation} />
      {!checkout.paying && (
        <AskTwice
          label={texts.giveBack}
          question={texts.giveBackSure}
          yes={texts.giveBackYes}
          no={texts.giveBackNo}
          onYes={checkout.giveBack}
        />
      )}
    </>
  );
}

const WARN_SECONDS = [120, 60, 30];

function TimeLeft({ seconds }: { readonly seconds: number }) {
  const texts = useTexts(checkoutTexts);
  const language = useLanguage();
  const mark = WARN_SECONDS.findLast((warned) => seconds <= warned);
  return (
    <section class={mark ? "card soon" : "card"}>
      <p class="countdown">
        <span class="label">{texts.timeLeft}</span>{" "}
        <span class="figure" role="timer">
          {formatCountdown(seconds, language)}
        </span>
      </p>
      <p class="muted">{texts.atZero}</p>
      <p class="warning" role="status">
        {mark && seconds > 0 ? texts.soon(formatDuration(mark, language)) : ""}
      </p>
    </section>
  );
}

function CardForm({ checkout, reservation }: Shown) {
  const texts = useTexts(checkoutTexts);
  const language = useLanguage();
  const [card, setCard] = useState("success");
  const { paying, asking, secondsLeft } = checkout;
  const cards = {
    success: texts.cardSuccess,
    declined: texts.cardDeclined,
    undecided: texts.cardUndecided,
    lost_reply: texts.cardLostReply,
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!paying && secondsLeft > 0) checkout.pay(card);
  };
  return (
    <form class="card" onSubmit={submit}>
      <fieldset class="cards" aria-describedby="method-hint">
        <legend>{texts.method}</legend>
        <p id="method-hint" class="muted small">
          {texts.methodHint}
        </p>
        {Object.entries(cards).map(([name, label]) => (
          <label key={name}>
            <input
              type="radio"
              name="card"
              value={name}
              checked={card === name}
              onChange={() => setCard(name)}
            />
            {label}
          </label>
        ))}
      </fieldset>
      <button type="submit" class="button" aria-disabled={paying || secondsLeft <= 0}>
        {paying
          ? texts.paying
          : texts.pay(formatMoney(reservation.totalAmount, reservation.currency, language))}
      </button>
      <p class="asking" role="status">
        {asking ? texts.asking : ""}
      </p>
    </form>
  );
}

function Refusal({ refusal }: { readonly refusal: ApiError }) {
  const texts = useTexts(checkoutTexts);
  const language = useLanguage();
  const sentences: Readonly<Record<string, string>> = {
    PAYMENT_IN_PROGRESS: texts.inProgress,
    VALIDATION_FAILED: texts.methodRefused,
  };
  return <p class="notice problem">{sentences[refusal.code] ?? failureText(refusal, language)}</p>;
}

function Outcome({ reservation }: { readonly reservation: Reservation }) {
  const texts = useTexts(checkoutTexts);
  const { status, performanceId, seats } = reservation;
  const sentences: Readonly<Record<Exclude<Status, "HELD">, readonly [string, string]>> = {
    PAYING: [texts.undecidedTitle, texts.undecided],
    PAID_LATE: [texts.lateTitle, texts.late],
    CONFIRMED: [texts.confirmedTitle, texts.confirmed(String(seats.length))],
    EXPIRED: [texts.expiredTitle, texts.expired],
    CANCELLED: [texts.cancelledTitle, texts.cancelled],
    REFUNDING: [texts.refundingTitle, texts.refunding],
    REFUNDED: [texts.refundedTitle, texts.refunded],
  };
  const [title, text] = sentences[status as Exclude<Status, "HELD">];
  const gone = status === "EXPIRED" || status === "CANCELLED";
  return (
    <>
      <section class={`card outcome ${status.toLowerCase()}`} role="status">
        <h2>{title}</h2>
        <p>{text}</p>
      </section>
      {!gone && (
        <section class="card" aria-labelledby="seats">
          <h2 id="seats">{texts.seats}</h2>
          <SeatLines reservation={reservation} total={texts.total} seat={texts.seat} />
        </section>
      )}
      <p>
        <a class="button" href={gone ? `/performances/${performanceId}/seats` : "/tickets"}>
          {gone ? texts.toSeats : texts.toTickets}
        </a>
      </p>
    </>
  );
}
