/** The map with its buttons, the line that says what seat one is at, and the marks explained. */
import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { seatTexts } from "../../presentation/index.ts";
import { useTexts } from "../app/language.ts";
import type { Hall } from "../seat-map/hall.ts";
import type { SeatStates } from "../seat-map/seat-states.ts";
import { Legend } from "./legend.tsx";
import { type MapView, openMap } from "./map-view.ts";
import type { Room } from "./room.ts";
import type { Words } from "./words.ts";

export interface HallMapProps {
  readonly hall: Hall;
  readonly states: SeatStates;
  readonly room: Room;
  readonly words: Words;
  /** Held or bought by this fan before. */
  readonly own: ReadonlySet<number>;
  /** Is given the way to bring seats into view. */
  readonly shown: RefObject<((ordinals: readonly number[]) => void) | null>;
}

interface At {
  readonly ordinal: number;
  readonly by: "pointer" | "keys";
}

const STEP = 1.6;

export function HallMap({ hall, states, room, words, own, shown }: HallMapProps) {
  const texts = useTexts(seatTexts);
  const canvas = useRef<HTMLCanvasElement>(null);
  const map = useRef<MapView | null>(null);
  const [at, setAt] = useState<At | null>(null);
  const { choice } = room.store.get();

  useEffect(() => {
    if (!canvas.current) return;
    const opened = openMap({
      canvas: canvas.current,
      hall,
      states,
      pick: room.toggle,
      onPoint: (ordinal, by) => setAt(ordinal === null ? null : { ordinal, by }),
    });
    map.current = opened;
    shown.current = opened.goTo;
    return () => {
      opened.close();
      map.current = null;
      shown.current = null;
    };
  }, [hall, states, room]);

  // Whatever made the page render may show on the map as well: a state, a choice, the language, the event's colours.
  useEffect(() => {
    map.current?.show({
      chosen: new Set([...own, ...choice.seats]),
      stageName: texts.stage,
      captions: hall.sections.map(({ name, amount }) => ({ name, price: words.money(amount) })),
    });
  });

  return (
    <>
      <div class="map">
        {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: it is operated by keys of its own */}
        <canvas
          ref={canvas}
          tabIndex={0}
          role="application"
          aria-label={texts.mapLabel}
          aria-describedby="map-help"
        />
        <div class="zoom">
          <button type="button" aria-label={texts.zoomIn} onClick={() => map.current?.zoomBy(STEP)}>
            +
          </button>
          <button type="button" aria-label={texts.zoomOut} onClick={() => map.current?.zoomBy(1 / STEP)}>
            −
          </button>
          <button type="button" aria-label={texts.wholeHall} onClick={() => map.current?.whole()}>
            <span aria-hidden="true">⤢</span>
          </button>
        </div>
      </div>
      <p class="seat-line" data-seat={at?.ordinal}>
        {at ? words.all(at.ordinal) : <span class="muted">{texts.pointHere}</span>}
      </p>
      <p class="hidden" role="status">
        {at?.by === "keys" ? words.all(at.ordinal) : ""}
      </p>
      <Legend />
      <p id="map-help" class="muted small">
        {texts.mapHelpPointer} <span class="for-keys">{texts.mapHelp}</span>
      </p>
    </>
  );
}
