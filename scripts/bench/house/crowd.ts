/** Sockets of the load generator, from the benchmark's side. */
import { setTimeout as sleep } from "node:timers/promises";
import type { BenchContext } from "../frame/bench.ts";
import type { Crowd, CrowdOpened } from "../load/sockets.ts";

export type OpenCrowd = CrowdOpened & { readonly crowd: number };

/** So many that no wave of connections waits for another. */
const AT_ONCE = 500;

/** @throws Error when a socket was refused. */
export async function openCrowd(
  { load }: BenchContext,
  crowd: Omit<Crowd, "atOnce"> & { atOnce?: number },
): Promise<OpenCrowd> {
  const opened = await load.ask<OpenCrowd>("open crowd", { atOnce: AT_ONCE, ...crowd });
  const refusals = Object.entries(opened.refused).map(([why, count]) => `${count} with ${why}`);
  if (refusals.length > 0)
    throw new Error(`of ${crowd.paths.length} sockets were refused ${refusals.join(", ")}`);
  return opened;
}

/** Waits until the crowd has received so many frames in all. */
export async function framesArrived({ load }: BenchContext, crowd: number, frames: number): Promise<void> {
  const deadline = performance.now() + 30_000;
  while ((await load.ask<number>("frames of", crowd)) < frames) {
    if (performance.now() > deadline) throw new Error("frames were lost");
    await sleep(5);
  }
}
