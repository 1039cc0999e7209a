/** Long computations in slices: what waits for the event loop must not wait for all of them. */
import { setImmediate } from "node:timers/promises";

const SLICE_MS = 5;

/** @returns a function to be awaited between two steps: it lets others go first when the slice is used up. */
export function createSlices(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < SLICE_MS) return undefined;
    return setImmediate().then(() => {
      since = performance.now();
    });
  };
}
