/**
 * Boxes written straight into the pixels of a picture, with smooth edges.
 *
 * A pixel is one number, and how much of it a box covers is one of sixteen steps, each a colour that was mixed
 * beforehand. So a box costs as many writes as it has pixels, and nothing is allocated.
 */

export interface Raster {
  readonly width: number;
  readonly height: number;
  /** Opaque pixels in rows, as the bytes red, green, blue, alpha in memory. */
  readonly pixels: Uint32Array;
}

/** A colour over its ground, by how much of a pixel it covers. */
export type Ink = Uint32Array;

const STEPS = 16;

/** @param colour and @param ground are `#rrggbb`. */
export function mixInk(colour: string, ground: string): Ink {
  const over = channels(colour);
  const under = channels(ground);
  return Uint32Array.from({ length: STEPS + 1 }, (_, step) => {
    const [red = 0, green = 0, blue = 0] = over.map((value, index) =>
      Math.round((value * step + (under[index] as number) * (STEPS - step)) / STEPS),
    );
    return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  });
}

export function clear({ pixels }: Raster, ink: Ink): void {
  pixels.fill(ink[STEPS] as number);
}

/** What lies outside the picture is left out. */
export function fillBox(
  raster: Raster,
  ink: Ink,
  left: number,
  top: number,
  right: number,
  bottom: number,
): void {
  const { width, height, pixels } = raster;
  const fromX = Math.max(0, Math.floor(left));
  const toX = Math.min(width, Math.ceil(right));
  const fromY = Math.max(0, Math.floor(top));
  const toY = Math.min(height, Math.ceil(bottom));
  for (let y = fromY; y < toY; y += 1) {
    const high = Math.min(bottom, y + 1) - Math.max(top, y);
    const row = y * width;
    for (let x = fromX; x < toX; x += 1) {
      const wide = Math.min(right, x + 1) - Math.max(left, x);
      pixels[row + x] = ink[(wide * high * STEPS + 0.5) | 0] as number;
    }
  }
}

function channels(colour: string): number[] {
  return [1, 3, 5].map((start) => Number.parseInt(colour.slice(start, start + 2), 16));
}
