/**
 * Runs `npm ci` when node_modules is not what package-lock.json asks for, and only then.
 *
 * Two commands started at once on a fresh clone must not both delete and fill node_modules, so the install runs
 * under a lock.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { takeLock } from "./install-lock.mjs";

/** A set-up that cannot go on; the message is one sentence that says what to do. */
export class InstallError extends Error {
  name = "InstallError";
}

/** @throws InstallError when npm cannot install them. */
export async function ensureDependencies(root) {
  if (dependenciesAreRight(root)) return;
  const release = await takeInstallLock(path.join(root, ".fastpass", "install.lock"));
  try {
    // Whoever held the lock before us has probably done the work.
    if (!dependenciesAreRight(root)) await npmCi(root);
  } finally {
    await release();
  }
}

async function takeInstallLock(lock) {
  try {
    return await takeLock(lock, () =>
      console.error("Another command is installing the dependencies; waiting for it."),
    );
  } catch (error) {
    throw new InstallError(
      `The folder ${path.dirname(lock)} cannot be written (${error.code}); give your user the right to write there.`,
    );
  }
}

/** npm writes node_modules/.package-lock.json last, so half an install is never taken for a whole one. */
export function dependenciesAreRight(root) {
  const wanted = readPackages(path.join(root, "package-lock.json"));
  if (!wanted)
    throw new InstallError(
      "package-lock.json is missing or damaged; fetch it again with `git checkout package-lock.json`.",
    );
  const found = readPackages(path.join(root, "node_modules", ".package-lock.json"));
  if (!found) return false;
  return Object.entries(wanted).every(([place, entry]) => {
    if (place === "" || entry.link || (entry.optional && !fitsThisMachine(entry))) return true;
    const there = found[place];
    return (
      there?.version === entry.version &&
      there.integrity === entry.integrity &&
      existsSync(path.join(root, place))
    );
  });
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages ?? null;
  } catch {
    return null;
  }
}

function fitsThisMachine({ os, cpu, libc }) {
  return fits(os, process.platform) && fits(cpu, process.arch) && (!libc || fits(libc, ourLibc()));
}

/** A list of npm's: names that are allowed, or with a leading "!" refused. */
function fits(list, value) {
  if (!list) return true;
  return !list.includes(`!${value}`) && (list.includes(value) || list.every((item) => item.startsWith("!")));
}

let libcName;
/** The report takes milliseconds to make, so it is made once. */
function ourLibc() {
  libcName ??= process.report.getReport().header.glibcVersionRuntime ? "glibc" : "musl";
  return libcName;
}

async function npmCi(root) {
  const begun = Date.now();
  console.error("Installing the dependencies with npm ci; this takes a moment the first time.");
  const npm = /npm-cli\.c?js$/.test(process.env.npm_execpath ?? "")
    ? [process.execPath, process.env.npm_execpath]
    : ["npm"];
  // NODE_ENV=production would leave out what the tests and the type checker need.
  const flags = ["ci", "--include=dev", "--include=optional", "--no-audit", "--no-fund", "--loglevel=error"];
  const { code, output } = await collect(npm[0], [...npm.slice(1), ...flags], root);
  if (code !== 0) throw new InstallError(npmFailure(output));
  console.error(`Installed in ${Math.round((Date.now() - begun) / 1000)} s.`);
}

function collect(command, args, cwd) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, stdio: ["ignore", "ignore", "pipe"] });
    let output = "";
    child.stderr.setEncoding("utf8").on("data", (text) => {
      output = (output + text).slice(-20_000);
    });
    child.on("error", (error) => resolve({ code: 1, output: `npm error ${error.message}` }));
    child.on("close", (code) => resolve({ code, output }));
  });
}

function npmFailure(output) {
  if (/^npm error code EUSAGE$/m.test(output)) {
    return "package-lock.json does not fit package.json; run `npm install` and try again.";
  }
  const lines = output
    .split("\n")
    .filter((line) => line.startsWith("npm error"))
    .map((line) => line.slice(10).trim());
  const cause = lines.find((line) => line && !/^(code|errno|syscall|A complete log|Log files)/.test(line));
  const reason = cause?.replace(/[.\s]+$/, "") ?? "it gave no reason";
  return `The dependencies could not be installed (npm ci: ${reason}); check the network connection, then run \`npm ci\` to see all of it.`;
}
