/**
 * A run of the tests must end by itself. If it does not, something that was opened was not closed: this says
 * what, fails the run and ends it.
 */
import type { Server, Socket } from "node:net";
import { failAtExit } from "./rejections.ts";

const GRACE_MS = Number(process.env.TEST_LEAK_GRACE_MS ?? 5_000);

/** Called when the last test is over; the timer holds nothing up, so it only fires if something else does. */
export function endOrTell(): void {
  setTimeout(() => {
    process.stderr.write(
      `\nThe tests are over but this is still open, ${GRACE_MS / 1_000} s later:\n${describe()}\n`,
    );
    failAtExit();
    process.exit(1);
  }, GRACE_MS).unref();
}

function describe(): string {
  const counts = new Map<string, number>();
  for (const name of [...process.getActiveResourcesInfo(), ...handles()]) {
    if (!/^(TTYWrap|PipeWrap)$/.test(name)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => `  ${count} × ${name}`).join("\n");
}

/** Node's list of kinds does not say which socket; its undocumented list of handles does, where it exists. */
function handles(): string[] {
  const list = (process as unknown as { _getActiveHandles?(): unknown[] })._getActiveHandles?.() ?? [];
  return list.flatMap((handle) =>
    nameOf(handle as Partial<Socket & Server & { spawnfile: string; pid: number }>),
  );
}

function nameOf(handle: Partial<Socket & Server & { spawnfile: string; pid: number }>): string[] {
  if (handle.spawnfile) return [`child process ${handle.spawnfile} (pid ${handle.pid})`];
  if (handle.remotePort) return [`socket to ${handle.remoteAddress}:${handle.remotePort}`];
  if (handle.listening) return [`server on ${JSON.stringify(handle.address?.())}`];
  return [];
}
