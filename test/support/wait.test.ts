import { expect } from "chai";
import { eventually } from "./wait.ts";

describe("eventually", () => {
  it("when the condition comes about · returns what it answered", async () => {
    let asked = 0;
    const answer = await eventually(() => (++asked === 3 ? "there" : null), {
      what: "the third time",
      intervalMs: 1,
    });
    expect(answer).to.equal("there");
  });

  it("when it never does · says what was waited for and why not", async () => {
    const never = () => Promise.reject(new Error("not yet"));
    const error = await eventually(never, { what: "the end", timeoutMs: 20, intervalMs: 5 }).catch(
      (thrown) => thrown,
    );
    expect(error.message).to.equal("the end did not come about within 20 ms: not yet");
  });
});
