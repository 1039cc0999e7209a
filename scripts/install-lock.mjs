/**
 * A lock between processes: a directory, since mkdir either makes it or says that it is there.
 *
 * Its holder touches it while it works; one that stands still for long belongs to a dead process (a pid alone
 * would say nothing across containers that share the folder). Standing still is measured on the waiter's own
 * steady clock, so a laptop that slept breaks no lock.
 */
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const HEARTBEAT_MS = 2_000;
const SILENT_FOR_MS = 20_000;
const POLL_MS = 250;

/**
 * Waits until the lock is ours.
 * @param onWait called once when somebody else holds it.
 * @returns a function that gives the lock back.
 */
export async function takeLock(lock, onWait) {
  await mkdir(path.dirname(lock), { recursive: true });
  let seen = { sign: "", since: performance.now() };
  let waited = false;
  while (!(await tryMkdir(lock))) {
    const sign = await signOfLife(lock);
    if (sign !== seen.sign) seen = { sign, since: performance.now() };
    if (performance.now() - seen.since > SILENT_FOR_MS || (await ownerIsDead(lock))) {
      await breakLock(lock);
      continue;
    }
    if (!waited) onWait();
    waited = true;
    await sleep(POLL_MS);
  }
  return hold(lock);
}

async function hold(lock) {
  const owner = `${process.pid} ${os.hostname()} ${Date.now()}`;
  await writeFile(path.join(lock, "owner"), owner);
  const heartbeat = setInterval(
    () => utimes(lock, new Date(), new Date()).catch(() => undefined),
    HEARTBEAT_MS,
  );
  return async () => {
    clearInterval(heartbeat);
    // A lock that was taken from us while we were suspended is somebody else's now.
    if ((await readOwner(lock)) === owner) await rm(lock, { recursive: true, force: true });
  };
}

async function tryMkdir(lock) {
  try {
    await mkdir(lock);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

async function signOfLife(lock) {
  return stat(lock).then(
    (found) => `${found.ino} ${found.mtimeMs}`,
    () => "",
  );
}

async function ownerIsDead(lock) {
  const [pid, host] = (await readOwner(lock)).split(" ");
  if (!pid || host !== os.hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}

/** Moves the lock aside first: of several that find it dead only one wins, and a fresh one is put back. */
async function breakLock(lock) {
  const judged = await readOwner(lock);
  const aside = `${lock}.${process.pid}.${Date.now()}`;
  try {
    await rename(lock, aside);
  } catch (error) {
    if (error.code === "ENOENT") return;
    throw error;
  }
  if ((await readOwner(aside)) === judged) await rm(aside, { recursive: true, force: true });
  else await rename(aside, lock).catch(() => undefined);
}

function readOwner(lock) {
  return readFile(path.join(lock, "owner"), "utf8").catch(() => "");
}
