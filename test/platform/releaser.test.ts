import { expect } from "chai";
import { createReleaser } from "../../src/platform/releaser.ts";

describe("releaser", () => {
  it("closings · run last in, first out, each after the one before it has ended", async () => {
    const releaser = createReleaser();
    const order: string[] = [];
    for (const name of ["database", "redis", "server"]) {
      releaser.add(name, async () => {
        order.push(`${name} closing`);
        await new Promise((resolve) => setImmediate(resolve));
        order.push(`${name} closed`);
      });
    }
    await releaser.release();
    expect(order).to.deep.equal(
      ["server", "redis", "database"].flatMap((name) => [`${name} closing`, `${name} closed`]),
    );
  });

  it("released twice · throws, and closes nothing twice", async () => {
    const releaser = createReleaser();
    let closings = 0;
    releaser.add("database", () => {
      closings += 1;
    });
    const first = releaser.release();
    expect(await failureOf(releaser.release())).to.equal("released twice");
    await first;
    expect(await failureOf(releaser.release())).to.equal("released twice");
    expect(closings).to.equal(1);
  });

  it("opened after the release · throws and names it", async () => {
    const releaser = createReleaser();
    await releaser.release();
    expect(() => releaser.add("a late job", () => undefined)).to.throw(
      "a late job was opened after the release",
    );
  });

  it("a closing that fails · whichever way · does not keep the others from running, and is told", async () => {
    const releaser = createReleaser();
    const closed: string[] = [];
    releaser.add("first", () => closed.push("first"));
    releaser.add("throws", () => {
      throw new Error("at once");
    });
    releaser.add("rejects", () => Promise.reject(new Error("later")));
    releaser.add("last", () => closed.push("last"));
    expect(await failureOf(releaser.release())).to.equal(
      "closing rejects failed: later; closing throws failed: at once",
    );
    expect(closed).to.deep.equal(["last", "first"]);
  });

  it("a closing that never ends · is given up after the deadline", async () => {
    const releaser = createReleaser(30);
    const closed: string[] = [];
    releaser.add("first", () => closed.push("first"));
    releaser.add("endless", () => new Promise(() => undefined));
    expect(await failureOf(releaser.release())).to.include("endless did not close within 30 ms");
    expect(closed).to.deep.equal(["first"]);
  });
});

function failureOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "no failure",
    (fault: Error) => fault.message,
  );
}
