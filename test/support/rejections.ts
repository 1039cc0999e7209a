/**
 * A rejection that nobody handles fails the run; mocha by itself overlooks it, and it overlooks every error that
 * comes after its last test.
 */
const seen = new Map<unknown, string>();
let current = "before the first test";
let over = false;

export function watchForErrors(): void {
  // Mocha emits each a second time, so they are told apart by their promise.
  process.on("unhandledRejection", (reason, promise) => {
    if (!seen.has(promise)) tell(reason, promise);
  });
  process.on("uncaughtExceptionMonitor", (error) => {
    if (over) tell(error, error);
  });
}

export function nowRunning(title: string): void {
  current = title;
}

/** @throws Error naming the tests during which it happened. */
export function failIfAnyRejected(): void {
  over = true;
  current = "after the last test";
  if (seen.size > 0) throw new Error(`unhandled rejections: ${[...seen.values()].join("; ")}`);
}

/** Mocha sets the exit code in a listener of its own; one that is added later has the last word. */
export function failAtExit(): void {
  process.on("exit", () => {
    process.exitCode = process.exitCode || 1;
  });
}

function tell(reason: unknown, key: unknown): void {
  const text = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
  seen.set(key, `${current}: ${reason instanceof Error ? reason.message : text}`);
  process.stderr.write(`\nUnhandled, ${current}: ${text}\n`);
  if (over) failAtExit();
}
