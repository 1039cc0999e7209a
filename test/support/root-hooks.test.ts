import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

interface Run {
  readonly code: number | null;
  readonly output: string;
}

/** Runs one fixture as a run of its own. */
function runFixture(name: string): Promise<Run> {
  const child = spawn(process.execPath, ["scripts/prepare.mjs", "test", `test/support/fixtures/${name}.ts`], {
    cwd: ROOT,
    env: { ...process.env, TEST_LEAK_GRACE_MS: "500" },
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
  this.timeout(60_000);

  /** All at once: each is a process that mostly starts. */
  let runs: Record<string, Run>;
  before(async () => {
    const names = ["clean", "leaks", "rejects", "rejects-late"];
    const ended = await Promise.all(names.map(runFixture));
    runs = Object.fromEntries(names.map((name, index) => [name, ended[index] as Run]));
  });

  it("a run · that leaves nothing behind · passes", () => {
    const { code, output } = runs.clean as Run;
    expect(output).to.contain("1 passing");
    expect(code).to.equal(0);
  });

  it("a run · that left a server open · names it, fails and ends", () => {
    const { code, output } = runs.leaks as Run;
    expect(output).to.match(/still open.*\n.*\n? .*server on \{"address":"127\.0\.0\.1"/);
    expect(code).to.equal(1);
  });

  it("a run · with a rejection nobody handled · fails and names the test", () => {
    const { code, output } = runs.rejects as Run;
    expect(output).to.contain("unhandled rejections: drops a rejection: nobody caught me");
    expect(output).to.match(/2 passing.*\n\s+1 failing/);
    expect(code).to.equal(1);
  });

  it("a run · with a rejection after its last test · fails all the same", () => {
    const { code, output } = runs["rejects-late"] as Run;
    expect(output).to.contain("Unhandled, after the last test: Error: too late for mocha");
    expect(code).to.equal(1);
  });
});
