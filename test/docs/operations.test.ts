/** The metrics that operators are told to watch are there. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { createMetrics } from "../../src/platform/metrics.ts";

const TEXT = readFileSync(path.resolve(import.meta.dirname, "../../docs/operations.md"), "utf8");

describe("docs/operations.md", () => {
  it("metrics · named in the text · are declared, with those labels", async () => {
    const declared = new Map(
      (await createMetrics().registry.getMetricsAsArray()).map((metric) => [
        metric.name,
        (metric as unknown as { labelNames: readonly string[] }).labelNames,
      ]),
    );
    const named = [...TEXT.matchAll(/`((?:fastpass|http)_[a-z_]+)(?:\{([^}]*)\})?`/g)];
    expect(named).not.to.be.empty;
    for (const [text, name = "", labels = ""] of named) {
      expect([...declared.keys()], text).to.include(name);
      const labelNames = labels
        .split(",")
        .flatMap((label) => label.split("=", 1))
        .filter(Boolean);
      expect(declared.get(name), text).to.include.members(labelNames);
    }
  });
});
