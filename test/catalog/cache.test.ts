import { setImmediate as nextTurn } from "node:timers/promises";
import { expect } from "chai";
import { createLoadingCache } from "../../src/catalog/cache.ts";

function countingCache(maxWeight: number, load?: (key: string) => Promise<string | null>) {
  const loads: string[] = [];
  const cache = createLoadingCache<string>({
    maxWeight,
    weigh: (value) => value.length,
    load: async (key) => {
      loads.push(key);
      await nextTurn();
      return load ? load(key) : key;
    },
  });
  return { cache, loads };
}

describe("loading cache", () => {
  it("get · many ask at once · loads once", async () => {
    const { cache, loads } = countingCache(10);
    const values = await Promise.all(Array.from({ length: 50 }, () => cache.get("a")));
    expect(new Set(values)).to.eql(new Set(["a"]));
    expect(loads).to.eql(["a"]);
  });

  it("get · over the weight · the least recently used goes first", async () => {
    const { cache, loads } = countingCache(4);
    for (const key of ["aa", "bb", "aa", "cc", "aa", "bb"]) await cache.get(key);
    expect(loads).to.eql(["aa", "bb", "cc", "bb"]);
    expect(cache.weight).to.equal(4);
  });

  it("get · a value heavier than the bound · is answered, and gives way to the next", async () => {
    const { cache } = countingCache(3);
    expect(await cache.get("heavy")).to.equal("heavy");
    await cache.get("a");
    expect(cache.weight).to.equal(1);
  });

  it("get · nothing there · asks again the next time", async () => {
    const { cache, loads } = countingCache(10, async () => null);
    expect(await cache.get("a")).to.equal(null);
    expect(await cache.get("a")).to.equal(null);
    expect(loads).to.eql(["a", "a"]);
  });

  it("get · the load fails · tells everybody who waited, and tries again for the next", async () => {
    let failing = true;
    const { cache } = countingCache(10, async (key) => {
      if (failing) throw new Error("away");
      return key;
    });
    const outcomes = await Promise.allSettled([cache.get("a"), cache.get("a")]);
    expect(outcomes.map(({ status }) => status)).to.eql(["rejected", "rejected"]);
    failing = false;
    expect(await cache.get("a")).to.equal("a");
  });
});
