/**
 * A clone whose only dependency lies beside it, so that the real `npm ci` installs it without a registry: a
 * stand-in for tsx that loads TypeScript without types, and for the tools that say that they ran.
 */
import { chmod, cp, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const SCRIPTS = fileURLToPath(new URL("../../scripts", import.meta.url));

const LOADER = `import { readFile } from "node:fs/promises";
export async function load(url, context, next) {
  if (!url.endsWith(".ts")) return next(url, context);
  return { format: "module", source: await readFile(new URL(url)), shortCircuit: true };
}`;
const API = `import { register as add } from "node:module";
export const register = () => add("./loader.js", import.meta.url);`;
const TOOL = `#!/usr/bin/env node
const name = process.argv[1].split("/").pop();
console.log("ran", name, ...process.argv.slice(2));
process.exitCode = name === process.env.FAILING_TOOL ? 3 : 0;`;

export const MANIFEST = {
  name: "clone",
  version: "1.0.0",
  engines: { node: ">=20.11" },
  dependencies: { tsx: "file:./tools" },
};
const TOOLS = {
  name: "tsx",
  version: "1.0.0",
  type: "module",
  exports: { "./esm/api": "./api.js" },
  bin: { tsc: "tool.js", biome: "tool.js" },
};
export const LOCK = {
  name: MANIFEST.name,
  version: MANIFEST.version,
  lockfileVersion: 3,
  requires: true,
  packages: {
    "": MANIFEST,
    tools: { name: TOOLS.name, version: TOOLS.version, bin: TOOLS.bin },
    "node_modules/tsx": { resolved: "tools", link: true },
  },
};

export async function makeClone(dir: string, program: string): Promise<void> {
  const files = {
    "package.json": JSON.stringify(MANIFEST),
    "package-lock.json": JSON.stringify(LOCK),
    "tools/package.json": JSON.stringify(TOOLS),
    "tools/api.js": API,
    "tools/loader.js": LOADER,
    "tools/tool.js": TOOL,
    "scripts/demo.ts": program,
  };
  for (const name of ["scripts", "tools"]) await mkdir(path.join(dir, name));
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(dir, name), text);
  await chmod(path.join(dir, "tools/tool.js"), 0o755);
  for (const name of ["prepare.mjs", "install.mjs", "install-lock.mjs", "test-groups.mjs"]) {
    await cp(path.join(SCRIPTS, name), path.join(dir, "scripts", name));
  }
}
