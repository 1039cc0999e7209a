/** Moves the view, at once under a finger and smoothly otherwise, and asks for a frame only when there is a reason. */

import type { Box } from "../seat-map/hall.ts";
import { between, type Limits, limitsOf, type Size, type View, wholeHall } from "../seat-map/view.ts";

export interface Camera {
  readonly view: View;
  readonly limits: Limits;
  /** Where a glide under way will end; else where the view is. */
  readonly target: View;
  resize(size: Size): void;
  jump(view: View): void;
  glide(view: View, milliseconds: number): void;
  /** Something else on the picture changed. */
  invalidate(): void;
  stop(): void;
}

export interface CameraDeps {
  /** All there is to look at. */
  readonly box: Box;
  draw(view: View, limits: Limits): void;
  /** Readers who want less motion see no glides. */
  calm(): boolean;
}

export function createCamera({ box, draw, calm }: CameraDeps): Camera {
  let limits = limitsOf(box, { width: 1, height: 1 });
  let view = wholeHall(limits);
  let glide: { readonly from: View; readonly to: View; start: number | null; readonly lasts: number } | null =
    null;
  let frame: number | null = null;
  let whole = true;

  function render(now: number): void {
    frame = null;
    if (glide) {
      glide.start ??= now;
      const part = Math.min(1, (now - glide.start) / glide.lasts);
      view = part === 1 ? glide.to : between(glide.from, glide.to, ease(part), limits);
      if (part === 1) glide = null;
      else invalidate();
    }
    draw(view, limits);
  }

  function invalidate(): void {
    frame ??= requestAnimationFrame(render);
  }

  function go(next: View): void {
    whole = next.scale === limits.minScale;
    invalidate();
  }

  return {
    get view() {
      return view;
    },
    get limits() {
      return limits;
    },
    get target() {
      return glide?.to ?? view;
    },
    resize(size) {
      const middle = { x: limits.size.width / 2, y: limits.size.height / 2 };
      limits = limitsOf(box, size);
      glide = null;
      // A whole hall stays whole; else what was in the middle stays there.
      const scale = Math.min(limits.maxScale, Math.max(limits.minScale, view.scale));
      view = whole
        ? wholeHall(limits)
        : { scale, x: size.width / 2 - middle.x + view.x, y: size.height / 2 - middle.y + view.y };
      invalidate();
    },
    jump(next) {
      glide = null;
      view = next;
      go(next);
    },
    glide(next, milliseconds) {
      if (calm()) view = next;
      else glide = { from: view, to: next, start: null, lasts: milliseconds };
      go(next);
    },
    invalidate,
    stop() {
      if (frame !== null) cancelAnimationFrame(frame);
    },
  };
}

/** Fast first, then coming to rest. */
function ease(part: number): number {
  return 1 - (1 - part) ** 3;
}
