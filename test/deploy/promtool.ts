/** promtool, Prometheus' own judge of rules and queries: from the PATH, or out of Debian's package, not installed. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const BIN = path.resolve(import.meta.dirname, "../../node_modules/.cache/fastpass/bin");
const CACHED = path.join(BIN, "promtool");

/** @returns the program; null where there is none. */
export async function findPromtool(): Promise<string | null> {
  if (existsSync(CACHED)) return CACHED;
  const there = await run("promtool", ["--version"]).catch(() => null);
  return there ? "promtool" : null;
}

/** The same, fetched where apt can. The package's server is left alone: only the one program is taken out. */
export async function ensurePromtool(): Promise<string | null> {
  const found = await findPromtool();
  if (found || !(await run("apt-get", ["--version"]).catch(() => null))) return found;
  await mkdir(BIN, { recursive: true });
  const folder = await mkdtemp(path.join(BIN, "prometheus-"));
  try {
    const fetched = await run("apt-get", ["download", "prometheus"], { cwd: folder }).catch(async () => {
      await run("apt-get", ["update"]);
      return run("apt-get", ["download", "prometheus"], { cwd: folder });
    });
    const [file] = (await readdir(folder)).filter((name) => name.endsWith(".deb"));
    if (!file) throw new Error(`apt-get fetched nothing: ${fetched.stderr}`);
    await run("dpkg", ["-x", file, "."], { cwd: folder });
    await rename(path.join(folder, "usr/bin/promtool"), CACHED);
    return CACHED;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
