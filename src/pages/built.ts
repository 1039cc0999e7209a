/**
 * The pages as `npm run build:web` left them in dist/web: files named by their content, each in up to three forms, and
 * the manifest that says which of them a page needs. Read once, when a gateway starts.
 */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export interface BuiltFile {
  readonly type: string;
  /** By content coding; `identity` is always there. */
  readonly forms: Readonly<Partial<Record<"identity" | "br" | "gzip", Buffer>>>;
}

/** What the HTML of a page names, as paths from the root. */
export interface PageFiles {
  readonly script: string;
  readonly styles: readonly string[];
  /** Scripts that the page will ask for at once. */
  readonly preloads: readonly string[];
}

export interface BuiltPages {
  /** By name below `/assets/`. */
  readonly files: ReadonlyMap<string, BuiltFile>;
  readonly icon: string;
  /** @param source the page's module below src/web. */
  filesOf(source: string): PageFiles;
}

interface Chunk {
  readonly file: string;
  readonly imports?: readonly string[];
  readonly css?: readonly string[];
}

const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};
const ENTRY = "main.tsx";
const ICON = "icon.svg";

/** @returns null when the pages have not been built. */
export function readBuiltPages(folder = builtFolder()): BuiltPages | null {
  let manifest: Readonly<Record<string, Chunk>>;
  try {
    manifest = JSON.parse(readFileSync(path.join(folder, "manifest.json"), "utf8"));
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw fault;
  }
  const entry = chunkOf(ENTRY);

  function chunkOf(name: string): Chunk {
    const chunk = manifest[name];
    if (!chunk) throw new Error(`dist/web/manifest.json knows no ${name}; run "npm run build:web" again`);
    return chunk;
  }

  function withImports(name: string, seen: Set<string>): Set<string> {
    if (seen.has(name)) return seen;
    seen.add(name);
    for (const next of manifest[name]?.imports ?? []) withImports(next, seen);
    return seen;
  }

  return {
    files: readFiles(path.join(folder, "assets")),
    icon: `/${chunkOf(ICON).file}`,
    filesOf(source) {
      const chunks = [...withImports(source, new Set([ENTRY]))].map((name) => manifest[name] ?? entry);
      return {
        script: `/${entry.file}`,
        styles: [...new Set(chunks.flatMap(({ css = [] }) => css))].map((file) => `/${file}`),
        preloads: chunks.filter((chunk) => chunk !== entry).map(({ file }) => `/${file}`),
      };
    },
  };
}

function readFiles(folder: string): Map<string, BuiltFile> {
  const names = new Set(readdirSync(folder));
  const read = (name: string) => (names.has(name) ? readFileSync(path.join(folder, name)) : undefined);
  return new Map(
    [...names]
      .filter((name) => !/\.(br|gz)$/.test(name))
      .map((name) => [
        name,
        {
          type: TYPES[path.extname(name)] ?? "application/octet-stream",
          forms: { identity: read(name), br: read(`${name}.br`), gzip: read(`${name}.gz`) },
        },
      ]),
  );
}

/** dist/web stands beside the compiled program, and below the root of the sources. */
function builtFolder(): string {
  const compiled = import.meta.url.includes("/dist/");
  return fileURLToPath(new URL(compiled ? "../../web" : "../../dist/web", import.meta.url));
}
