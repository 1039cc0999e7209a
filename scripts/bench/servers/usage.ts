/** What a server under test knows of itself. */

/** Milliseconds of processor time so far. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/**
 * Bytes resident once all garbage is gone, but for the part of the heap that is not in use: a process that has started
 * holds tens of megabytes of it, into which a whole crowd goes without a trace. Needs `--expose-gc`.
 */
export async function residentBytes(): Promise<number> {
  for (let turn = 0; turn < 4; turn += 1) {
    (globalThis as { gc?: () => void }).gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { rss, heapTotal, heapUsed } = process.memoryUsage();
  return rss - (heapTotal - heapUsed);
}
