import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Runs one fixture as a run of its own. */
function runFixture(name: string): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, ["scripts/prepare.mjs", "test", `test/support/fixtures/${name}.ts`], {
    cwd: ROOT,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, output })));
}

describe("root hooks", function () {
  this.timeout(30_000);

  it("a run · that leaves nothing behind · passes", async () => {
    const { code, output } = await runFixture("clean");
    expect(output).to.contain("1 passing");
    expect(code).to.equal(0);
  });

  it("a run · that left a server open · names it, fails and ends", async () => {
    const { code, output } = await runFixture("leaks");
    expect(output).to.match(/still open.*\n.*\n? .*server on \{"address":"127\.0\.0\.1"/);
    expect(code).to.equal(1);
  });

  it("a run · with a rejection nobody handled · fails and names the test", async () => {
    const { code, output } = await runFixture("rejects");
    expect(output).to.contain("unhandled rejections: drops a rejection: nobody caught me");
    expect(output).to.match(/2 passing.*\n\s+1 failing/);
    expect(code).to.equal(1);
  });

  it("a run · with a rejection after its last test · fails all the same", async () => {
    const { code, output } = await runFixture("rejects-late");
    expect(output).to.contain("Unhandled, after the last test: Error: too late for mocha");
    expect(code).to.equal(1);
  });
});
