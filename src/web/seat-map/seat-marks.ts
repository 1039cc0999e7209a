/** The mark of each seat in its state: as pixels where thousands are in view, as rectangles where fewer are. */
import type { Box } from "./hall.ts";
import { clear, fillBox, type Ink, mixInk } from "./raster.ts";
import { type Board, type Look, type Pen, type Scene, SEAT_CM } from "./scene.ts";
import { AVAILABLE, BLOCKED, HELD, OCCUPIED, type SeatState } from "./seat-states.ts";

/** Of a seat's width and height, by its state. */
const DOT = 0.42;
const BAR = 0.24;
/** A hollow seat's wall, as a part of the seat and at least in pixels. */
const WALL = 0.16;
const LEAST_WALL_PX = 1;
const LEAST_SEAT_PX = 1.2;
export function writeSeats({ hall, grid, states, view }: Scene, look: Look, part: Box, board: Board): void {
  const { raster, ratio } = board;
  const { x, y } = hall;
  const scale = view.scale * ratio;
  const [fromX, fromY] = [view.x * ratio, view.y * ratio];
  const half = Math.max(LEAST_SEAT_PX * ratio, SEAT_CM * scale) / 2;
  const hole = Math.max(0, half - wallOf(half * 2, ratio));
  const free = inkOf(look.free, look.ground);
  const taken = inkOf(look.taken, look.ground);
  const ground = inkOf(look.ground, look.taken);
  const box = (ink: Ink, middleX: number, middleY: number, wide: number, high: number) =>
    fillBox(raster, ink, middleX - wide, middleY - high, middleX + wide, middleY + high);

  clear(raster, inkOf(look.ground, look.ground));
  grid.each(part, (ordinal) => {
    const middleX = (x[ordinal] as number) * scale + fromX;
    const middleY = (y[ordinal] as number) * scale + fromY;
    switch (states.states[ordinal]) {
      case AVAILABLE:
        box(free, middleX, middleY, half, half);
        break;
      case HELD:
        box(taken, middleX, middleY, half, half);
        box(ground, middleX, middleY, hole, hole);
        break;
      case OCCUPIED:
        box(taken, middleX, middleY, half * DOT, half * DOT);
        break;
      default:
        box(taken, middleX, middleY, half, half * BAR);
    }
  });
}

function wallOf(size: number, ratio: number): number {
  return Math.max(LEAST_WALL_PX * ratio, size * WALL);
}

const inks = new Map<string, Ink>();

/** Mixing one is some hundred steps, and a page has a handful of them. */
function inkOf(colour: string, ground: string): Ink {
  const name = colour + ground;
  const known = inks.get(name);
  if (known) return known;
  if (inks.size > 100) inks.clear();
  const mixed = mixInk(colour, ground);
  inks.set(name, mixed);
  return mixed;
}

export function sortByState({ grid, states, chosen }: Scene, part: Box): number[][] {
  const seen: number[][] = [[], [], [], []];
  grid.each(part, (ordinal) => {
    if (!chosen.has(ordinal)) seen[states.states[ordinal] as SeatState]?.push(ordinal);
  });
  return seen;
}

/** Sorted by state, because to change the colour costs more than to draw. */
export function drawSeats(pen: Pen, scene: Scene, look: Look, seen: readonly (readonly number[])[]): void {
  const { hall, view } = scene;
  const { x, y, accessible } = hall;
  const { scale } = view;
  const size = Math.max(LEAST_SEAT_PX, SEAT_CM * scale);

  /** All in one colour, each `wide` by `high` in parts of a seat. */
  const stamp = (ordinals: readonly number[] | undefined, colour: string, wide: number, high: number) => {
    pen.fillStyle = colour;
    const width = wide * size;
    const height = high * size;
    const roundable = width === height && size > 4;
    for (const ordinal of ordinals ?? []) {
      const middleX = (x[ordinal] as number) * scale + view.x;
      const middleY = (y[ordinal] as number) * scale + view.y;
      if (roundable && accessible[ordinal] === 1) drawDisc(pen, middleX, middleY, width / 2);
      else pen.fillRect(middleX - width / 2, middleY - height / 2, width, height);
    }
  };
  const hole = Math.max(0, 1 - (2 * wallOf(size, 1)) / size);
  stamp(seen[AVAILABLE], look.free, 1, 1);
  stamp(seen[HELD], look.taken, 1, 1);
  stamp(seen[HELD], look.ground, hole, hole);
  stamp(seen[OCCUPIED], look.taken, DOT, DOT);
  stamp(seen[BLOCKED], look.taken, 1, BAR);
}

function drawDisc(pen: Pen, x: number, y: number, radius: number): void {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
}
