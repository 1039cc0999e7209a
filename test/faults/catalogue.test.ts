/** The page about failures and the tests do not drift apart. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";

const ROOT = join(import.meta.dirname, "../..");
const ROWS = readFileSync(join(ROOT, "docs/failures.md"), "utf8")
  .split("\n")
  .filter((line) => /^\| F\d+ /.test(line))
  .map((line) => ({
    row: /F\d+/.exec(line)?.[0] ?? "",
    files: [...line.matchAll(/`(test\/[^`]+)`/g)].map(([, file]) => file ?? ""),
  }));

describe("the list of failures", () => {
  it("rows · F1 to F32, each once · with at least one test", () => {
    expect(ROWS.map(({ row }) => row)).to.deep.equal(
      Array.from({ length: 32 }, (_, index) => `F${index + 1}`),
    );
    expect(ROWS.filter(({ files }) => files.length === 0)).to.deep.equal([]);
  });

  for (const { row, files } of ROWS) {
    it(`${row} · the files it names · have a test with its number in the title`, () => {
      for (const file of files) {
        expect(existsSync(join(ROOT, file)), file).to.equal(true);
        const titles = readFileSync(join(ROOT, file), "utf8").match(/\bit\(\s*["`][^"`]*/g) ?? [];
        expect(
          titles.some((title) => new RegExp(`\\b${row}\\b`).test(title)),
          `${file} has no ${row}`,
        ).to.equal(true);
      }
    });
  }
});
