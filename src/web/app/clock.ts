/**
 * The server's clock, from the `Date` header of its answers.
 *
 * A header has whole seconds and was written somewhere between asking and hearing, so each answer bounds the difference
 * of the two clocks from both sides. The bounds of several answers are intersected, and the middle is taken (Marzullo's
 * algorithm, for one source that does not lie). A clock that was set meanwhile contradicts the bounds; then the newest
 * answer alone counts.
 */
import { useEffect, useState } from "preact/hooks";

export interface ServerClock {
  /** @param sentAt when the request went out, and `heardAt` when its answer came, both by our own clock. */
  note(dateHeader: string | null, sentAt: number, heardAt: number): void;
  /** The server's time in milliseconds since 1970, as far as it is known. */
  now(): number;
}

export function createServerClock(ownNow: () => number = Date.now): ServerClock {
  let low = Number.NEGATIVE_INFINITY;
  let high = Number.POSITIVE_INFINITY;
  return {
    note(dateHeader, sentAt, heardAt) {
      const second = Date.parse(dateHeader ?? "");
      if (Number.isNaN(second)) return;
      const least = second - heardAt;
      const most = second + 1_000 - sentAt;
      const agrees = least <= high && most >= low;
      low = agrees ? Math.max(low, least) : least;
      high = agrees ? Math.min(high, most) : most;
    },
    now: () => ownNow() + (Number.isFinite(low) ? (low + high) / 2 : 0),
  };
}

export const serverClock = createServerClock();

/** Renders again each second; null stands still. @returns the server's time in milliseconds. */
export function useNow(everyMs: number | null = 1_000): number {
  const [now, setNow] = useState(serverClock.now);
  useEffect(() => {
    if (everyMs === null) return;
    const tick = () => setNow(serverClock.now());
    tick();
    const timer = setInterval(tick, everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
