#!/usr/bin/env node
/**
 * Builds the fans' pages into dist/web, when what they are made of has changed: `npm run build:web`, and before
 * `npm start` and the browser tests. Plain JavaScript, because `npm start` prepares a fresh clone with it.
 *
 * Every file that compresses well is stored in three forms, so that a gateway compresses nothing while it serves. The
 * result is put in place in one step: who starts meanwhile sees the old pages or the new ones, never half of them.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const SOURCES = ["src/web", "src/presentation"];
const COMPRESSED = /\.(js|css|svg)$/;
const DIGEST = "digest";

/** @returns whether there was something to do. @throws when the pages can't be built. */
export async function ensurePages(root = ROOT) {
  const target = path.join(root, "dist", "web");
  const digest = digestOf(root);
  if (existsSync(path.join(target, DIGEST)) && readFileSync(path.join(target, DIGEST), "utf8") === digest)
    return false;
  const fresh = path.join(root, "dist", `web.${process.pid}`);
  await mkdir(fresh, { recursive: true });
  const { NODE_ENV } = process.env;
  try {
    const { build } = await import("vite");
    await build({
      configFile: path.join(root, "src/web/vite.config.ts"),
      // What a bundler needs to know of its build is in the configuration alone.
      mode: "production",
      build: { outDir: fresh },
    });
    await compress(path.join(fresh, "assets"));
    await writeFile(path.join(fresh, DIGEST), digest);
    await replace(fresh, target);
  } finally {
    // Vite sets it for the whole process, and `npm start` would go on as if in production.
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
    await rm(fresh, { recursive: true, force: true });
  }
  return true;
}

/** Of all that goes into a build: the sources, and the versions of what builds them. */
function digestOf(root) {
  const files = SOURCES.flatMap((source) =>
    readdirSync(path.join(root, source), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name)),
  );
  const hash = createHash("sha256");
  for (const file of [...files.sort(), path.join(root, "package-lock.json"), fileURLToPath(import.meta.url)])
    hash.update(path.relative(root, file)).update("\0").update(readFileSync(file)).update("\0");
  return hash.digest("hex");
}

async function compress(folder) {
  const names = (await readdir(folder)).filter((name) => COMPRESSED.test(name));
  await Promise.all(
    names.map(async (name) => {
      const file = path.join(folder, name);
      const bytes = await readFile(file);
      const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
      await writeFile(`${file}.br`, await promisify(brotliCompress)(bytes, { params: quality }));
      await writeFile(`${file}.gz`, await promisify(gzip)(bytes, { level: constants.Z_BEST_COMPRESSION }));
    }),
  );
}

/** A folder can't be renamed over a full one; of two builds at once the later one stays. */
async function replace(fresh, target) {
  for (let attempt = 1; ; attempt += 1) {
    await rm(target, { recursive: true, force: true });
    try {
      await rename(fresh, target);
      return;
    } catch (error) {
      if (attempt === 5 || !["ENOTEMPTY", "EEXIST"].includes(error.code)) throw error;
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const built = await ensurePages();
  console.log(built ? "Built the pages into dist/web." : "The pages in dist/web are up to date.");
}
