/** Workers as processes of their own, to be killed in the middle of a draw. */
import { fileURLToPath } from "node:url";
import { launch, type Process } from "../../faults/processes.ts";

export interface DrawProcessOptions {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** The step of the draw, from 0, before which it stops; null: it makes them all. */
  readonly stopBefore: number | null;
}

export async function startDrawProcess(options: DrawProcessOptions): Promise<Process> {
  const file = fileURLToPath(new URL("draw-process.ts", import.meta.url));
  const child = launch([file, JSON.stringify(options)], {});
  await child.said("ready", 20_000);
  return child;
}
