/**
 * PostgreSQL's own lock on its files, `postmaster.pid`, as a crash leaves it.
 *
 * PostgreSQL sees by itself that a dead postmaster holds nothing. But if the pid has been given to another process
 * of the same user meanwhile (common after a restart of a machine or a container), it refuses to start. We can
 * tell more than it can: the other process is not a PostgreSQL on these files, and no process of the old one is
 * left, because the machine has been restarted since or nobody is attached to its shared memory.
 */
import { execFile } from "node:child_process";
import { readFile, rm, stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Removes the lock only when nothing of the server that wrote it can be alive. */
export async function removeDeadLock(dataDir: string): Promise<void> {
  const file = path.join(dataDir, "postmaster.pid");
  const lines = (await readFile(file, "utf8").catch(() => "")).split("\n");
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return;
  if ((await commandOf(pid)).includes(dataDir)) return;
  const written = (await stat(file)).mtimeMs;
  const restarted = written < Date.now() - os.uptime() * 1_000;
  const segment = lines[6]?.trim().split(/\s+/)[1];
  if (restarted || (await unattached(segment))) await rm(file, { force: true });
}

async function commandOf(pid: number): Promise<string> {
  if (process.platform === "linux") {
    return (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0").join(" ");
  }
  return run("ps", ["-o", "command=", "-p", String(pid)]).then(
    ({ stdout }) => stdout,
    () => "",
  );
}

/** Where the kernel does not say, the answer is no, and PostgreSQL decides alone. */
async function unattached(segment: string | undefined): Promise<boolean> {
  const table = await readFile("/proc/sysvipc/shm", "utf8").catch(() => null);
  if (!table || !segment) return false;
  const [head, ...rows] = table
    .trim()
    .split("\n")
    .map((row) => row.trim().split(/\s+/));
  const id = head?.indexOf("shmid") ?? -1;
  const attached = head?.indexOf("nattch") ?? -1;
  const row = rows.find((columns) => columns[id] === segment);
  return row === undefined || row[attached] === "0";
}
