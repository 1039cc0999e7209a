/**
 * The tests wait more than they compute, so they run in groups at once, each on servers of its own.
 *
 * Mocha's own `--parallel` keeps its processes from file to file and calls the closing hooks after each: servers
 * would be started anew for every file, or shared by tests that count what a server was asked. Ordinary runs
 * are as isolated as one. The first group is told while it runs, each other once those before it are over.
 *
 * Plain JavaScript on node: built-ins, like prepare.mjs, which imports it.
 */
import { readdirSync } from "node:fs";
import os from "node:os";
import path from "node:path";

const TESTS = "test";
/**
 * Whole folders, since test/contract ends by asking what all its files have seen; the last group has all others.
 * Chosen to take a third of the time each, which is what two cores can bear.
 */
const GROUPS = [new Set(["contract", "scripts"]), new Set(["auth", "browser", "queue"])];
const NOT_BY_DEFAULT = path.join(TESTS, "long") + path.sep;

/** @returns {string[][]} lists of files, relative to the root, that may run at the same time; one list on one core. */
export function testGroups(root, cores = os.availableParallelism()) {
  const files = readdirSync(path.join(root, TESTS), { recursive: true })
    .map((file) => path.join(TESTS, file))
    .filter((file) => file.endsWith(".test.ts") && !file.startsWith(NOT_BY_DEFAULT))
    .sort();
  if (cores < 2) return [files];
  const groups = [...GROUPS, null].map(() => []);
  // Not found is -1, which is the last.
  for (const file of files)
    groups.at(GROUPS.findIndex((folders) => folders.has(file.split(path.sep)[1]))).push(file);
  return groups.filter((group) => group.length > 0);
}

/**
 * Hands what a child writes to this process's own outputs, but only once `turn` has come.
 * @param {import("node:child_process").ChildProcess} child with piped outputs
 * @param {Promise<unknown>} turn
 */
export function tellAfter(child, turn) {
  const kept = [];
  let come = false;
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ]) {
    from.on("data", (chunk) => {
      if (come) to.write(chunk);
      else kept.push([to, chunk]);
    });
  }
  void turn.then(() => {
    come = true;
    for (const [to, chunk] of kept.splice(0)) to.write(chunk);
  });
}
