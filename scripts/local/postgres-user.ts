/**
 * Whom PostgreSQL runs as. It refuses root; for everybody else it runs as themselves.
 */
import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { promisify } from "node:util";
import type { UnixUser } from "./processes.ts";
import { type Say, SetupError } from "./setup-error.ts";

const run = promisify(execFile);
const NAME = "postgres";

/**
 * Null when we are not root. As root: the owner of the data if there is some, since PostgreSQL opens no other;
 * else the user `postgres`, who is made if the machine has none.
 */
export async function postgresUser(dataDirs: readonly string[], say: Say): Promise<UnixUser | null> {
  if (process.getuid?.() !== 0) return null;
  for (const dir of dataDirs) {
    const owner = await stat(dir).catch(() => null);
    if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  }
  return (await lookUp()) ?? (await create(say));
}

async function lookUp(): Promise<UnixUser | null> {
  try {
    const [uid, gid] = await Promise.all(["-u", "-g"].map((flag) => run("id", [flag, NAME])));
    return { uid: Number(uid?.stdout), gid: Number(gid?.stdout) };
  } catch {
    return null;
  }
}

async function create(say: Say): Promise<UnixUser> {
  say(`PostgreSQL does not run as root; making the system user "${NAME}" for it.`);
  const flags = [
    "--system",
    "--user-group",
    "--no-create-home",
    "--home-dir",
    "/nonexistent",
    "--shell",
    "/usr/sbin/nologin",
  ];
  const failure = await run("useradd", [...flags, NAME]).then(
    () => null,
    (error: Error) => error,
  );
  // Another start may have made the user at the same moment, so the look-up decides.
  const made = await lookUp();
  if (made) return made;
  throw new SetupError(
    `PostgreSQL does not run as root and no user could be made for it (${failure?.message.split("\n").join(" ").trim()}); start Fast Pass as an ordinary user, or set DATABASE_URL and REDIS_URL.`,
  );
}

/** Whether that user can walk to a folder and write in it; asked of the kernel, since mode bits are not all of it. */
export async function canUse(dir: string, user: UnixUser | null): Promise<boolean> {
  return run("/bin/sh", ["-c", 'cd "$1" && test -w .', "sh", dir], { ...user, cwd: "/" }).then(
    () => true,
    () => false,
  );
}
