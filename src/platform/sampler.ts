/** Lets so many lines a second through and counts the others, so that a surge does not drown the log. */

export interface Sampler {
  /** @returns how many were left out since the last line; null when this one shall be left out too. */
  leftOut(): number | null;
}

const SECOND_MS = 1_000;

/** @param now milliseconds that only rise. */
export function createSampler(linesASecond: number, now: () => number = () => performance.now()): Sampler {
  let secondEndsAt = Number.NEGATIVE_INFINITY;
  let written = 0;
  let left = 0;
  return {
    leftOut() {
      const at = now();
      if (at >= secondEndsAt) {
        secondEndsAt = at + SECOND_MS;
        written = 0;
      }
      if (written >= linesASecond) {
        left += 1;
        return null;
      }
      written += 1;
      const told = left;
      left = 0;
      return told;
    },
  };
}
