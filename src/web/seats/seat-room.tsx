/** The map or the list, and beside it what is picked and what can be done about it. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { formatCountdown, formatDuration, seatTexts } from "../../presentation/index.ts";
import { useNow } from "../app/clock.ts";
import { useLanguage, useTexts } from "../app/language.ts";
import { useStore } from "../app/store.ts";
import type { Entry } from "./entry.ts";
import { HallMap } from "./hall-map.tsx";
import { NoTurn } from "./no-turn.tsx";
import { Notices } from "./notices.tsx";
import { Panel } from "./panel.tsx";
import { SeatList } from "./seat-list.tsx";
import { useRoom } from "./use-room.ts";
import { wordsFor } from "./words.ts";

type Admitted = Extract<Entry, { admitted: true }>;

export function SeatRoom({ entry }: { readonly entry: Admitted }) {
  const { facts, hall, mine } = entry;
  const { room, states, live, expiresAt } = useRoom(entry);
  const state = useStore(room.store);
  const language = useLanguage();
  const texts = useTexts(seatTexts);
  const [view, setView] = useState<"map" | "list">("map");
  const shown = useRef<((ordinals: readonly number[]) => void) | null>(null);
  const own = useMemo(
    () => new Set(mine.flatMap(({ seats }) => seats.map(({ ordinal }) => ordinal))),
    [mine],
  );
  const chosen = useMemo(() => new Set(state.choice.seats), [state.choice]);
  const words = wordsFor({ hall, states, currency: facts.currency, language, chosen, mine: own });

  if (state.over) {
    return (
      <>
        <NoTurn reason="OVER" queueId={facts.queueId} />
        <HeldAlready entry={entry} />
      </>
    );
  }
  return (
    <>
      <Turn expiresAt={expiresAt} onOver={room.end} />
      <HeldAlready entry={entry} />
      <div class="seat-room">
        <section class="hall" aria-label={texts.mapLabel}>
          <div class="hall-bar">
            <fieldset class="switch">
              <legend class="hidden">{texts.views}</legend>
              {(["map", "list"] as const).map((name) => (
                <label key={name}>
                  <input type="radio" name="view" checked={view === name} onChange={() => setView(name)} />
                  <span>{texts[name]}</span>
                </label>
              ))}
            </fieldset>
            <p class={live ? "live" : "live late"} role="status">
              {live ? texts.live : texts.catchingUp}
            </p>
          </div>
          {view === "map" ? (
            <HallMap hall={hall} states={states} room={room} words={words} own={own} shown={shown} />
          ) : (
            <SeatList hall={hall} states={states} room={room} words={words} own={own} />
          )}
        </section>
        <div class="panel">
          <Notices
            room={room}
            words={words}
            limit={facts.maxSeatsPerFan}
            show={(seats) => shown.current?.(seats)}
          />
          <Panel facts={facts} hall={hall} room={room} words={words} />
        </div>
      </div>
    </>
  );
}

const WARN_SECONDS = [120, 60, 30];

/** The time that is left to choose; what is said aloud changes at a few marks only. */
function Turn({ expiresAt, onOver }: { readonly expiresAt: number; readonly onOver: () => void }) {
  const texts = useTexts(seatTexts);
  const language = useLanguage();
  const left = Math.ceil((expiresAt - useNow()) / 1_000);
  const over = left <= 0;
  useEffect(() => {
    if (over) onOver();
  }, [over]);
  const mark = WARN_SECONDS.findLast((seconds) => left <= seconds);
  return (
    <div class={mark ? "turn-clock soon" : "turn-clock"}>
      <p class="countdown">
        <span class="label">{texts.turnLeft}</span>{" "}
        <span class="figure" role="timer">
          {formatCountdown(left, language)}
        </span>
      </p>
      <p class="warning" role="status">
        {mark ? texts.turnEnds(formatDuration(mark, language)) : ""}
      </p>
    </div>
  );
}

function HeldAlready({ entry: { mine } }: { readonly entry: Admitted }) {
  const texts = useTexts(seatTexts);
  const held = mine.find(({ status }) => status === "HELD" || status === "PAYING");
  if (!held) return null;
  return (
    <p class="notice">
      {texts.heldAlready(String(held.seats.length))} <a href={`/checkout/${held.id}`}>{texts.toCheckout}</a>
    </p>
  );
}
