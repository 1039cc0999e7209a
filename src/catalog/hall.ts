/**
 * Draws a hall: from "so many rows of so many seats, at this price" to seats with names and places.
 *
 * Coordinates are whole centimetres, x to the right of the stage's middle line as the audience sees it, y away
 * from the stage. Sections fill tiers from the stage backwards, the first tier one section, the second two, and
 * so on, each tier centred, with an aisle between neighbours and a cross-aisle between tiers. Then every seat is
 * moved towards the stage by an amount that grows with its distance from the middle line, so that rows bow
 * around the stage. That last step depends on x alone, so it cannot bring two seats together.
 */
import type { FieldError } from "../platform/errors.ts";

export interface SectionPlan {
  readonly name: string;
  readonly rows: number;
  readonly seatsPerRow: number;
  /** The price of each seat, in the currency's minor unit. */
  readonly amount: number;
  /** How many of the seats are accessible; 0 when absent. */
  readonly accessibleSeats?: number;
}

/** The seats of a hall, as columns: index i is the seat with ordinal i. */
export interface HallSeats {
  readonly count: number;
  /** Index into the sections the hall was drawn from. */
  readonly section: Uint16Array;
  readonly rowName: string[];
  readonly number: Uint16Array;
  readonly x: Int32Array;
  readonly y: Int32Array;
  /** 1 for an accessible seat. */
  readonly accessible: Uint8Array;
}

export const MAX_SEATS = 50_000;

const SEAT_PITCH_CM = 55;
const ROW_PITCH_CM = 90;
const AISLE_CM = 150;
const CROSS_AISLE_CM = 200;
const FIRST_ROW_CM = 400;
/** The ends of the widest tier come nearer to the stage by this part of its width. */
const BOW = 0.12;

/** What is wrong with the sections as a whole; the bounds of each field are the schema's. */
export function checkSections(sections: readonly SectionPlan[]): FieldError[] {
  const errors: FieldError[] = [];
  const total = sections.reduce((sum, { rows, seatsPerRow }) => sum + rows * seatsPerRow, 0);
  if (total > MAX_SEATS) {
    errors.push({
      path: "sections",
      message: `sections must have at most ${MAX_SEATS} seats in all, not ${total}`,
    });
  }
  const names = new Set<string>();
  for (const [index, { name, rows, seatsPerRow, accessibleSeats = 0 }] of sections.entries()) {
    const same = name.normalize("NFC");
    if (names.has(same))
      errors.push({ path: `sections.${index}.name`, message: `there are two sections named ${name}` });
    names.add(same);
    if (accessibleSeats > rows * seatsPerRow) {
      errors.push({
        path: `sections.${index}.accessibleSeats`,
        message: `accessibleSeats must be at most the section's ${rows * seatsPerRow} seats`,
      });
    }
  }
  return errors;
}

/** Ordinals run section by section, row by row from the stage, seat by seat from the left. */
export function drawHall(sections: readonly SectionPlan[]): HallSeats {
  const count = sections.reduce((sum, { rows, seatsPerRow }) => sum + rows * seatsPerRow, 0);
  const seats: HallSeats = {
    count,
    section: new Uint16Array(count),
    rowName: new Array<string>(count),
    number: new Uint16Array(count),
    x: new Int32Array(count),
    y: new Int32Array(count),
    accessible: new Uint8Array(count),
  };
  const places = placeSections(sections);
  const halfWidth = Math.max(...places.map(({ left }) => Math.abs(left)));
  const bow = BOW * 2 * halfWidth;
  let ordinal = 0;
  for (const [index, section] of sections.entries()) {
    const { left, front } = places[index] as Place;
    markAccessible(section, seats.accessible.subarray(ordinal, ordinal + section.rows * section.seatsPerRow));
    for (let row = 0; row < section.rows; row += 1) {
      const name = rowName(row);
      for (let column = 0; column < section.seatsPerRow; column += 1) {
        const x = left + (column + 0.5) * SEAT_PITCH_CM;
        const y = FIRST_ROW_CM + bow + front + row * ROW_PITCH_CM - bow * (x / halfWidth) ** 2;
        seats.section[ordinal] = index;
        seats.rowName[ordinal] = name;
        seats.number[ordinal] = column + 1;
        seats.x[ordinal] = Math.round(x);
        seats.y[ordinal] = Math.round(y);
        ordinal += 1;
      }
    }
  }
  return seats;
}

/** Spreadsheet style: A … Z, AA, AB … */
export function rowName(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : rowName(Math.floor(index / 26) - 1) + letter;
}

interface Place {
  /** Left edge, centimetres from the middle line. */
  readonly left: number;
  /** Front row, centimetres behind the first tier's. */
  readonly front: number;
}

function placeSections(sections: readonly SectionPlan[]): Place[] {
  const places: Place[] = [];
  let front = 0;
  for (let tier = 1; places.length < sections.length; tier += 1) {
    const members = sections.slice(places.length, places.length + tier);
    const widths = members.map(({ seatsPerRow }) => seatsPerRow * SEAT_PITCH_CM);
    let left = -(widths.reduce((sum, width) => sum + width, 0) + (members.length - 1) * AISLE_CM) / 2;
    for (const width of widths) {
      places.push({ left, front });
      left += width + AISLE_CM;
    }
    front += (Math.max(...members.map(({ rows }) => rows)) - 1) * ROW_PITCH_CM + CROSS_AISLE_CM;
  }
  return places;
}

/**
 * Accessible seats stand on the aisles, two side by side so that a companion sits next to a wheelchair: last row
 * first (the level entrance is at the back), then the front row, then inwards between them. Only when every
 * row's ends are taken does it go further from the aisle.
 */
function markAccessible(
  { rows, seatsPerRow, accessibleSeats = 0 }: SectionPlan,
  accessible: Uint8Array,
): void {
  let left = accessibleSeats;
  const mark = (row: number, column: number) => {
    const seat = row * seatsPerRow + column;
    if (left === 0 || accessible[seat] === 1) return;
    accessible[seat] = 1;
    left -= 1;
  };
  for (let fromAisle = 0; left > 0; fromAisle += 2) {
    const pair = [fromAisle, fromAisle + 1].filter((column) => column < seatsPerRow);
    for (let rank = 0; rank < rows && left > 0; rank += 1) {
      const row = rank % 2 === 0 ? rows - 1 - rank / 2 : (rank - 1) / 2;
      for (const column of pair) mark(row, column);
      for (const column of pair) mark(row, seatsPerRow - 1 - column);
    }
  }
}
