/**
 * Draws the hall on a 2D canvas, anew in every frame.
 *
 * Where thousands of seats are in view they are written into the pixels of a picture; where fewer are, each is one or
 * two filled rectangles, and seats of one colour are drawn one after the other (docs/decisions/0046). States differ in
 * shape: free is full, held is hollow, sold is a small dot, blocked is a bar; accessible seats are round where they are
 * large enough. What costs more, numbers and names, appears where few seats are on screen.
 */
import type { Grid } from "./grid.ts";
import type { Box, Hall } from "./hall.ts";
import { clear, fillBox, type Ink, mixInk, type Raster } from "./raster.ts";
import { AVAILABLE, BLOCKED, HELD, OCCUPIED, type SeatState, type SeatStates } from "./seat-states.ts";
import type { Stage } from "./stage.ts";
import { type Limits, toScreen, type View, visible } from "./view.ts";

/** The part of a canvas's 2D context that is drawn with. */
export interface Pen {
  fillStyle: unknown;
  strokeStyle: unknown;
  lineWidth: number;
  font: string;
  textAlign: string;
  textBaseline: string;
  globalAlpha: number;
  fillRect(x: number, y: number, width: number, height: number): void;
  strokeRect(x: number, y: number, width: number, height: number): void;
  beginPath(): void;
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  closePath(): void;
  arc(x: number, y: number, radius: number, from: number, to: number): void;
  roundRect(x: number, y: number, width: number, height: number, radius: number): void;
  fill(): void;
  stroke(): void;
  fillText(text: string, x: number, y: number): void;
  measureText(text: string): { readonly width: number };
}

/** The pixels of the whole canvas, for the way that is faster with thousands of seats. */
export interface Board {
  readonly raster: Raster;
  /** Device pixels a CSS pixel. */
  readonly ratio: number;
  /** Puts the raster on the canvas, over everything. */
  put(): void;
}

/** Colours as `#rrggbb`, and the family of the letters. */
export interface Look {
  readonly ground: string;
  readonly stage: string;
  readonly text: string;
  readonly free: string;
  readonly onFree: string;
  readonly taken: string;
  readonly chosen: string;
  readonly onChosen: string;
  readonly ring: string;
  readonly font: string;
}

export interface Caption {
  readonly name: string;
  readonly price: string;
}

export interface Scene {
  readonly hall: Hall;
  readonly grid: Grid;
  readonly stage: Stage;
  readonly states: SeatStates;
  readonly view: View;
  readonly limits: Limits;
  /** Picked, or held by this fan: drawn full, with a tick. */
  readonly chosen: ReadonlySet<number>;
  /** Under the pointer. */
  readonly pointed: number | null;
  /** Under the keyboard's cursor. */
  readonly focused: number | null;
  readonly stageName: string;
  /** What stands over each section, in the order of the hall. */
  readonly captions: readonly Caption[];
}

const SEAT_CM = 42;
const PITCH_CM = 55;
/** Of a seat's width and height, by its state. */
const DOT = 0.42;
const BAR = 0.24;
/** A hollow seat's wall, as a part of the seat and at least in pixels. */
const WALL = 0.16;
const LEAST_WALL_PX = 1;
const LEAST_SEAT_PX = 1.2;
/** Seats in view from which on they are written as pixels. */
const PIXELS_FROM = 4_000;
/** Pixels from seat to seat from which a seat carries its number, and a row its name. */
const NUMBERS_FROM = 20;
const ROWS_FROM = 13;
/** Below this, sections carry their captions. */
const CAPTIONS_TO = 13;

export function draw(pen: Pen, scene: Scene, look: Look, board: Board): void {
  const { limits, view, grid } = scene;
  const part = around(visible(view, limits));
  pen.globalAlpha = 1;
  const pitch = PITCH_CM * view.scale;
  if (grid.count(part) >= PIXELS_FROM) {
    writeSeats(scene, look, part, board);
    board.put();
    drawStage(pen, scene, look);
  } else {
    pen.fillStyle = look.ground;
    pen.fillRect(0, 0, limits.size.width, limits.size.height);
    drawStage(pen, scene, look);
    const seen = sortByState(scene, part);
    drawSeats(pen, scene, look, seen);
    if (pitch >= NUMBERS_FROM) drawNumbers(pen, scene, look, seen[AVAILABLE] ?? []);
    if (pitch >= ROWS_FROM) drawRowNames(pen, scene, look);
  }
  drawChosen(pen, scene, look);
  if (pitch < CAPTIONS_TO) drawCaptions(pen, scene, look);
  if (scene.pointed !== null) drawRing(pen, scene, look, scene.pointed, 1);
  if (scene.focused !== null) drawRing(pen, scene, look, scene.focused, 2);
}

/** Seats whose middle is just outside reach into the picture. */
function around({ left, top, right, bottom }: Box): Box {
  return { left: left - PITCH_CM, top: top - PITCH_CM, right: right + PITCH_CM, bottom: bottom + PITCH_CM };
}

function writeSeats({ hall, grid, states, view }: Scene, look: Look, part: Box, board: Board): void {
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

function sortByState({ grid, states, chosen }: Scene, part: Box): number[][] {
  const seen: number[][] = [[], [], [], []];
  grid.each(part, (ordinal) => {
    if (!chosen.has(ordinal)) seen[states.states[ordinal] as SeatState]?.push(ordinal);
  });
  return seen;
}

function drawSeats(pen: Pen, scene: Scene, look: Look, seen: readonly (readonly number[])[]): void {
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

function drawNumbers(pen: Pen, { hall, view }: Scene, look: Look, free: readonly number[]): void {
  pen.fillStyle = look.onFree;
  pen.font = `${Math.round(Math.min(15, SEAT_CM * view.scale * 0.58))}px ${look.font}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  for (const ordinal of free) {
    const { x, y } = placeOf(hall, view, ordinal);
    pen.fillText(String(hall.number[ordinal]), x, y);
  }
}

/** At both ends of each row, on the aisle. */
function drawRowNames(pen: Pen, { hall, view, limits }: Scene, look: Look): void {
  pen.fillStyle = look.text;
  pen.font = `${Math.round(Math.min(14, PITCH_CM * view.scale * 0.62))}px ${look.font}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  const aside = PITCH_CM * view.scale;
  for (const { name, seats } of hall.rows) {
    for (const [end, direction] of [[seats[0], -1] as const, [seats.at(-1), 1] as const]) {
      if (end === undefined) continue;
      const { x, y } = placeOf(hall, view, end);
      if (x < -aside || y < -aside || x > limits.size.width + aside || y > limits.size.height + aside)
        continue;
      pen.fillText(name, x + direction * aside, y);
    }
  }
}

function drawChosen(pen: Pen, { hall, view, chosen }: Scene, look: Look): void {
  const size = Math.max(7, SEAT_CM * view.scale * 1.12);
  for (const ordinal of chosen) {
    const { x, y } = placeOf(hall, view, ordinal);
    pen.fillStyle = look.chosen;
    pen.beginPath();
    pen.roundRect(x - size / 2, y - size / 2, size, size, size * 0.2);
    pen.fill();
    pen.strokeStyle = look.onChosen;
    pen.lineWidth = Math.max(1.4, size * 0.12);
    pen.beginPath();
    pen.moveTo(x - size * 0.24, y + size * 0.02);
    pen.lineTo(x - size * 0.06, y + size * 0.2);
    pen.lineTo(x + size * 0.26, y - size * 0.2);
    pen.stroke();
  }
}

/** Two rings, dark on light, so that one of them shows on whatever lies below. */
function drawRing(pen: Pen, { hall, view }: Scene, look: Look, ordinal: number, weight: number): void {
  const { x, y } = placeOf(hall, view, ordinal);
  const size = Math.max(9, SEAT_CM * view.scale + 5);
  for (const [colour, grown, line] of [
    [look.ground, 0, 2 + weight],
    [look.ring, 1 + weight, 1 + weight],
  ] as const) {
    pen.strokeStyle = colour;
    pen.lineWidth = line;
    pen.strokeRect(x - size / 2 - grown, y - size / 2 - grown, size + 2 * grown, size + 2 * grown);
  }
}

function drawStage(pen: Pen, { stage, view, stageName }: Scene, look: Look): void {
  pen.fillStyle = look.stage;
  pen.beginPath();
  for (const [index, corner] of stage.outline.entries()) {
    const { x, y } = toScreen(view, corner);
    if (index === 0) pen.moveTo(x, y);
    else pen.lineTo(x, y);
  }
  pen.closePath();
  pen.fill();
  const { x, y } = toScreen(view, stage.middle);
  pen.fillStyle = look.text;
  pen.font = `600 ${Math.round(Math.min(20, Math.max(11, 150 * view.scale)))}px ${look.font}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(stageName, x, y);
}

const CAPTION_LINE_PX = 17;

/** Over each section its name, and below it the price; the price only where the section has room for it. */
function drawCaptions(pen: Pen, { hall, view, captions }: Scene, look: Look): void {
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  for (const [index, { box }] of hall.sections.entries()) {
    const { name, price } = captions[index] ?? { name: "", price: "" };
    const { x, y } = toScreen(view, { x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2 });
    pen.font = `600 13px ${look.font}`;
    const room = { wide: (box.right - box.left) * view.scale, high: (box.bottom - box.top) * view.scale };
    const priceWidth = pen.measureText(price).width;
    const hasPrice = priceWidth + 20 < room.wide && room.high > 3 * CAPTION_LINE_PX;
    const width = Math.max(pen.measureText(name).width, hasPrice ? priceWidth : 0) + 18;
    const height = (hasPrice ? 2 : 1) * CAPTION_LINE_PX + 7;
    pen.globalAlpha = 0.9;
    pen.fillStyle = look.ground;
    pen.beginPath();
    pen.roundRect(x - width / 2, y - height / 2, width, height, 10);
    pen.fill();
    pen.globalAlpha = 1;
    pen.fillStyle = look.text;
    pen.fillText(name, x, hasPrice ? y - CAPTION_LINE_PX / 2 + 1 : y + 1);
    if (!hasPrice) continue;
    pen.font = `13px ${look.font}`;
    pen.fillText(price, x, y + CAPTION_LINE_PX / 2 + 1);
  }
}

function placeOf({ x, y }: Hall, view: View, ordinal: number): { readonly x: number; readonly y: number } {
  return { x: (x[ordinal] as number) * view.scale + view.x, y: (y[ordinal] as number) * view.scale + view.y };
}
