/** The files of a private PostgreSQL: made by initdb once, with a password of its own. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chown, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import type { PostgresBinaries } from "./postgres-binaries.ts";
import { draftIn, type PostgresPlace } from "./postgres-place.ts";
import { SetupError } from "./setup-error.ts";

const run = promisify(execFile);

export const SUPERUSER = "fastpass";

/** @returns the superuser's password. */
export async function ensureCluster(
  place: PostgresPlace,
  binaries: PostgresBinaries,
  durable: boolean,
): Promise<string> {
  const passwordFile = path.join(place.dir, "password");
  if (await stat(place.dataDir).catch(() => null)) return readPassword(passwordFile, place.dir);
  const password = randomBytes(16).toString("hex");
  await rm(passwordFile, { force: true });
  await writeFile(passwordFile, password, { mode: 0o600 });
  const draft = draftIn(place.dir);
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  if (place.user) {
    for (const each of [passwordFile, draft]) await chown(each, place.user.uid, place.user.gid);
  }
  await initdb(place, binaries.initdb, [`--pwfile=${passwordFile}`, ...(durable ? [] : ["--no-sync"])]);
  await rename(draft, place.dataDir);
  return password;
}

async function readPassword(file: string, dir: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (cause) {
    throw new SetupError(
      `The password of the database in ${dir} cannot be read (${(cause as Error).message}); remove that folder to begin anew.`,
    );
  }
}

async function initdb(place: PostgresPlace, program: string, extra: readonly string[]): Promise<void> {
  const args = [
    `--pgdata=${draftIn(place.dir)}`,
    `--username=${SUPERUSER}`,
    // Over loopback a hash on the wire protects nobody and costs each connection a key derivation.
    "--auth=password",
    "--encoding=UTF8",
    // PostgreSQL's own C.UTF-8: the same order on every machine, whatever locales that has.
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--no-instructions",
    ...extra,
  ];
  try {
    await run(program, args, { ...place.user, cwd: "/", env: postgresEnvironment() });
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new SetupError(
      `PostgreSQL could not make its files in ${place.dir} (${(stderr || message).trim().split("\n").join(" | ")}).`,
    );
  }
}

/** Without the PG… variables, which are meant for another server; with a locale that every machine has. */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: "C" };
}
