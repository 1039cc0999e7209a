/** What there is to draw, with what, and in which colours. */
import type { Grid } from "./grid.ts";
import type { Hall } from "./hall.ts";
import type { Raster } from "./raster.ts";
import type { SeatStates } from "./seat-states.ts";
import type { Stage } from "./stage.ts";
import type { Limits, View } from "./view.ts";

/** Centimetres that a seat is drawn wide, and from one seat to the next. */
export const SEAT_CM = 42;
export const PITCH_CM = 55;

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
