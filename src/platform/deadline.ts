/**
 * Calls `over` when an answer has had `ms` milliseconds to arrive, and is not here.
 *
 * After this process itself stood still, timers that are due come before what was received meanwhile is read. So the
 * time passes in two halves, of which one at most passes in such a moment, should the question have been sent at its
 * end; and then the turn of the event loop is ended, and with it the reading.
 * @returns cancels it; harmless afterwards.
 */
export function startDeadline(ms: number, over: () => void): () => void {
  let ending: NodeJS.Immediate | undefined;
  let timer = setTimeout(() => {
    timer = setTimeout(() => {
      ending = setImmediate(over);
    }, ms / 2);
  }, ms / 2);
  return () => {
    clearTimeout(timer);
    clearImmediate(ending);
  };
}
