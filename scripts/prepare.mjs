#!/usr/bin/env node
/**
 * What `npm start`, `npm test`, `npm run check`, `demo`, `bench`, `k6` and `boards` go through.
 *
 * It makes a fresh clone runnable (Node's version, the dependencies) and then runs the thing asked for. Programs
 * run inside this process, so that Ctrl-C and SIGTERM reach them and nothing else. Since nothing may be installed
 * yet, this file and what it imports are plain JavaScript on node: built-ins.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ensureDependencies, InstallError } from "./install.mjs";
import { tellAfter, testGroups } from "./test-groups.mjs";

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP"];
const LONG_TESTS = "test/long/**/*.test.ts";

/** Each takes the extra arguments and answers the exit code, or null when the program itself decides. */
const COMMANDS = {
  install: () => 0,
  start: async (args) => {
    await buildPages();
    return runProgram("scripts/start.ts", args);
  },
  demo: (args) => runProgram("scripts/demo.ts", args),
  bench: (args) => runProgram("scripts/bench/index.ts", args),
  k6: (args) => runProgram("scripts/k6.ts", args),
  boards: (args) => runProgram("scripts/boards.ts", args),
  test: (args) => runTests(args),
  "test:long": (args) => runMocha({ spec: LONG_TESTS, ignore: undefined, timeout: 600_000 }, args),
  check: async (args) =>
    (await runTool("tsc", ["--noEmit"])) ||
    (await runTool("tsc", ["--noEmit", "-p", "src/web"])) ||
    (await runTool("tsc", ["--noEmit", "-p", "k6"])) ||
    (await runTool("tsc", ["--noEmit", "-p", "test/browser"])) ||
    (await runTool("tsc", ["--noEmit", "-p", "scripts/boards/page"])) ||
    (await runTool("biome", ["check"])) ||
    (await runTests(args)),
};

/** Errors whose message already is the one sentence a person needs. */
const SENTENCES = new Set(["SetupError", "ConfigError", "StartError"]);

function refuseOldNode() {
  const wanted = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8")).engines.node.replace(
    /[^\d.]/g,
    "",
  );
  const [needMajor, needMinor] = wanted.split(".").map(Number);
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return;
  throw new InstallError(
    `Fast Pass needs Node.js ${wanted} or newer and this is ${process.version}; install one from https://nodejs.org and try again.`,
  );
}

/** The API does without the pages; so what is wrong with them is said, and the rest starts. */
async function buildPages() {
  const { ensurePages } = await import("./pages.mjs");
  try {
    await ensurePages(ROOT);
  } catch (error) {
    console.error(
      `The pages for browsers could not be built (${error.message}); the API starts without them.`,
    );
  }
}

/** Registers tsx here and imports the program, so that it is this very process. */
async function runProgram(file, args) {
  const { register } = await import("tsx/esm/api");
  register();
  const program = path.join(ROOT, file);
  process.argv.splice(1, process.argv.length, program, ...args);
  try {
    await import(pathToFileURL(program).href);
  } catch (error) {
    console.error(SENTENCES.has(error?.name) ? error.message : error);
    return 1;
  }
  return null;
}

/** The files or the choice that are named run by themselves, all of them as groups at once. */
async function runTests(args) {
  if (args.length > 0) return runMocha({}, args);
  const colour = process.stdout.isTTY ? ["--color"] : [];
  const runs = [];
  for (const files of testGroups(ROOT)) runs.push(runMocha({}, [...colour, ...files], Promise.all(runs)));
  return Math.max(...(await Promise.all(runs)));
}

/**
 * Mocha adds the `spec` of its configuration to the files named on the command line, and there is no way to take
 * one out of `ignore`; so the configuration is read here and handed over as arguments.
 * @param {Promise<unknown>} [turn] when this run may be told; without it, it has the terminal to itself.
 */
function runMocha(changes, args, turn) {
  const settings = { ...JSON.parse(readFileSync(path.join(ROOT, ".mocharc.json"), "utf8")), ...changes };
  if (args.some((arg) => arg === "--spec" || (!arg.startsWith("-") && arg.endsWith(".ts"))))
    delete settings.spec;
  const nodeOptions = (settings["node-option"] ?? []).map((option) => `--${option}`);
  delete settings["node-option"];
  const mochaOptions = Object.entries(settings).flatMap(([name, value]) =>
    [value]
      .flat()
      .flatMap((one) => (typeof one === "boolean" ? [`--${one ? "" : "no-"}${name}`] : toOption(name, one))),
  );
  const mocha = path.join(ROOT, "node_modules/mocha/bin/mocha.js");
  return run(process.execPath, [...nodeOptions, mocha, "--no-config", ...mochaOptions, ...args], turn);
}

function toOption(name, value) {
  return value === undefined ? [] : [`--${name}`, String(value)];
}

function runTool(name, args) {
  return run(path.join(ROOT, "node_modules/.bin", name), args);
}

/** A child on this terminal, at once or in its turn; signals are handed on, and its end is ours. */
function run(command, args, turn) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: turn ? ["ignore", "pipe", "pipe"] : "inherit" });
    if (turn) tellAfter(child, turn);
    const forward = (signal) => child.kill(signal);
    for (const signal of FORWARDED) process.on(signal, forward);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      for (const each of FORWARDED) process.off(each, forward);
      resolve(code ?? 128 + os.constants.signals[signal]);
    });
  });
}

async function main([name, ...args]) {
  const command = COMMANDS[name];
  if (!command)
    throw new InstallError(`Say what to run: node scripts/prepare.mjs ${Object.keys(COMMANDS).join("|")}.`);
  refuseOldNode();
  process.chdir(ROOT);
  await ensureDependencies(ROOT);
  return command(args);
}

try {
  const code = await main(process.argv.slice(2));
  if (code !== null) process.exitCode = code;
} catch (error) {
  console.error(error instanceof InstallError ? error.message : error);
  process.exitCode = 1;
}
