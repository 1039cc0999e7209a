/** Whatever the paper points at is there. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";

const ROOT = path.resolve(import.meta.dirname, "../..");
const PAPER = [
  ...readdirSync(ROOT).filter((name) => name.endsWith(".md")),
  ...readdirSync(path.join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => path.join("docs", name)),
];

const read = (file: string) => readFileSync(path.join(ROOT, file), "utf8");
/** What is said of paths in code, such as `node dist/…`, is not about this clone. */
const SOURCES = /`((?:src|workers|scripts|test|docs)\/[\w./-]*)`/g;

describe("the paper", () => {
  it("links · to files of this repository · lead somewhere", () => {
    const dead = PAPER.flatMap((file) =>
      [...read(file).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
        .map(([, target = ""]) => path.join(path.dirname(file), target))
        .filter((target) => !existsSync(path.join(ROOT, target)))
        .map((target) => `${file}: ${target}`),
    );
    expect(dead).to.deep.equal([]);
  });

  it("sources · named in the text · exist", () => {
    const gone = PAPER.flatMap((file) =>
      [...read(file).matchAll(SOURCES)]
        .map(([, source = ""]) => source)
        .filter((source) => !existsSync(path.join(ROOT, source)))
        .map((source) => `${file}: ${source}`),
    );
    expect(gone).to.deep.equal([]);
  });

  it("decisions · in their folder · have their number, a title and the bottom line first", () => {
    const files = readdirSync(path.join(ROOT, "docs/decisions")).sort();
    expect(files.length).to.be.greaterThan(0);
    const numbers = files.map((file) => file.slice(0, 4));
    expect(numbers, "a number given twice").to.have.lengthOf(new Set(numbers).size);
    for (const [index, file] of files.entries()) {
      expect(read(path.join("docs/decisions", file)), file).to.match(
        new RegExp(`^# ${numbers[index]} .+\n\n\\*\\*`),
      );
    }
  });
});
