/** What the programs that take no arguments, or few, make of `--help` and of words that nobody foresaw. */
import { expect } from "chai";
import { ONE_SENTENCE, runScript } from "./run-script.ts";

/** Whatever goes on in spite of its arguments ends here, and starts no server. */
const UNUSABLE = { PORT: "none", DATABASE_URL: "postgres://x@127.0.0.1:1/x" };
const WITHOUT_ARGUMENTS = [
  "start.ts",
  "../src/server.ts",
  "../workers/index.ts",
  "migrate.ts",
  "invariants.ts",
];
/** One of each kind: a process, a program without arguments, and two with some. */
const HELPFUL = ["../src/server.ts", "migrate.ts", "draw-verify.ts", "bench/index.ts"];

describe("arguments of the npm scripts", function () {
  this.timeout(60_000);

  for (const program of WITHOUT_ARGUMENTS)
    it(`${program} · with an argument · refuses it in one sentence, and 2`, async () => {
      const { code, stdout, stderr } = await runScript(program, ["--port", "4000"], UNUSABLE);
      expect([code, stdout]).to.deep.equal([2, ""]);
      expect(stderr).to.match(ONE_SENTENCE).and.to.contain("--port");
    });

  for (const program of HELPFUL)
    it(`${program} · with --help · says how it is called, and 0`, async () => {
      const { code, stdout, stderr } = await runScript(program, ["--help"], UNUSABLE);
      expect([code, stderr]).to.deep.equal([0, ""]);
      expect(stdout).to.match(/^Usage: npm /);
    });
});
