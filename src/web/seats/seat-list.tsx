/**
 * The hall as a list: a section, a row, its seats as check boxes. It can do what the map can, and a seat that is taken
 * while somebody is on it stays where it is and says so.
 */
import { useState } from "preact/hooks";
import { formatNumber, seatTexts } from "../../presentation/index.ts";
import { useLanguage, useTexts } from "../app/language.ts";
import type { Hall } from "../seat-map/hall.ts";
import { AVAILABLE, type SeatStates } from "../seat-map/seat-states.ts";
import type { Room } from "./room.ts";
import type { Words } from "./words.ts";

export interface SeatListProps {
  readonly hall: Hall;
  readonly states: SeatStates;
  readonly room: Room;
  readonly words: Words;
  readonly own: ReadonlySet<number>;
}

export function SeatList({ hall, states, room, words, own }: SeatListProps) {
  const texts = useTexts(seatTexts);
  const language = useLanguage();
  const [sectionIndex, setSectionIndex] = useState(0);
  const free = freeByRow(hall, states);
  const rowsOf = (index: number) => hall.sections[index]?.rows ?? [];
  const firstWithFree = (index: number) => {
    const rows = rowsOf(index);
    return rows.find((row) => (free[row] ?? 0) > 0) ?? rows[0] ?? 0;
  };
  // Chosen once: a row that fills up while somebody reads it stays where it is.
  const [rowIndex, setRowIndex] = useState(() => firstWithFree(0));
  const section = hall.sections[sectionIndex];
  const rows = rowsOf(sectionIndex);
  const number = (value: number) => formatNumber(value, language);
  const freeIn = (indexes: readonly number[]) => indexes.reduce((sum, index) => sum + (free[index] ?? 0), 0);
  const row = hall.rows[rowIndex];
  return (
    <div class="seat-list">
      <p class="field">
        <label for="list-section">{texts.section}</label>
        <select
          id="list-section"
          value={sectionIndex}
          onChange={({ currentTarget }) => {
            const chosen = Number(currentTarget.value);
            setSectionIndex(chosen);
            setRowIndex(firstWithFree(chosen));
          }}
        >
          {hall.sections.map(({ id, name, amount, rows: own }, index) => (
            <option key={id} value={index}>
              {texts.sectionOption(name, words.money(amount), number(freeIn(own)))}
            </option>
          ))}
        </select>
      </p>
      <p class="field">
        <label for="list-row">{texts.rows}</label>
        <select
          id="list-row"
          value={rowIndex}
          onChange={({ currentTarget }) => setRowIndex(Number(currentTarget.value))}
        >
          {rows.map((index) => (
            <option key={index} value={index}>
              {texts.rowOption(hall.rows[index]?.name ?? "", number(free[index] ?? 0))}
            </option>
          ))}
        </select>
      </p>
      <fieldset class="row-seats">
        <legend>{texts.seatsOfRow(section?.name ?? "", row?.name ?? "")}</legend>
        {row?.seats.map((ordinal) => (
          <SeatBox key={ordinal} ordinal={ordinal} hall={hall} room={room} words={words} own={own} />
        ))}
      </fieldset>
    </div>
  );
}

function SeatBox({
  ordinal,
  hall,
  room,
  words,
  own,
}: { readonly ordinal: number } & Omit<SeatListProps, "states">) {
  const texts = useTexts(seatTexts);
  const picked = room.store.get().choice.seats.includes(ordinal);
  const mine = own.has(ordinal);
  const usable = !mine && (picked || room.free(ordinal));
  const kind = hall.accessible[ordinal] === 1 ? ` · ${texts.accessible}` : "";
  return (
    <label class={usable ? "seat-box" : "seat-box taken"}>
      <input
        type="checkbox"
        checked={picked || mine}
        // Not `disabled`: that would take the focus away from whoever is on it.
        aria-disabled={!usable}
        onChange={({ currentTarget }) => {
          if (!mine) room.toggle(ordinal);
          // The box has ticked itself already; what counts is whether the seat was to be had.
          currentTarget.checked = mine || room.store.get().choice.seats.includes(ordinal);
        }}
      />
      <span>
        {texts.seatNumber(String(hall.number[ordinal]))}
        <small>
          {words.state(ordinal)}
          {kind}
        </small>
      </span>
    </label>
  );
}

function freeByRow({ rows, rowOf, count }: Hall, { states }: SeatStates): Uint32Array {
  const free = new Uint32Array(rows.length);
  for (let ordinal = 0; ordinal < count; ordinal += 1) {
    const row = rowOf[ordinal] as number;
    if (states[ordinal] === AVAILABLE) free[row] = (free[row] as number) + 1;
  }
  return free;
}
