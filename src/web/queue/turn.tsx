/** The turn: one tap takes it, then the way to the seats. A failure of ours never costs it. */
import { useState } from "preact/hooks";
import { formatCountdown, formatDuration, formatTime, queueTexts } from "../../presentation/index.ts";
import { ApiError } from "../app/api.ts";
import { useNow } from "../app/clock.ts";
import { useLanguage, useTexts } from "../app/language.ts";
import { navigate } from "../app/router.ts";
import { useStore } from "../app/store.ts";
import { Leave } from "./controls.tsx";
import type { RoomProps } from "./page.tsx";
import type { TicketView } from "./types.ts";
import { ConnectionNote } from "./waiting.tsx";

/** A warning this long before the end (WCAG 2.2.1 asks for 20 s); a turn of less is one from the start. */
const WARN_SECONDS = 30;

export function Turn({ event, line }: RoomProps) {
  const place = useStore(line.place);
  const ticket = place.ticket as TicketView;
  const performance = event.performances.find(({ queueId }) => queueId === ticket.queueId);
  const seats = `/performances/${place.status?.performanceId ?? performance?.id}/seats`;
  return ticket.state === "inside" ? (
    <Inside ticket={ticket} line={line} seats={seats} />
  ) : (
    <Take ticket={ticket} line={line} />
  );
}

function Take({ ticket, line }: { readonly ticket: TicketView; readonly line: RoomProps["line"] }) {
  const texts = useTexts(queueTexts);
  const language = useLanguage();
  const now = useNow();
  const connection = useStore(line.connection);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState(false);
  const left = (Date.parse(ticket.arriveBy ?? "") - now) / 1_000;

  async function take(): Promise<void> {
    if (busy) return;
    setBusy(true);
    setFailed(false);
    try {
      const { performanceId } = await line.claim();
      navigate(`/performances/${performanceId}/seats`);
    } catch (error) {
      setBusy(false);
      const isOver = error instanceof ApiError && ["ADMISSION_EXPIRED", "NO_TICKET"].includes(error.code);
      // What became of the turn is in the place itself.
      if (isOver) line.catchUp();
      else setFailed(true);
    }
  }

  return (
    <section class="card turn" data-state="admitted">
      <h2>{texts.turnTitle}</h2>
      <ConnectionNote connection={connection} ticket={ticket} line={line} />
      {ticket.arriveBy && (
        <div>
          <p class="label">{texts.timeLeft}</p>
          <p class="figure huge" role="timer">
            {formatCountdown(left, language)}
          </p>
        </div>
      )}
      <p>{texts.turn}</p>
      <button type="button" class="button wide" aria-disabled={busy} onClick={() => void take()}>
        {busy ? texts.taking : texts.take}
      </button>
      <p role="alert">
        {failed && ticket.arriveBy ? texts.claimFailed(formatTime(ticket.arriveBy, language)) : ""}
      </p>
      <p class="hidden" role="alert">
        {left <= WARN_SECONDS && left > 0 ? texts.hurry(formatDuration(WARN_SECONDS, language)) : ""}
      </p>
      <Leave line={line} label={texts.giveUp} sure={texts.leaveSure} />
    </section>
  );
}

function Inside({
  ticket,
  line,
  seats,
}: {
  readonly ticket: TicketView;
  readonly line: RoomProps["line"];
  readonly seats: string;
}) {
  const texts = useTexts(queueTexts);
  const language = useLanguage();
  const left = (Date.parse(ticket.passExpiresAt ?? "") - useNow()) / 1_000;
  return (
    <section class="card turn" data-state="inside">
      <h2>{texts.insideTitle}</h2>
      {ticket.passExpiresAt && (
        <>
          <p class="figure huge" role="timer">
            {formatCountdown(left, language)}
          </p>
          <p>{texts.inside(formatTime(ticket.passExpiresAt, language))}</p>
        </>
      )}
      <a class="button wide" href={seats}>
        {texts.toSeats}
      </a>
      <Leave line={line} label={texts.giveUp} sure={texts.giveUpSure} />
    </section>
  );
}
