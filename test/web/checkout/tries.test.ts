/** One key a try, whatever is clicked or reloaded. */
import { expect } from "chai";
import { createTries } from "../../../src/web/checkout/tries.ts";

function tab() {
  const kept = new Map<string, string>();
  let made = 0;
  const store = {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  };
  const load = () =>
    createTries(store, () => {
      made += 1;
      return `key-${made}`;
    });
  return { load, kept };
}

describe("checkout · tries", () => {
  it("a second click · while the first is under way · is the same try, with its card", () => {
    const tries = tab().load();
    expect(tries.begin("r1", "success")).to.deep.equal({ key: "key-1", card: "success" });
    expect(tries.begin("r1", "declined")).to.deep.equal({ key: "key-1", card: "success" });
  });

  it("a reload · while one is under way · finds it; of another reservation, none", () => {
    const page = tab();
    page.load().begin("r1", "undecided");
    const reloaded = page.load();
    expect(reloaded.underWay("r1")).to.deep.equal({ key: "key-1", card: "undecided" });
    expect(reloaded.underWay("r2")).to.equal(null);
  });

  it("a new try · after the last one ended · has a new key", () => {
    const page = tab();
    const tries = page.load();
    tries.begin("r1", "declined");
    tries.end("r1");
    expect(page.load().underWay("r1")).to.equal(null);
    expect(tries.begin("r1", "success")).to.deep.equal({ key: "key-2", card: "success" });
  });

  it("storage · that refuses or holds nonsense · costs the reload its memory and nothing else", () => {
    const refuse = () => {
      throw new Error("denied");
    };
    const tries = createTries({ getItem: refuse, setItem: refuse, removeItem: refuse }, () => "key");
    expect(tries.begin("r1", "success")).to.deep.equal(tries.begin("r1", "declined"));
    tries.end("r1");
    expect(tries.underWay("r1")).to.equal(null);
    const page = tab();
    for (const nonsense of ["{", "null", '{"key":1}']) {
      page.kept.set("fastpass.try.r1", nonsense);
      expect(page.load().underWay("r1")).to.equal(null);
    }
  });
});
