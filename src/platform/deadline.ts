/**
 * Calls `over` when an answer has had `ms` milliseconds to arrive.
 *
 * In two halves, of which one at most passes while this process stands still: timers that are due come before what
 * was received meanwhile is read, and an answer that lies there is not late.
 * @returns cancels it; harmless afterwards.
 */
export function startDeadline(ms: number, over: () => void): () => void {
  let timer = setTimeout(() => {
    timer = setTimeout(over, ms / 2);
  }, ms / 2);
  return () => clearTimeout(timer);
}
