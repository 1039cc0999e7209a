/**
 * Finds a redis-server, or gets one.
 *
 * As root on Debian or Ubuntu it is installed with apt-get, but only the program: the package would start a
 * service on 6379 at once and at every boot, which nobody asked for.
 */
import { execFile } from "node:child_process";
import { access, chmod, constants, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { type Say, SetupError } from "./setup-error.ts";

const run = promisify(execFile);
const OLDEST_MAJOR = 7;
const USUAL_PLACES = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"];
const APT = "/usr/bin/apt-get";
const POLICY = "/usr/sbin/policy-rc.d";

/**
 * @returns the path of a redis-server that is new enough.
 * @throws SetupError with the one command to run, when there is none and none can be installed from here.
 */
export async function ensureRedisServer(
  say: Say = (line) => process.stderr.write(`${line}\n`),
): Promise<string> {
  let program = await find();
  if (!program) {
    if (process.getuid?.() !== 0 || !(await canRun(APT))) throw new SetupError(await instruction());
    await install(say);
    program = await find();
    if (!program)
      throw new SetupError(
        "apt-get installed redis-server but it is not on the PATH; add its folder to PATH.",
      );
  }
  await refuseOld(program);
  return program;
}

async function find(): Promise<string | null> {
  const folders = [
    ...(process.env.PATH ?? "").split(path.delimiter).filter(path.isAbsolute),
    ...USUAL_PLACES,
  ];
  for (const folder of folders) {
    const program = path.join(folder, "redis-server");
    if (await canRun(program)) return program;
  }
  return null;
}

function canRun(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Sharded publishing, which the position stream stands on, came with Redis 7. */
async function refuseOld(program: string): Promise<void> {
  const { stdout } = await run(program, ["--version"]);
  const version = /v=(\d+)\.[\d.]+/.exec(stdout);
  if (!version || Number(version[1]) >= OLDEST_MAJOR) return;
  throw new SetupError(
    `Fast Pass needs Redis ${OLDEST_MAJOR} or newer and ${program} is ${version[0].slice(2)}; install a newer one from https://redis.io/downloads, or set REDIS_URL and DATABASE_URL.`,
  );
}

async function instruction(): Promise<string> {
  const commands: readonly (readonly [string, string])[] = [
    [APT, "sudo apt-get install redis-server"],
    ["/usr/bin/dnf", "sudo dnf install redis"],
    ["/usr/bin/pacman", "sudo pacman -S redis"],
    ["/usr/bin/zypper", "sudo zypper install redis"],
    ["/opt/homebrew/bin/brew", "brew install redis"],
    ["/usr/local/bin/brew", "brew install redis"],
  ];
  for (const [manager, command] of commands) {
    if (await canRun(manager))
      return `Fast Pass needs redis-server, which is not installed; run \`${command}\` and start again.`;
  }
  return "Fast Pass needs redis-server, which is not installed; get it from https://redis.io/downloads, or set REDIS_URL and DATABASE_URL.";
}

async function install(say: Say): Promise<void> {
  say("redis-server is not installed; installing it with apt-get, which takes a moment.");
  const giveBack = await holdServicesBack();
  try {
    await apt("update");
    await apt("install", "-y", "--no-install-recommends", "redis-server");
    // It would start at the next boot; without systemd there is nothing to turn off.
    await run("systemctl", ["disable", "redis-server"]).catch(() => undefined);
  } finally {
    await giveBack();
  }
}

async function apt(...args: readonly string[]): Promise<void> {
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  try {
    await run(APT, ["-q", "-o", "DPkg::Lock::Timeout=120", ...args], {
      env: environment,
      timeout: 300_000,
      maxBuffer: 1 << 26,
    });
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    const cause = /^E: (.*)$/m.exec(stderr ?? "")?.[1] ?? message.split("\n")[0] ?? "";
    throw new SetupError(
      `redis-server could not be installed (apt-get ${args[0]}: ${cause.replace(/[.\s]+$/, "")}); check the network connection and run \`apt-get install redis-server\`.`,
    );
  }
}

/**
 * Debian asks this script before it starts a service. Ours refuses only while we live, so that being killed in
 * the middle leaves nothing that refuses services later.
 */
async function holdServicesBack(): Promise<() => Promise<void>> {
  const script = `#!/bin/sh\n# Made by Fast Pass while it installs redis-server; safe to delete.\nkill -0 ${process.pid} 2>/dev/null && exit 101\nexit 0\n`;
  try {
    await writeFile(POLICY, script, { flag: "wx" });
    await chmod(POLICY, 0o755);
  } catch (error) {
    // Containers have one that refuses already.
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return async () => undefined;
    throw error;
  }
  return async () => {
    if ((await readFile(POLICY, "utf8").catch(() => "")) === script) await rm(POLICY, { force: true });
  };
}
