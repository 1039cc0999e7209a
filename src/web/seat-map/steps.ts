/**
 * From seat to seat by keys: left and right as on screen, up and down to the seat of the next row that is most nearly
 * straight ahead. Rows bow and sections stand side by side, so "next row" is a matter of places and not of names.
 */
import type { Hall } from "./hall.ts";

export type Step = "left" | "right" | "up" | "down" | "first" | "last";

/** Sideways way counts this much more than way ahead, so that a step up goes up. */
const SIDEWAYS = 3;

/** @returns the seat to go to; the same one where the hall ends. */
export function stepFrom(hall: Hall, ordinal: number, step: Step): number {
  const row = hall.rows[hall.rowOf[ordinal] as number]?.seats ?? [];
  const place = row.indexOf(ordinal);
  switch (step) {
    case "first":
      return row[0] ?? ordinal;
    case "last":
      return row.at(-1) ?? ordinal;
    case "left":
      return row[place - 1] ?? across(hall, ordinal, -1) ?? ordinal;
    case "right":
      return row[place + 1] ?? across(hall, ordinal, 1) ?? ordinal;
    case "up":
      return ahead(hall, ordinal, -1) ?? ordinal;
    case "down":
      return ahead(hall, ordinal, 1) ?? ordinal;
  }
}

/** Over an aisle, in centimetres; a bowed row rises by less than half of the way. */
const AISLE = 300;
const RISE = 0.5;

/** To the row that goes on beyond the aisle; where none does, the row has ended. */
function across(hall: Hall, from: number, direction: 1 | -1): number | null {
  return least(hall, from, (dx, dy) => {
    const way = dx * direction;
    if (way <= 0 || way > AISLE || Math.abs(dy) > RISE * way) return Infinity;
    return way + SIDEWAYS * Math.abs(dy);
  });
}

function ahead(hall: Hall, from: number, direction: 1 | -1): number | null {
  const own = hall.rowOf[from];
  return least(hall, from, (dx, dy, other) =>
    dy * direction > 0 && hall.rowOf[other] !== own ? Math.abs(dy) + SIDEWAYS * Math.abs(dx) : Infinity,
  );
}

function least(
  { count, x, y }: Hall,
  from: number,
  cost: (dx: number, dy: number, other: number) => number,
): number | null {
  let best: number | null = null;
  let lowest = Infinity;
  for (let other = 0; other < count; other += 1) {
    const value = cost(
      (x[other] as number) - (x[from] as number),
      (y[other] as number) - (y[from] as number),
      other,
    );
    if (value >= lowest) continue;
    lowest = value;
    best = other;
  }
  return best;
}
