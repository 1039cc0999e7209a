import { expect } from "chai";
import { format, formatTick, isUnit, type Unit } from "../../../scripts/boards/units.ts";

describe("boards · units", () => {
  const written: readonly [value: number, unit: Unit, text: string][] = [
    [0, "short", "0"],
    [1_500, "short", "1.50 K"],
    [12, "short", "12"],
    [0.1333, "reqps", "0.133 req/s"],
    [2_345, "ops", "2.35K ops/s"],
    [0.123456, "percentunit", "12.3%"],
    [0.07, "percentunit", "7%"],
    [0, "s", "0 s"],
    [0.0123, "s", "12.3 ms"],
    [0.000_25, "s", "250 µs"],
    [90, "s", "1.50 min"],
    [201_326_592, "bytes", "192 MiB"],
    [-1_500, "short", "-1.50 K"],
  ];
  for (const [value, unit, text] of written)
    it(`${value} · as ${unit} · is ${text}`, () => expect(format(value, unit)).to.equal(text));

  it("a mark of an axis · loses the zeros after the point, and those only", () => {
    expect(formatTick(1_500, "short")).to.equal("1.5 K");
    expect(formatTick(100, "reqps")).to.equal("100 req/s");
    expect(formatTick(0.1, "s")).to.equal("100 ms");
  });

  it("a unit that no board has · is not known", () => expect(isUnit("currencyUSD")).to.equal(false));
});
