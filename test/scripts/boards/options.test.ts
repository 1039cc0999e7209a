import path from "node:path";
import { expect } from "chai";
import { readOptions } from "../../../scripts/boards/options.ts";
import { UsageError } from "../../../scripts/cli.ts";
import { ONE_SENTENCE, runScript } from "../run-script.ts";

const NOW = Date.parse("2026-01-31T20:00:00Z");

describe("boards · what it is asked for", () => {
  it("a folder alone · takes the last quarter of an hour of a Prometheus here, and all boards", () => {
    const { prometheus, range, out, names } = readOptions(["--out", "pictures"], NOW);
    expect(prometheus.href).to.equal("http://localhost:9090/");
    expect(range).to.deep.equal({ from: NOW - 900_000, to: NOW });
    expect([out, names]).to.deep.equal([path.resolve("pictures"), []]);
  });

  const wrong: Record<string, [args: string[], says: RegExp]> = {
    "no folder": [[], /--out FOLDER is missing/],
    "no address": [["--out", "x", "--prometheus", "localhost:9090"], /--prometheus must be an address/],
    "no time": [["--out", "x", "--from", "yesterday"], /--from must be a time such as/],
    "an end before the beginning": [["--out", "x", "--to", "now-1h"], /--from must be before --to/],
    "no such board": [["--out", "x", "--board", "day"], /--board day must be one of .*night/],
    "no such option": [["--out", "x", "--theme", "light"], /--theme/],
  };
  for (const [what, [args, says]] of Object.entries(wrong))
    it(`${what} · is a wrong call, with what to write`, () => {
      expect(() => readOptions(args, NOW)).to.throw(UsageError, says);
    });

  it("the program · called wrongly · says so in one sentence, and 2", async function () {
    this.timeout(60_000);
    const { code, stdout, stderr } = await runScript("boards.ts", ["--out", "x", "--from", "then"], {});
    expect([code, stdout]).to.deep.equal([2, ""]);
    expect(stderr).to.match(ONE_SENTENCE).and.to.contain("--from");
  });
});
