/**
 * Which seats are near a spot, or in a part of the hall, without looking at all of them: a uniform grid, its cells
 * packed one after the other (counting sort), so it is three typed arrays whatever the hall.
 */
import type { Box, Hall } from "./hall.ts";
import type { Point } from "./view.ts";

export interface Grid {
  /** The seat nearest to the spot and no further than `reach` centimetres; null when there is none. */
  at(spot: Point, reach: number): number | null;
  /** How many `each` would visit. */
  count(box: Box): number;
  /** Calls `visit` once for every seat in the box, and for a few just outside it. */
  each(box: Box, visit: (ordinal: number) => void): void;
}

const CELL_CM = 220;

export function createGrid({ count, x, y, box }: Pick<Hall, "count" | "x" | "y" | "box">): Grid {
  const columns = Math.max(1, Math.floor((box.right - box.left) / CELL_CM) + 1);
  const lines = Math.max(1, Math.floor((box.bottom - box.top) / CELL_CM) + 1);
  const column = (value: number) => inside(Math.floor((value - box.left) / CELL_CM), columns);
  const line = (value: number) => inside(Math.floor((value - box.top) / CELL_CM), lines);
  const cellOf = (ordinal: number) => line(y[ordinal] as number) * columns + column(x[ordinal] as number);

  const start = new Uint32Array(columns * lines + 1);
  for (let ordinal = 0; ordinal < count; ordinal += 1) {
    const next = cellOf(ordinal) + 1;
    start[next] = (start[next] as number) + 1;
  }
  for (let cell = 1; cell < start.length; cell += 1)
    start[cell] = (start[cell] as number) + (start[cell - 1] as number);
  const seats = new Uint32Array(count);
  const filled = start.slice(0, -1);
  for (let ordinal = 0; ordinal < count; ordinal += 1) {
    const cell = cellOf(ordinal);
    const place = filled[cell] as number;
    seats[place] = ordinal;
    filled[cell] = place + 1;
  }

  /** The stretches of `seats` that lie in the cells of a box, one a line of cells. */
  function stretches(part: Box, visit: (from: number, to: number) => void): void {
    const isOutside =
      part.right < box.left || part.left > box.right || part.bottom < box.top || part.top > box.bottom;
    if (isOutside) return;
    const [fromColumn, toColumn] = [column(part.left), column(part.right)];
    for (let row = line(part.top); row <= line(part.bottom); row += 1)
      visit(start[row * columns + fromColumn] as number, start[row * columns + toColumn + 1] as number);
  }

  function each(part: Box, visit: (ordinal: number) => void): void {
    stretches(part, (from, to) => {
      for (let place = from; place < to; place += 1) visit(seats[place] as number);
    });
  }

  return {
    each,
    count(part) {
      let sum = 0;
      stretches(part, (from, to) => {
        sum += to - from;
      });
      return sum;
    },
    at(spot, reach) {
      let nearest: number | null = null;
      let least = reach * reach;
      const around = {
        left: spot.x - reach,
        top: spot.y - reach,
        right: spot.x + reach,
        bottom: spot.y + reach,
      };
      each(around, (ordinal) => {
        const square = ((x[ordinal] as number) - spot.x) ** 2 + ((y[ordinal] as number) - spot.y) ** 2;
        if (square > least) return;
        least = square;
        nearest = ordinal;
      });
      return nearest;
    },
  };
}

function inside(index: number, count: number): number {
  return Math.min(count - 1, Math.max(0, index));
}
