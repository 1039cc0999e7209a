import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { expect } from "chai";
import { ensurePages } from "../../scripts/pages.mjs";

describe("pages", function () {
  this.timeout(60_000);
  let root: string;
  before(async () => {
    root = await mkdtemp(path.join(os.tmpdir(), "fast-pass-pages-"));
    await mkdir(path.join(root, "src/web"), { recursive: true });
    await mkdir(path.join(root, "src/presentation"), { recursive: true });
    const input = path.join(root, "src/web/main.js");
    const config = {
      root: path.join(root, "src/web"),
      logLevel: "silent",
      build: { rollupOptions: { input } },
    };
    await writeFile(input, "document.title = 'Fast Pass';");
    await writeFile(path.join(root, "package-lock.json"), "{}");
    await writeFile(path.join(root, "src/web/vite.config.ts"), `export default ${JSON.stringify(config)};`);
  });
  after(() => rm(root, { recursive: true, force: true }));

  it("building · leaves NODE_ENV as it was, since npm start goes on in this very process; then is up to date", async () => {
    const { NODE_ENV } = process.env;
    expect(await ensurePages(root)).to.equal(true);
    expect(process.env.NODE_ENV).to.equal(NODE_ENV);
    const assets = await readdir(path.join(root, "dist/web/assets"));
    expect(assets.map((name) => name.replace(/^.*?\.js/, ".js")).sort()).to.deep.equal([
      ".js",
      ".js.br",
      ".js.gz",
    ]);
    expect(await ensurePages(root)).to.equal(false);
  });
});
