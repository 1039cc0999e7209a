/**
 * What part of the hall is on screen. A view is a value: each gesture makes a new one, held within its limits, so
 * that the hall can neither be lost outside the window nor blown up beyond use.
 */
import type { Box } from "./hall.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface View extends Point {
  /** CSS pixels a centimetre. `x` and `y` are the pixels at which the hall's origin is drawn. */
  readonly scale: number;
}

export interface Limits {
  readonly size: Size;
  /** What can be looked at, with a margin. */
  readonly box: Box;
  readonly minScale: number;
  readonly maxScale: number;
}

/** At this scale a seat of 55 cm is as wide as a finger. */
const MAX_SCALE = 0.9;
const MARGIN_CM = 120;

/** @param drawn all that there is to look at. */
export function limitsOf(drawn: Box, size: Size): Limits {
  const box = {
    left: drawn.left - MARGIN_CM,
    top: drawn.top - MARGIN_CM,
    right: drawn.right + MARGIN_CM,
    bottom: drawn.bottom + MARGIN_CM,
  };
  const minScale = Math.min(size.width / (box.right - box.left), size.height / (box.bottom - box.top));
  return { size, box, minScale, maxScale: Math.max(MAX_SCALE, minScale) };
}

/** The whole hall. */
export function wholeHall(limits: Limits): View {
  return within({ scale: limits.minScale, x: 0, y: 0 }, limits);
}

/** @param anchor the pixel that stays over the same spot of the hall. */
export function zoom(view: View, factor: number, anchor: Point, limits: Limits): View {
  const scale = clamp(view.scale * factor, limits.minScale, limits.maxScale);
  const grown = scale / view.scale;
  return within(
    { scale, x: anchor.x - (anchor.x - view.x) * grown, y: anchor.y - (anchor.y - view.y) * grown },
    limits,
  );
}

export function pan(view: View, dx: number, dy: number, limits: Limits): View {
  return within({ ...view, x: view.x + dx, y: view.y + dy }, limits);
}

/** Two fingers that were at `from` are at `to`: the hall follows both. */
export function pinch(
  view: View,
  from: readonly [Point, Point],
  to: readonly [Point, Point],
  limits: Limits,
): View {
  const before = middle(...from);
  const after = middle(...to);
  const spread = distance(...from);
  const factor = spread > 0 ? distance(...to) / spread : 1;
  const scale = clamp(view.scale * factor, limits.minScale, limits.maxScale);
  const grown = scale / view.scale;
  return within(
    { scale, x: after.x - (before.x - view.x) * grown, y: after.y - (before.y - view.y) * grown },
    limits,
  );
}

/** With this spot of the hall in the middle. */
export function centre(spot: Point, scale: number, limits: Limits): View {
  const held = clamp(scale, limits.minScale, limits.maxScale);
  const { width, height } = limits.size;
  return within({ scale: held, x: width / 2 - spot.x * held, y: height / 2 - spot.y * held }, limits);
}

/** Moves the view no further than needed for the spot to be on screen, `margin` pixels from its edges. */
export function reveal(view: View, spot: Point, margin: number, limits: Limits): View {
  const { x, y } = toScreen(view, spot);
  const { width, height } = limits.size;
  const dx = clamp(x, Math.min(margin, width / 2), Math.max(width - margin, width / 2)) - x;
  const dy = clamp(y, Math.min(margin, height / 2), Math.max(height - margin, height / 2)) - y;
  return dx === 0 && dy === 0 ? view : pan(view, dx, dy, limits);
}

export function toScreen(view: View, spot: Point): Point {
  return { x: spot.x * view.scale + view.x, y: spot.y * view.scale + view.y };
}

export function toHallPoint(view: View, pixel: Point): Point {
  return { x: (pixel.x - view.x) / view.scale, y: (pixel.y - view.y) / view.scale };
}

/** The part of the hall that a view shows. */
export function visible(view: View, { size }: Limits): Box {
  const topLeft = toHallPoint(view, { x: 0, y: 0 });
  const bottomRight = toHallPoint(view, { x: size.width, y: size.height });
  return { left: topLeft.x, top: topLeft.y, right: bottomRight.x, bottom: bottomRight.y };
}

/** Part of the way from one view to another; zooms evenly, as the eye sees it. */
export function between(from: View, to: View, part: number, { size }: Limits): View {
  const scale = from.scale * (to.scale / from.scale) ** part;
  const pixel = { x: size.width / 2, y: size.height / 2 };
  const a = toHallPoint(from, pixel);
  const b = toHallPoint(to, pixel);
  // Weighted by how far the zoom has come, the middle moves at an even pace on screen.
  const way = from.scale === to.scale ? part : (1 / scale - 1 / from.scale) / (1 / to.scale - 1 / from.scale);
  const spot = { x: a.x + (b.x - a.x) * way, y: a.y + (b.y - a.y) * way };
  return { scale, x: pixel.x - spot.x * scale, y: pixel.y - spot.y * scale };
}

function within(view: View, { size, box }: Limits): View {
  return {
    scale: view.scale,
    x: hold(view.x, size.width, box.left * view.scale, box.right * view.scale),
    y: hold(view.y, size.height, box.top * view.scale, box.bottom * view.scale),
  };
}

/** A hall that fits stands in the middle; a larger one never leaves a gap at an edge. */
function hold(offset: number, room: number, from: number, to: number): number {
  if (to - from <= room) return (room - from - to) / 2;
  return clamp(offset, room - to, -from);
}

function middle(a: Point, b: Point): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
