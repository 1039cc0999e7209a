/** The whole of Fast Pass, queue, jobs, locks and seat maps, on a Redis Cluster. */
import { expect } from "chai";
import { runScript } from "../scripts/run-script.ts";

describe("demo on a Redis Cluster", () => {
  it("a small on-sale · on three masters · every check holds", async () => {
    const { code, stdout, stderr } = await runScript("demo.ts", ["--small", "--cluster", "--quiet"], {});
    expect(code, stdout.slice(-4_000) + stderr).to.equal(0);
    expect(stdout).to.match(/all \d+ checks hold/);
  }).timeout(300_000);
});
