/** The README's table names the settings there are, and its commands exist. Its walk-through is run in test/long. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";

const ROOT = path.resolve(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(path.join(ROOT, file), "utf8");
const README = read("README.md");

/** What stands between `<!-- name:begin -->` and `<!-- name:end -->`. */
function section(name: string): string {
  const found = new RegExp(`<!-- ${name}:begin -->\n(.*?)<!-- ${name}:end -->`, "s").exec(README);
  return found?.[1] ?? "";
}

describe("README", () => {
  it("the configuration table · compared with the schema · names exactly the variables there are", () => {
    const named = [...section("configuration").matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, name]) => name);
    const settings = [...read("src/config.ts").matchAll(/^ {4}([A-Z][A-Z_]+): /gm)].map(([, name]) => name);
    expect(settings).to.include.members(["NODE_ENV", "DATABASE_URL", "FASTPASS_LIMITS"]);
    expect(named).to.have.members(settings);
    expect(named, "named twice").to.have.lengthOf(new Set(named).size);
  });

  it("npm scripts · named in the text · exist", () => {
    const scripts = Object.keys(JSON.parse(read("package.json")).scripts);
    const named = [...README.matchAll(/\bnpm (?:run (?:--\S+ )*)?([a-z][a-z0-9:]*)/g)].map(
      ([, name]) => name,
    );
    const builtIn = ["ci"];
    expect(named).to.include.members(["start", "demo", "gateway", "worker"]);
    expect([...scripts, ...builtIn]).to.include.members(named);
  });
});
