import { expect } from "chai";
import { fillVariables, gridOf, readTime, stepFor } from "../../../scripts/boards/time.ts";

const NOW = Date.parse("2026-01-31T20:00:00Z");
const minutes = (count: number) => ({ from: NOW - count * 60_000, to: NOW });

describe("boards · times", () => {
  it("a time · before now or with its zone · is read", () => {
    expect(readTime("now", NOW)).to.equal(NOW);
    expect(readTime("now-15m", NOW)).to.equal(NOW - 900_000);
    expect(readTime("2026-01-31T21:00:00+01:00", NOW)).to.equal(NOW);
  });

  it("a time · without a zone, or none at all · is not guessed", () => {
    for (const text of ["yesterday", "2026-01-31", "2026-01-31T20:00:00", "2026-13-31T20:00:00Z", "now-15"])
      expect(readTime(text, NOW), text).to.equal(null);
  });

  it("the step · is a round one near a point a pixel, and none finer than what is scraped", () => {
    expect(stepFor(minutes(15), 740, 5)).to.equal(5);
    expect(stepFor(minutes(6 * 60), 740, 5)).to.equal(30);
    expect(stepFor(minutes(24 * 60), 740, 5)).to.equal(120);
  });

  it("the times asked for · lie on multiples of the step, both ends with them", () => {
    expect(gridOf({ from: 1_003_000, to: 1_016_000 }, 5)).to.deep.equal([1_000, 1_005, 1_010, 1_015]);
  });

  it("$__rate_interval · is four scrapes, and more when the step is longer than three", () => {
    const filled = (step: number) => fillVariables("rate(a[$__rate_interval])", step, 5, minutes(15));
    expect(filled(5)).to.equal("rate(a[20s])");
    expect(filled(30)).to.equal("rate(a[35s])");
  });

  it("the other variables of Grafana · in braces too · are filled, and the $ of an expression and of a group are left", () => {
    expect(fillVariables(`a{b=~"c$"}[$\{__range}:$__interval]`, 10, 5, minutes(15))).to.equal(
      'a{b=~"c$"}[900s:10s]',
    );
    expect(fillVariables('label_replace(a, "b", "$1", "c", "(.*)")', 5, 5, minutes(15))).to.include("$1");
  });

  it("a variable that nobody knows · is an error that names it", () => {
    expect(() => fillVariables('up{job="$job"}', 5, 5, minutes(15))).to.throw(/\$job/);
  });
});
