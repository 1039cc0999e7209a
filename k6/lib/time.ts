/** Waiting within the event loop; k6's own `sleep` would stop every fan of the virtual user. */
import { setTimeout } from "k6/timers";

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, Math.max(0, ms));
  });

/** Until a moment that all virtual users share. */
export const until = (epochMs: number): Promise<void> => pause(epochMs - Date.now());
