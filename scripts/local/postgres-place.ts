/** Decides where the data of a private PostgreSQL lies and who runs it. */
import { chmod, chown, mkdir, stat } from "node:fs/promises";
import path from "node:path";
import { alternativePlace } from "./places.ts";
import { canUse, postgresUser } from "./postgres-user.ts";
import type { UnixUser } from "./processes.ts";
import { type Say, SetupError } from "./setup-error.ts";

export interface PostgresPlace {
  /** Holds the data, the password, the log and the claim. */
  readonly dir: string;
  readonly dataDir: string;
  /** Null: PostgreSQL runs as ourselves. */
  readonly user: UnixUser | null;
}

/**
 * Makes the folder. When the user PostgreSQL runs as cannot work in it, the folder's alternative is used; data
 * that lies there already is found again, whatever became of the folder's mode since.
 */
export async function choosePlace(wanted: string, say: Say): Promise<PostgresPlace> {
  const dir = path.resolve(wanted);
  const alternative = alternativePlace(dir);
  const user = await postgresUser([dataIn(dir), dataIn(alternative)], say);
  const moved = user !== null && (await exists(dataIn(alternative)));
  if (!moved) {
    await makeFolder(dir);
    if (await usable(dir, user)) return { dir, dataDir: dataIn(dir), user };
  }
  if (!user) {
    throw new SetupError(
      `Your user cannot work in ${dir}, which belongs to another one; start Fast Pass as that user, or remove the folder to begin anew.`,
    );
  }
  await makeFolder(alternative);
  if (!(await usable(alternative, user))) {
    throw new SetupError(
      `PostgreSQL runs as user ${user.uid}, who can work neither in ${dir} nor in ${alternative}; start Fast Pass as an ordinary user, or set DATABASE_URL and REDIS_URL.`,
    );
  }
  return { dir: alternative, dataDir: dataIn(alternative), user };
}

function dataIn(dir: string): string {
  return path.join(dir, "data");
}

/** Where a cluster is made before it gets its name, so that half a one is never taken for a whole one. */
export function draftIn(dir: string): string {
  return path.join(dir, "data.new");
}

async function makeFolder(dir: string): Promise<void> {
  // The umask may take away the right to walk through what is made here.
  const made = await mkdir(dir, { recursive: true });
  for (let each = dir; made && each.startsWith(made); each = path.dirname(each)) await chmod(each, 0o755);
}

/** Tried on the very folder that PostgreSQL will write: its data, or where they are about to be made. */
async function usable(dir: string, user: UnixUser | null): Promise<boolean> {
  if (await exists(dataIn(dir))) return canUse(dataIn(dir), user);
  const draft = draftIn(dir);
  try {
    await mkdir(draft, { recursive: true, mode: 0o700 });
    if (user) await chown(draft, user.uid, user.gid);
  } catch {
    return false;
  }
  return canUse(draft, user);
}

function exists(dir: string): Promise<boolean> {
  return stat(dir).then(
    () => true,
    () => false,
  );
}
