/** Decisions are made on one database: there is no address of a second one, and nothing opens another. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { isDatabaseAway } from "../../src/platform/postgres.ts";

const ROOTS = ["src", "workers"].map((name) => join(import.meta.dirname, "../..", name));
const sources = ROOTS.flatMap((root) =>
  readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => ({ file: join(root, file), text: readFileSync(join(root, file), "utf8") })),
);
const matches = (pattern: RegExp): string[] => sources.flatMap(({ text }) => text.match(pattern) ?? []);

describe("one primary", () => {
  it("F24 · settings · of databases · there is one address", () => {
    const names = matches(/\b[A-Z_]*(?:DATABASE|POSTGRES|PG)[A-Z_]*(?:URL|HOST|REPLICA|STANDBY)[A-Z_]*\b/g);
    expect([...new Set(names)]).to.deep.equal(["DATABASE_URL"]);
  });

  it("F24 · connections · wherever one is opened · it is to that address", () => {
    const opened = matches(
      /(?:openDatabase|createAdvisoryLocks|new pg\.(?:Client|Pool)|connectionString:)[^\n]*/g,
    );
    expect(opened.length).to.be.above(3);
    const elsewhere = opened.filter((line) => /replica|standby|readUrl|secondary/i.test(line));
    expect(elsewhere).to.deep.equal([]);
  });

  it("F24 · a server that turned out to be a standby · is a database that is away, never one to read from", () => {
    expect(
      isDatabaseAway(
        Object.assign(new Error("cannot execute UPDATE in a read-only transaction"), { code: "25006" }),
      ),
    ).to.equal(true);
  });
});
