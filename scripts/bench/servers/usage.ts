/** What a server under test knows of itself. */

/** Milliseconds of processor time so far. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** Bytes resident once all garbage is gone; needs `--expose-gc`. */
export async function residentBytes(): Promise<number> {
  for (let turn = 0; turn < 4; turn += 1) {
    (globalThis as { gc?: () => void }).gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return process.memoryUsage().rss;
}
