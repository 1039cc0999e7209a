/** docs/errors.md lists what the program can answer, no more and no less. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { ERRORS } from "../../src/platform/errors.ts";
import { CloseCode } from "../../src/platform/sockets/index.ts";

const TEXT = readFileSync(path.resolve(import.meta.dirname, "../../docs/errors.md"), "utf8");

describe("docs/errors.md", () => {
  it("error codes · compared with the catalogue · each once, with its status and whether to try again", () => {
    const rows = [...TEXT.matchAll(/^\| `([A-Z_]+)` \| (\d{3}) \| (yes|no) \| \S/gm)];
    const told = rows.map(([, code, status, again]) => [code, Number(status), again === "yes"]);
    const there = Object.entries(ERRORS).map(([code, { status, retryable }]) => [code, status, retryable]);
    expect(told).to.have.deep.members(there);
  });

  it("close codes · compared with the sockets' · each once", () => {
    const told = [...TEXT.matchAll(/^\| (\d{4}) \|/gm)].map(([, code]) => Number(code));
    expect(told).to.have.members(Object.values(CloseCode));
  });
});
