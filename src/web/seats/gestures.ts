/**
 * Pointers, wheel and keys on the map. One finger or the mouse drags, two fingers pinch, the wheel zooms; whatever
 * moved less than a few pixels was a tap. Keys walk from seat to seat.
 */
import type { Step } from "../seat-map/steps.ts";
import { type Point, pan, pinch, wholeHall, zoom } from "../seat-map/view.ts";
import type { Camera } from "./camera.ts";

export interface GestureTargets {
  tap(pixel: Point, pointer: "mouse" | "touch"): void;
  /** The mouse rests over this pixel; null when it left. */
  point(pixel: Point | null): void;
  step(step: Step): void;
  pick(): void;
}

const TAP_PX = 6;
const WHEEL_GLIDE_MS = 160;
const KEY_GLIDE_MS = 220;
const KEY_ZOOM = 1.5;
const KEY_PAN_PX = 120;
/** Of one notch or one flick, in the exponent. */
const WHEEL_SPEED = 0.0022;
const MOST_WHEEL_PX = 240;
const LINE_PX = 16;

const STEPS: Readonly<Record<string, Step>> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
  Home: "first",
  End: "last",
};
const PANS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [1, 0],
  ArrowRight: [-1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** @returns how to stop listening. */
export function listen(canvas: HTMLCanvasElement, camera: Camera, targets: GestureTargets): () => void {
  const fingers = new Map<number, Point>();
  let travelled = 0;

  const pixelOf = ({ clientX, clientY }: MouseEvent): Point => {
    const { left, top } = canvas.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  };

  function down(event: PointerEvent): void {
    if (event.button !== 0) return;
    if (fingers.size === 0) travelled = 0;
    fingers.set(event.pointerId, pixelOf(event));
    canvas.setPointerCapture(event.pointerId);
  }

  function move(event: PointerEvent): void {
    const to = pixelOf(event);
    const from = fingers.get(event.pointerId);
    if (!from) {
      if (event.pointerType === "mouse") targets.point(to);
      return;
    }
    travelled += Math.hypot(to.x - from.x, to.y - from.y);
    // A finger that trembles on a seat still means the seat.
    if (travelled < TAP_PX && fingers.size === 1) return;
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    camera.jump(
      other
        ? pinch(camera.view, [from, other], [to, other], camera.limits)
        : pan(camera.view, to.x - from.x, to.y - from.y, camera.limits),
    );
    fingers.set(event.pointerId, to);
  }

  function up(event: PointerEvent): void {
    const last = fingers.get(event.pointerId);
    if (!last) return;
    fingers.delete(event.pointerId);
    if (event.type === "pointerup" && fingers.size === 0 && travelled < TAP_PX)
      targets.tap(last, event.pointerType === "mouse" ? "mouse" : "touch");
    // A second finger on the glass is no tap, even when it holds still.
    else travelled = TAP_PX;
  }

  function wheel(event: WheelEvent): void {
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * LINE_PX;
    const bounded = Math.max(-MOST_WHEEL_PX, Math.min(MOST_WHEEL_PX, pixels));
    // The hall is whole already: the page may scroll on.
    if (bounded > 0 && camera.target.scale <= camera.limits.minScale) return;
    event.preventDefault();
    const factor = Math.exp(-bounded * WHEEL_SPEED);
    camera.glide(zoom(camera.target, factor, pixelOf(event), camera.limits), WHEEL_GLIDE_MS);
  }

  function key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (!press(event.key, event.shiftKey)) return;
    event.preventDefault();
  }

  function press(name: string, shift: boolean): boolean {
    const { target, limits } = camera;
    const middle = { x: limits.size.width / 2, y: limits.size.height / 2 };
    const way = PANS[name];
    const step = STEPS[name];
    if (shift && way)
      camera.glide(pan(target, way[0] * KEY_PAN_PX, way[1] * KEY_PAN_PX, limits), KEY_GLIDE_MS);
    else if (step) targets.step(step);
    else if (name === "Enter" || name === " ") targets.pick();
    else if (name === "+" || name === "=") camera.glide(zoom(target, KEY_ZOOM, middle, limits), KEY_GLIDE_MS);
    else if (name === "-") camera.glide(zoom(target, 1 / KEY_ZOOM, middle, limits), KEY_GLIDE_MS);
    else if (name === "0") camera.glide(wholeHall(limits), KEY_GLIDE_MS);
    else return false;
    return true;
  }

  const leave = () => targets.point(null);
  const controller = new AbortController();
  const { signal } = controller;
  canvas.addEventListener("pointerdown", down, { signal });
  canvas.addEventListener("pointermove", move, { signal });
  canvas.addEventListener("pointerup", up, { signal });
  canvas.addEventListener("pointercancel", up, { signal });
  canvas.addEventListener("pointerleave", leave, { signal });
  canvas.addEventListener("wheel", wheel, { signal, passive: false });
  canvas.addEventListener("keydown", key, { signal });
  return () => controller.abort();
}
