/**
 * What is opened is closed in the reverse order, once.
 *
 * Every part that opens something registers its closing here; shutting a process down is then one call.
 */
export interface Releaser {
  /** Registers a closing. Closings run last in, first out. */
  add(name: string, close: () => unknown): void;
  /**
   * Runs every closing even when one fails, each bounded by `deadlineMs`.
   * @throws Error when called a second time; AggregateError when a closing failed.
   */
  release(): Promise<void>;
}

export function createReleaser(deadlineMs = 10_000): Releaser {
  const closings: { name: string; close: () => unknown }[] = [];
  let released = false;
  return {
    add(name, close) {
      if (released) throw new Error(`${name} was opened after the release`);
      closings.push({ name, close });
    },
    async release() {
      if (released) throw new Error("released twice");
      released = true;
      const failures: Error[] = [];
      for (const { name, close } of closings.reverse()) {
        try {
          await within(deadlineMs, name, close);
        } catch (cause) {
          failures.push(new Error(`closing ${name} failed: ${(cause as Error).message}`, { cause }));
        }
      }
      if (failures.length > 0) throw new AggregateError(failures, failures.map((f) => f.message).join("; "));
    },
  };
}

async function within(deadlineMs: number, name: string, close: () => unknown): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${name} did not close within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    await Promise.race([Promise.resolve(close()), deadline]);
  } finally {
    clearTimeout(timer);
  }
}
