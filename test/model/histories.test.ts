import { playHistories } from "./play.ts";

describe("model", () => {
  it("random histories of four fans and eight seats · played on the rooms and on the model · agree after every step", async function () {
    this.timeout(60_000);
    await playHistories({ runs: 10, longest: 40, limitMs: 45_000 });
  });
});
