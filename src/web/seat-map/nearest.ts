/**
 * What to offer somebody whose seats are gone: as many seats side by side, as near as can be to where the old ones
 * were. Seats that are still to be had count as free here, so a group that lost one seat is first offered its own
 * neighbours. Accessible seats are offered only in place of accessible ones.
 */
import type { Hall } from "./hall.ts";

/** Another section is another price and another view: it must be this much nearer, in centimetres. */
const OTHER_SECTION_CM = 1_000;

/** @returns as many ordinals as were wanted, ascending; null when the hall has not that many free seats. */
export function nearestFree(
  hall: Hall,
  wanted: readonly number[],
  isFree: (ordinal: number) => boolean,
): number[] | null {
  if (wanted.length === 0) return null;
  const around = hub(hall, wanted);
  const accessible = wanted.some((ordinal) => hall.accessible[ordinal] === 1);
  const usable = (ordinal: number) => isFree(ordinal) && (accessible || hall.accessible[ordinal] === 0);
  const together = nearestGroup(hall, around, wanted.length, usable);
  return together ?? nearestSingles(hall, around, wanted.length, usable);
}

interface Hub {
  readonly x: number;
  readonly y: number;
  readonly section: number;
}

function hub(hall: Hall, seats: readonly number[]): Hub {
  const mean = (values: Float32Array) =>
    seats.reduce((sum, ordinal) => sum + (values[ordinal] as number), 0) / seats.length;
  return { x: mean(hall.x), y: mean(hall.y), section: sectionOf(hall, seats[0] as number) };
}

function nearestGroup(
  hall: Hall,
  around: Hub,
  size: number,
  usable: (ordinal: number) => boolean,
): number[] | null {
  let best: readonly number[] | null = null;
  let least = Infinity;
  for (const { seats, section } of hall.rows) {
    let run = 0;
    for (const [index, ordinal] of seats.entries()) {
      const before = seats[index - 1];
      const touches = before !== undefined && hall.number[ordinal] === (hall.number[before] as number) + 1;
      run = usable(ordinal) ? (touches ? run : 0) + 1 : 0;
      if (run < size) continue;
      const group = seats.slice(index - size + 1, index + 1);
      const far =
        distance(hall, group[0] as number, ordinal, around) +
        (section === around.section ? 0 : OTHER_SECTION_CM);
      if (far >= least) continue;
      least = far;
      best = group;
    }
  }
  return best && ascending(best);
}

function nearestSingles(
  hall: Hall,
  around: Hub,
  size: number,
  usable: (ordinal: number) => boolean,
): number[] | null {
  const free: { ordinal: number; far: number }[] = [];
  for (let ordinal = 0; ordinal < hall.count; ordinal += 1) {
    if (!usable(ordinal)) continue;
    const other = sectionOf(hall, ordinal) === around.section ? 0 : OTHER_SECTION_CM;
    free.push({ ordinal, far: distance(hall, ordinal, ordinal, around) + other });
  }
  if (free.length < size) return null;
  free.sort((a, b) => a.far - b.far);
  return ascending(free.slice(0, size).map(({ ordinal }) => ordinal));
}

/** From the middle between two seats. */
function distance({ x, y }: Hall, first: number, last: number, around: Hub): number {
  return Math.hypot(
    ((x[first] as number) + (x[last] as number)) / 2 - around.x,
    ((y[first] as number) + (y[last] as number)) / 2 - around.y,
  );
}

function sectionOf({ rows, rowOf }: Hall, ordinal: number): number {
  return rows[rowOf[ordinal] as number]?.section ?? -1;
}

function ascending(ordinals: readonly number[]): number[] {
  return [...ordinals].sort((a, b) => a - b);
}
