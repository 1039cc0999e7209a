/** The map on its canvas: puts camera, gestures and drawing together, apart from the page around them. */
import { draw } from "../seat-map/drawing.ts";
import { createGrid } from "../seat-map/grid.ts";
import type { Hall } from "../seat-map/hall.ts";
import { nearestFree } from "../seat-map/nearest.ts";
import { type Board, type Caption, type Look, type Pen, PITCH_CM } from "../seat-map/scene.ts";
import type { SeatStates } from "../seat-map/seat-states.ts";
import { stageOf, union } from "../seat-map/stage.ts";
import { stepFrom } from "../seat-map/steps.ts";
import { centre, type Point, reveal, toHallPoint, wholeHall, zoom } from "../seat-map/view.ts";
import { createCamera } from "./camera.ts";
import { listen } from "./gestures.ts";

export interface MapContent {
  readonly chosen: ReadonlySet<number>;
  readonly stageName: string;
  readonly captions: readonly Caption[];
}

export interface MapDeps {
  readonly canvas: HTMLCanvasElement;
  readonly hall: Hall;
  readonly states: SeatStates;
  pick(ordinal: number): void;
  /** The seat that the pointer or the keys' cursor is on; null when neither is on one. */
  onPoint(ordinal: number | null, by: "pointer" | "keys"): void;
}

export interface MapView {
  show(content: MapContent): void;
  /** Seats changed their state. */
  redraw(): void;
  zoomBy(factor: number): void;
  whole(): void;
  /** Brings seats into the middle. */
  goTo(ordinals: readonly number[]): void;
  close(): void;
}

/** A canvas of more pixels costs more than anyone sees. */
const MOST_DPR = 2;
/** Seats nearer together than this can't be told apart by a finger, or by a mouse: a tap then zooms in. */
const LEAST_PITCH_PX = { touch: 17, mouse: 7 } as const;
const REACH_PX = { touch: 22, mouse: 8 } as const;
const READABLE_SCALE = 0.44;
const GLIDE_MS = 320;
const EDGE_PX = 48;

export function openMap({ canvas, hall, states, pick, onPoint }: MapDeps): MapView {
  const context = canvas.getContext("2d", { alpha: false }) as CanvasRenderingContext2D;
  const grid = createGrid(hall);
  const stage = stageOf(hall);
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let content: MapContent = { chosen: new Set(), stageName: "", captions: [] };
  let look = readLook(context);
  let pointed: number | null = null;
  let focused: number | null = null;
  let board = boardOf(context, 1);

  const camera = createCamera({
    box: union(hall.box, stage.box),
    calm: () => still.matches,
    draw(view, limits) {
      context.setTransform(board.ratio, 0, 0, board.ratio, 0, 0);
      const scene = { hall, grid, stage, states, view, limits, ...content, pointed, focused };
      draw(context as Pen, scene, look, board);
    },
  });

  function resize(): void {
    const { width, height } = canvas.getBoundingClientRect();
    if (width === 0 || height === 0) return;
    const ratio = Math.min(MOST_DPR, devicePixelRatio || 1);
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    board = boardOf(context, ratio);
    camera.resize({ width, height });
  }

  function relook(): void {
    look = readLook(context);
    camera.invalidate();
  }

  const placeOf = (ordinal: number): Point => ({
    x: hall.x[ordinal] as number,
    y: hall.y[ordinal] as number,
  });
  const seatAt = (pixel: Point, pointer: "mouse" | "touch") =>
    grid.at(toHallPoint(camera.view, pixel), Math.max(PITCH_CM / 2, REACH_PX[pointer] / camera.view.scale));

  function point(pixel: Point | null): void {
    const seat = pixel && seatAt(pixel, "mouse");
    if (seat === pointed) return;
    pointed = seat;
    canvas.style.cursor = seat === null ? "grab" : "pointer";
    camera.invalidate();
    onPoint(seat, "pointer");
  }

  function focus(ordinal: number): void {
    focused = ordinal;
    const readable = Math.max(camera.target.scale, READABLE_SCALE);
    const tooSmall = camera.target.scale < READABLE_SCALE / 2;
    camera.glide(
      tooSmall
        ? centre(placeOf(ordinal), readable, camera.limits)
        : reveal(camera.target, placeOf(ordinal), EDGE_PX, camera.limits),
      tooSmall ? GLIDE_MS : 120,
    );
    onPoint(ordinal, "keys");
  }

  const stopListening = listen(canvas, camera, {
    point,
    tap(pixel, pointer) {
      focused = null;
      if (PITCH_CM * camera.view.scale < LEAST_PITCH_PX[pointer]) {
        camera.glide(centre(toHallPoint(camera.view, pixel), READABLE_SCALE, camera.limits), GLIDE_MS);
        return;
      }
      const seat = seatAt(pixel, pointer);
      if (seat === null) return;
      onPoint(seat, "pointer");
      pick(seat);
    },
    step(step) {
      focus(focused === null ? startOf(hall, states, content.chosen) : stepFrom(hall, focused, step));
    },
    pick() {
      if (focused === null) focus(startOf(hall, states, content.chosen));
      else pick(focused);
    },
  });
  function blur(): void {
    focused = null;
    camera.invalidate();
  }

  const observer = new ResizeObserver(resize);
  observer.observe(canvas);
  dark.addEventListener("change", relook);
  canvas.addEventListener("blur", blur);
  resize();

  return {
    show(next) {
      content = next;
      relook();
    },
    redraw: () => camera.invalidate(),
    zoomBy(factor) {
      const { width, height } = camera.limits.size;
      camera.glide(zoom(camera.target, factor, { x: width / 2, y: height / 2 }, camera.limits), GLIDE_MS);
    },
    whole: () => camera.glide(wholeHall(camera.limits), GLIDE_MS),
    goTo(ordinals) {
      const spots = ordinals.map(placeOf);
      if (spots.length === 0) return;
      const mean = (pick: (spot: Point) => number) =>
        spots.reduce((sum, spot) => sum + pick(spot), 0) / spots.length;
      const spot = { x: mean(({ x }) => x), y: mean(({ y }) => y) };
      camera.glide(centre(spot, Math.max(camera.target.scale, READABLE_SCALE), camera.limits), GLIDE_MS);
    },
    close() {
      observer.disconnect();
      dark.removeEventListener("change", relook);
      canvas.removeEventListener("blur", blur);
      stopListening();
      camera.stop();
    },
  };
}

/** Where the keys begin: at what is picked, else at the free seat nearest to the middle of the stage. */
function startOf(hall: Hall, states: SeatStates, chosen: ReadonlySet<number>): number {
  const [picked] = chosen;
  if (picked !== undefined) return picked;
  const seats = hall.rows[hall.sections[0]?.rows[0] ?? 0]?.seats ?? [];
  const middle = seats[Math.floor(seats.length / 2)] ?? 0;
  return nearestFree(hall, [middle], states.free)?.[0] ?? middle;
}

/** As large as the canvas is now. */
function boardOf(context: CanvasRenderingContext2D, ratio: number): Board {
  const image = context.createImageData(context.canvas.width, context.canvas.height);
  const pixels = new Uint32Array(image.data.buffer);
  const { width, height } = image;
  return { raster: { width, height, pixels }, ratio, put: () => context.putImageData(image, 0, 0) };
}

/** The colours of the page, which the event and the reader's theme decide. */
function readLook(context: CanvasRenderingContext2D): Look {
  const style = getComputedStyle(context.canvas);
  const colour = (name: string) => {
    context.fillStyle = style.getPropertyValue(name).trim();
    // A canvas reads any way to write a colour, and writes an opaque one as `#rrggbb`.
    return context.fillStyle as string;
  };
  return {
    ground: colour("--surface"),
    stage: colour("--line"),
    text: colour("--ink"),
    free: colour("--accent"),
    onFree: colour("--on-accent"),
    taken: colour("--edge"),
    chosen: colour("--ink"),
    onChosen: colour("--surface"),
    ring: colour("--ink"),
    font: style.fontFamily,
  };
}
