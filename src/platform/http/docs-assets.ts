/** The files that the documentation pages load: Swagger UI's, from its npm package, and two small ones of our own. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

export interface DocsAsset {
  readonly type: string;
  /** Read and compressed at the first call, kept from then on. */
  load(): Promise<{ readonly plain: Buffer; readonly gzip: Buffer }>;
}

export interface DocsAssets {
  /** Changes whenever a file does. */
  readonly version: string;
  readonly files: ReadonlyMap<string, DocsAsset>;
}

/** Its validator badge would send the document's address to another site. */
const START_SCRIPT = `"use strict";
window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
`;

const STYLE = `:root { color-scheme: light; }
body { margin: 0; background: #fff; color: #222; font: 16px/1.5 system-ui, sans-serif; }
.page { max-width: 62rem; margin: 0 auto; padding: 1.5rem; }
a { color: #0b57a4; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.4rem 0.8rem 0.4rem 0; border-bottom: 1px solid #ddd; }
td code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere; }
tr:target { background: #fff3c4; }
`;

const SWAGGER_FILES = {
  "swagger-ui.css": "text/css; charset=utf-8",
  "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
  "favicon-32x32.png": "image/png",
} as const;

const compress = promisify(gzip);

export function assetsFor(): DocsAssets {
  const manifest = createRequire(import.meta.url).resolve("swagger-ui-dist/package.json");
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  const own = createHash("sha256").update(START_SCRIPT).update(STYLE).digest("hex").slice(0, 8);
  const files = new Map<string, DocsAsset>();
  for (const [name, type] of Object.entries(SWAGGER_FILES)) {
    files.set(
      name,
      asset(type, () => readFile(join(dirname(manifest), name))),
    );
  }
  files.set(
    "start.js",
    asset("text/javascript; charset=utf-8", async () => Buffer.from(START_SCRIPT)),
  );
  files.set(
    "docs.css",
    asset("text/css; charset=utf-8", async () => Buffer.from(STYLE)),
  );
  return { version: `${version}-${own}`, files };
}

function asset(type: string, read: () => Promise<Buffer>): DocsAsset {
  let loaded: ReturnType<DocsAsset["load"]> | undefined;
  return {
    type,
    load() {
      loaded ??= read().then(async (plain) => ({ plain, gzip: await compress(plain) }));
      return loaded;
    },
  };
}
