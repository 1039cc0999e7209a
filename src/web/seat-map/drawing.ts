/**
 * Draws the hall on a 2D canvas, anew in every frame.
 *
 * Where thousands of seats are in view they are written into the pixels of a picture; where fewer are, each is one or
 * two filled rectangles, and seats of one colour are drawn one after the other (docs/decisions/0046). States differ in
 * shape: free is full, held is hollow, sold is a small dot, blocked is a bar; accessible seats are round where they are
 * large enough. What costs more, numbers and names, appears where few seats are on screen.
 */
import type { Box, Hall } from "./hall.ts";
import { type Board, type Look, type Pen, PITCH_CM, type Scene, SEAT_CM } from "./scene.ts";
import { drawSeats, sortByState, writeSeats } from "./seat-marks.ts";
import { AVAILABLE } from "./seat-states.ts";
import { toScreen, type View, visible } from "./view.ts";

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
