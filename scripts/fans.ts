/**
 * `npm run fans -- --count N --out FILE`: fan accounts in bulk, for load tests.
 *
 * FILE becomes a JSON array of `{userId, email, password, accessToken}`. It is written beside its place and moved
 * there when complete, so that a reader never meets half of it.
 */
import { createWriteStream, statSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import { createAccountAdministration, type Fan } from "../src/auth/index.ts";
import { loadConfig } from "../src/config.ts";
import { openDatabase } from "../src/platform/postgres.ts";
import { parseOrExplain, RefusedError, runCli, UsageError } from "./cli.ts";
import { withLocalEnvironment } from "./start/local-environment.ts";

const USAGE = "npm run fans -- --count N --out FILE";
const MOST = 1_000_000;

await runCli(() => main(process.argv.slice(2), withLocalEnvironment(process.env)));

async function main(args: string[], environment: NodeJS.ProcessEnv): Promise<void> {
  const { count, file } = readCall(args);
  // Before the configuration is read: an incomplete one must not hide the true reason.
  if (environment.NODE_ENV === "production") {
    throw new RefusedError("Fans in bulk are for load tests; they are never made with NODE_ENV=production.");
  }
  const config = loadConfig(environment);
  const db = openDatabase(config.databaseUrl, 2, "fastpass-fans");
  const startedAt = performance.now();
  try {
    await writeWhole(file, toJson(createAccountAdministration(db, config).makeFans(count)));
  } finally {
    await db.destroy();
  }
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  console.log(
    `${count} ${count === 1 ? "fan is" : "fans are"} in ${file} (${seconds} s); their access tokens are good for a day.`,
  );
}

/** @throws UsageError */
function readCall(args: string[]): { count: number; file: string } {
  const { values } = parseOrExplain(USAGE, () =>
    parseArgs({ args, options: { count: { type: "string" }, out: { type: "string" } } }),
  );
  const count = /^\d{1,9}$/.test(values.count ?? "") ? Number(values.count) : 0;
  if (count < 1 || count > MOST) {
    throw new UsageError(`--count must be a whole number from 1 to ${MOST}. Usage: ${USAGE}`);
  }
  if (!values.out) throw new UsageError(`--out must name the file to write. Usage: ${USAGE}`);
  const file = path.resolve(values.out);
  if (!statSync(path.dirname(file), { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`--out is in a folder that does not exist; make ${path.dirname(file)} first.`);
  }
  const existing = statSync(file, { throwIfNoEntry: false });
  if (existing && !existing.isFile()) throw new UsageError(`--out must name a file, and ${file} is not one.`);
  return { count, file };
}

async function* toJson(batches: AsyncIterable<Fan[]>): AsyncGenerator<string, void> {
  let separator = "[\n";
  for await (const batch of batches) {
    yield separator + batch.map((fan) => JSON.stringify(fan)).join(",\n");
    separator = ",\n";
  }
  yield "\n]\n";
}

async function writeWhole(file: string, chunks: AsyncIterable<string>): Promise<void> {
  const draft = `${file}.${process.pid}.part`;
  try {
    // The file opens accounts, so it is for its owner alone.
    await pipeline(Readable.from(chunks), createWriteStream(draft, { flags: "wx", mode: 0o600 }));
    await rename(draft, file);
  } catch (fault) {
    await rm(draft, { force: true });
    const { syscall, message } = fault as NodeJS.ErrnoException;
    if (syscall === "open" || syscall === "write" || syscall === "rename") {
      throw new RefusedError(`${file} can't be written: ${message}.`);
    }
    throw fault;
  }
}
