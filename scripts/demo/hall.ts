/** The hall: how the operator describes it, and how a fan chooses in it. */
import type { Random } from "./random.ts";

export interface SectionPlan {
  readonly name: string;
  readonly rows: number;
  readonly seatsPerRow: number;
  readonly amount: number;
  readonly accessibleSeats?: number;
}

const HALL: readonly SectionPlan[] = [
  { name: "R", rows: 8, seatsPerRow: 20, amount: 198_000, accessibleSeats: 4 },
  { name: "S", rows: 10, seatsPerRow: 24, amount: 165_000 },
  { name: "A", rows: 10, seatsPerRow: 28, amount: 132_000, accessibleSeats: 8 },
  { name: "B", rows: 10, seatsPerRow: 30, amount: 99_000 },
  { name: "C", rows: 11, seatsPerRow: 20, amount: 66_000 },
];

/** Five price sections, front to back. @param seats a multiple of 50. */
export function sectionsFor(seats: number): readonly SectionPlan[] {
  const whole = HALL.reduce((sum, { rows, seatsPerRow }) => sum + rows * seatsPerRow, 0);
  if (seats === whole) return HALL;
  return HALL.map(({ name, amount, accessibleSeats }) => ({
    name,
    amount,
    rows: seats / 50,
    seatsPerRow: 10,
    ...(accessibleSeats ? { accessibleSeats: 2 } : {}),
  }));
}

export interface Layout {
  readonly sections: readonly {
    readonly id: string;
    readonly name: string;
    readonly amount: number;
    readonly rows: readonly {
      readonly seats: readonly { readonly id: string; readonly ordinal: number }[];
    }[];
  }[];
}

export interface Hall {
  readonly seatCount: number;
  /** By ordinal, like all lists here. */
  readonly ids: readonly string[];
  readonly amounts: readonly number[];
  /** Numbers the rows over the whole hall; neighbours have the same one. */
  readonly rowOf: readonly number[];
  readonly sections: readonly {
    readonly id: string;
    readonly name: string;
    readonly first: number;
    readonly end: number;
  }[];
}

export function readHall({ sections }: Layout): Hall {
  const ids: string[] = [];
  const amounts: number[] = [];
  const rowOf: number[] = [];
  let row = 0;
  const parts = sections.map(({ id, name, amount, rows }) => {
    const first = ids.length;
    for (const { seats } of rows) {
      row += 1;
      for (const seat of seats) {
        ids[seat.ordinal] = seat.id;
        amounts[seat.ordinal] = amount;
        rowOf[seat.ordinal] = row;
      }
    }
    return { id, name, first, end: ids.length };
  });
  return { seatCount: ids.length, ids, amounts, rowOf, sections: parts };
}

/** How many of the best places a fan weighs up; few, so that fans in a hurry meet on the same seats. */
const WEIGHED = 16;

/**
 * Seats side by side where this fan likes to sit, or further back where there are none; the last ones left, however
 * they lie, when there are nowhere so many together.
 * @param letters the availability, a letter a seat.
 * @param taste from 0, the front section, to 1.
 * @returns ordinals; empty when no seat is free.
 */
export function chooseSeats(
  hall: Hall,
  letters: string,
  { quantity, taste }: { readonly quantity: number; readonly taste: number },
  random: Random,
): number[] {
  const favourite = Math.min(hall.sections.length - 1, Math.floor(taste * hall.sections.length));
  for (let turn = 0; turn < hall.sections.length; turn += 1) {
    const section = hall.sections[(favourite + turn) % hall.sections.length];
    const starts = section ? freeRuns(hall, letters, section, quantity) : [];
    const start = starts[Math.floor(random.next() * starts.length)];
    if (start !== undefined) return Array.from({ length: quantity }, (_, index) => start + index);
  }
  const scattered: number[] = [];
  for (
    let seat = letters.indexOf("A");
    seat >= 0 && scattered.length < quantity;
    seat = letters.indexOf("A", seat + 1)
  ) {
    scattered.push(seat);
  }
  return scattered;
}

function freeRuns(
  { rowOf }: Hall,
  letters: string,
  { first, end }: { readonly first: number; readonly end: number },
  quantity: number,
): number[] {
  const starts: number[] = [];
  let length = 0;
  for (let seat = first; seat < end && starts.length < WEIGHED; seat += 1) {
    if (letters[seat] !== "A") length = 0;
    else if (length > 0 && rowOf[seat] === rowOf[seat - 1]) length += 1;
    else length = 1;
    if (length < quantity) continue;
    starts.push(seat - quantity + 1);
    length = 0;
  }
  return starts;
}
