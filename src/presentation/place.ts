/** What can honestly be said of a place in line. */

/** Up to here a number is told exactly. */
const EXACT_BELOW = 100;
const NEXT_UP_BELOW = 10;

/** Two figures of a large number. A falling number never makes this one rise. */
export function roundedCount(count: number): { readonly value: number; readonly exact: boolean } {
  if (count < EXACT_BELOW) return { value: count, exact: true };
  const step = 10 ** (Math.floor(Math.log10(count)) - 1);
  return { value: Math.round(count / step) * step, exact: false };
}

export function isNextUp({
  state,
  ahead,
  seatsLeft,
}: {
  readonly state: string;
  readonly ahead: number | null;
  readonly seatsLeft: number | null;
}): boolean {
  // Nobody is let in to choose among no seats.
  if (seatsLeft === 0) return false;
  return state === "deferred" || (state === "waiting" && ahead !== null && ahead < NEXT_UP_BELOW);
}

/** Null where the numbers are not known or there is nothing to fear. */
export function oddsOf(
  { ahead, seatsLeft }: { readonly ahead: number | null; readonly seatsLeft: number | null },
  maxSeatsPerFan: number,
): "unlikely" | "uncertain" | null {
  if (ahead === null || ahead === 0 || seatsLeft === null) return null;
  if (ahead >= seatsLeft) return "unlikely";
  return ahead * maxSeatsPerFan >= seatsLeft ? "uncertain" : null;
}
