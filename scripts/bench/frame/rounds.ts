/** A B A B: both sides in turn, so that whatever else the machine does falls on both alike. */

export interface Sides {
  ours(): Promise<number>;
  baseline(): Promise<number>;
}

export interface Measured {
  readonly ours: number[];
  readonly baseline: number[];
}

/** @param warmUp runs each side once, uncounted, when true: code is compiled and connections are open after it. */
export async function alternate(rounds: number, sides: Sides, warmUp = true): Promise<Measured> {
  const measured: Measured = { ours: [], baseline: [] };
  if (warmUp) {
    await sides.ours();
    await sides.baseline();
  }
  for (let round = 0; round < rounds; round += 1) {
    measured.ours.push(await sides.ours());
    measured.baseline.push(await sides.baseline());
  }
  return measured;
}

/** NaN of nothing. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which this part of the values lies, interpolated; NaN of nothing. */
export function quantile(values: readonly number[] | Float64Array, part: number): number {
  const sorted = Float64Array.from(values).sort();
  if (sorted.length === 0) return Number.NaN;
  const place = (sorted.length - 1) * part;
  const low = sorted[Math.floor(place)] as number;
  const high = sorted[Math.ceil(place)] as number;
  return low + (high - low) * (place - Math.floor(place));
}
