/**
 * The second half of `npm run build`: what the compiler leaves behind (Lua scripts, SQL and whatever else stands
 * beside the sources) goes into dist/ at the same place.
 */
import { cp, readdir, stat } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const TARGET = path.join(ROOT, "dist");
/** `scripts` has what prepares a clone, which a build does not need. */
const SOURCES = ["src", "workers"];
/** The compiler's own, and notes for readers. */
const LEFT_OUT = /\.(ts|tsx|md)$/;
/** Built for browsers by itself. */
const BUNDLED = path.join(ROOT, "src", "web");

async function isNoAsset(file) {
  return (await stat(file)).isFile() && LEFT_OUT.test(file);
}

for (const source of SOURCES) {
  const from = path.join(ROOT, source);
  const to = path.join(TARGET, source);
  await cp(from, to, {
    recursive: true,
    filter: async (file) => file !== BUNDLED && !(await isNoAsset(file)),
  });
}

const copied = (await readdir(TARGET, { recursive: true })).filter((name) => /\.(lua|sql)$/.test(name));
console.log(`Copied the assets into dist, ${copied.length} of them Lua and SQL.`);
