/** A picture with 256 colours in place of some thousands: nearly all of them are the edges of letters and lines. */
import type { IndexedPicture } from "../png.ts";

const MOST = 256;

/**
 * The commonest colours stay as they are; each of the others becomes the nearest of these.
 * @param always as #RRGGBB: stay too, however few points have them, such as those that tell lines apart.
 */
export async function reduceColours(png: string, always: readonly string[]): Promise<IndexedPicture> {
  const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  if (!context) throw new Error("there is no canvas");
  context.drawImage(bitmap, 0, 0);
  const points = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
  const counts = new Map<number, number>();
  for (const point of points) counts.set(point, (counts.get(point) ?? 0) + 1);
  const byCount = [...counts].sort(([, a], [, b]) => b - a).map(([point]) => point);
  const kept = [...new Set([...always.map(toPoint), ...byCount])].slice(0, MOST);
  const palette = kept.map(channels);
  const indexes = new Map(byCount.map((point) => [point, nearest(point, palette)]));
  let pixels = "";
  for (const point of points) pixels += String.fromCharCode(indexes.get(point) ?? 0);
  return { width, height, palette, pixels: btoa(pixels) };
}

type Colour = [red: number, green: number, blue: number];

/** A point is its four bytes as a canvas has them, on every machine of today: the alpha is the highest. */
function toPoint(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  return (red | (green << 8) | (blue << 16) | (255 << 24)) >>> 0;
}

const channels = (point: number): Colour => [point & 255, (point >> 8) & 255, (point >> 16) & 255];

function nearest(point: number, palette: readonly Colour[]): number {
  const [red, green, blue] = channels(point);
  const distances = palette.map(([r, g, b]) => (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2);
  return distances.indexOf(Math.min(...distances));
}
