/**
 * Where the data of private servers lies.
 *
 * PostgreSQL refuses to run as root, so as root it runs as another user, who may not be able to walk into the
 * folder we were asked for (a clone under /root, a TMPDIR of mode 0700). Each folder therefore has one
 * alternative, derived from its path, so that the next start finds the same data again.
 */
import { createHash } from "node:crypto";
import { chmod, lstat, mkdtemp, readdir, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { identityOf } from "./processes.ts";

/** Only root ever needs it, and root can make it. */
const ALTERNATIVE_HOME = "/var/lib/fast-pass";

export function alternativePlace(dir: string): string {
  const hash = createHash("sha256").update(path.resolve(dir)).digest("hex").slice(0, 12);
  return path.join(ALTERNATIVE_HOME, `${path.basename(dir)}-${hash}`);
}

/** A fresh temporary folder others may walk through, named after this process. */
export async function temporaryPlace(kind: string): Promise<string> {
  await removeLeftovers(`fast-pass-${kind}-`);
  const dir = await mkdtemp(path.join(os.tmpdir(), `fast-pass-${kind}-${process.pid}-`));
  await chmod(dir, 0o755);
  return dir;
}

/** Removes a folder with everything in it, and what its servers had to put into the alternative places. */
export async function removePlace(dir: string): Promise<void> {
  const inside = await readdir(dir).catch(() => []);
  for (const each of [dir, ...inside.map((name) => path.join(dir, name))]) {
    if (process.getuid?.() === 0) await rm(alternativePlace(each), { recursive: true, force: true });
  }
  await rm(dir, { recursive: true, force: true, maxRetries: 3 });
}

/** What runs that were killed left behind: folders of our own whose process is no more. */
async function removeLeftovers(prefix: string): Promise<void> {
  for (const name of await readdir(os.tmpdir()).catch(() => [])) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number(name.slice(prefix.length).split("-")[0]);
    const dir = path.join(os.tmpdir(), name);
    const ours = await lstat(dir).then(
      (found) => found.isDirectory() && found.uid === process.getuid?.(),
      () => false,
    );
    if (ours && Number.isInteger(pid) && identityOf(pid) === null) await removePlace(dir);
  }
}
