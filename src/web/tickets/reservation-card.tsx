/** One reservation: its night, its seats, its state, and what can be done about it. */
import { useEffect, useState } from "preact/hooks";
import {
  formatCountdown,
  formatDateTime,
  formatMoney,
  type Language,
  ticketTexts,
} from "../../presentation/index.ts";
import { ApiError, callApi } from "../app/api.ts";
import { useNow } from "../app/clock.ts";
import { type Event, loadEventOfPerformance, type Performance } from "../app/events.ts";
import { failureText } from "../app/failure.tsx";
import { useLanguage, useTexts } from "../app/language.ts";
import { wordsOf } from "../app/look.ts";
import { AskTwice } from "../reservations/ask-twice.tsx";
import type { Reservation } from "../reservations/reservation.ts";
import { SeatLines } from "../reservations/seat-lines.tsx";
import { Admission } from "./admission.tsx";
import { toCalendar } from "./calendar.ts";

export interface ReservationCardProps {
  readonly reservation: Reservation;
  onChange(reservation: Reservation): void;
}

interface Night {
  readonly event: Event;
  readonly performance: Performance;
}

export function ReservationCard({ reservation, onChange }: ReservationCardProps) {
  const texts = useTexts(ticketTexts);
  const language = useLanguage();
  const night = useNight(reservation.performanceId);
  const words = night && wordsOf(night.event, language);
  const { status } = reservation;
  const states = {
    HELD: texts.held,
    PAYING: texts.paying,
    CONFIRMED: texts.confirmed,
    EXPIRED: texts.expired,
    CANCELLED: texts.cancelled,
    PAID_LATE: texts.paidLate,
    REFUNDING: texts.refunding,
    REFUNDED: texts.refunded,
  };
  return (
    <article class={`card reservation ${status.toLowerCase()}`}>
      <h2>{words?.title ?? "…"}</h2>
      {night && words && (
        <p class="muted">
          {words.venue} · {formatDateTime(night.performance.startsAt, language, night.event.look?.timeZone)}
        </p>
      )}
      <p class="state" role="status">
        {states[status]}
      </p>
      {status === "CONFIRMED" && <Admission reservation={reservation} />}
      <SeatLines reservation={reservation} total={texts.total} seat={texts.seat} />
      {status === "HELD" && <Held reservation={reservation} onChange={onChange} />}
      {status === "CONFIRMED" && (
        <Bought reservation={reservation} night={night} language={language} onChange={onChange} />
      )}
    </article>
  );
}

function useNight(performanceId: string): Night | null {
  const [night, setNight] = useState<Night | null>(null);
  useEffect(() => {
    loadEventOfPerformance(performanceId).then(
      (event) => {
        const performance = event.performances.find(({ id }) => id === performanceId);
        if (performance) setNight({ event, performance });
      },
      // The tickets are good without the name of the night.
      () => undefined,
    );
  }, [performanceId]);
  return night;
}

/** Runs one call about a reservation, then reads what became of it. */
function useAct({ reservation: { id }, onChange }: ReservationCardProps) {
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const act = async (work: () => Promise<unknown>) => {
    if (busy) return;
    setBusy(true);
    setFault(null);
    await work().catch(setFault);
    await callApi<Reservation>("GET", `/reservations/${id}`).then(onChange, setFault);
    setBusy(false);
  };
  return { busy, fault, act };
}

function Held(props: ReservationCardProps) {
  const texts = useTexts(ticketTexts);
  const language = useLanguage();
  const { reservation } = props;
  const { busy, fault, act } = useAct(props);
  const left = Math.ceil((Date.parse(reservation.expiresAt) - useNow()) / 1_000);
  const over = left <= 0;
  useEffect(() => {
    if (over) void act(() => Promise.resolve());
  }, [over]);
  return (
    <>
      <p class="countdown">
        <span class="label">{texts.heldLeft}</span>{" "}
        <span class="figure" role="timer">
          {formatCountdown(left, language)}
        </span>
      </p>
      <div class="actions">
        <a class="button" href={`/checkout/${reservation.id}`}>
          {texts.toCheckout}
        </a>
        <AskTwice
          label={texts.giveBack}
          question={texts.giveBackSure}
          yes={texts.giveBackYes}
          no={texts.giveBackNo}
          busy={busy}
          onYes={() => void act(() => callApi("DELETE", `/reservations/${reservation.id}`))}
        />
      </div>
      <Fault fault={fault} />
    </>
  );
}

interface BoughtProps extends ReservationCardProps {
  readonly night: Night | null;
  readonly language: Language;
}

function Bought({ night, language, ...props }: BoughtProps) {
  const texts = useTexts(ticketTexts);
  const { reservation } = props;
  const { busy, fault, act } = useAct(props);
  // The same press, told twice, gives back once.
  const [key] = useState(() => crypto.randomUUID());
  const refund = () =>
    void act(() =>
      callApi("POST", `/reservations/${reservation.id}/refunds`, { body: {}, idempotencyKey: key }),
    );
  return (
    <>
      <div class="actions">
        <button type="button" class="button quiet" onClick={() => print()}>
          {texts.print}
        </button>
        {night && (
          <button
            type="button"
            class="button quiet"
            onClick={() => saveCalendar(reservation, night, language)}
          >
            {texts.calendar}
          </button>
        )}
        <AskTwice
          label={texts.refund}
          question={texts.refundSure(formatMoney(reservation.totalAmount, reservation.currency, language))}
          yes={texts.refundYes}
          no={texts.refundNo}
          busy={busy}
          onYes={refund}
        />
      </div>
      <Fault fault={fault} />
    </>
  );
}

function Fault({ fault }: { readonly fault: unknown }) {
  const texts = useTexts(ticketTexts);
  const language = useLanguage();
  const isFinal = fault instanceof ApiError && fault.code === "NOT_REFUNDABLE";
  return (
    <div role="alert">
      {Boolean(fault) && (
        <p class="notice problem">{isFinal ? texts.notRefundable : failureText(fault, language)}</p>
      )}
    </div>
  );
}

function saveCalendar(reservation: Reservation, { event, performance }: Night, language: Language): void {
  const texts = ticketTexts[language];
  const { title, venue } = wordsOf(event, language);
  const file = toCalendar({
    uid: `${reservation.id}@${location.hostname}`,
    title,
    place: venue,
    startsAt: new Date(performance.startsAt),
    madeAt: new Date(),
    description: reservation.seats
      .map(({ section, row, number }) => texts.seat(section, row, String(number)))
      .join("\n"),
    url: `${location.origin}/tickets`,
  });
  const address = URL.createObjectURL(new Blob([file], { type: "text/calendar" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = "tickets.ics";
  link.click();
  // The browser has taken the file by the time this runs.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
