import { expect } from "chai";
import { contrast, lookStyle } from "../../src/presentation/index.ts";

const PAGES = { light: "#f7f6f3", dark: "#141311" };

describe("look", () => {
  it("contrast · of the colours WCAG names · as published", () => {
    expect(contrast("#000000", "#ffffff")).to.be.closeTo(21, 1e-9);
    expect(contrast("#767676", "#ffffff")).to.be.closeTo(4.54, 0.005);
  });

  it("any accent · in either theme · stands out from the page, and its ink from it", () => {
    for (const accent of [
      "#000000",
      "#ffffff",
      "#f7f6f3",
      "#141311",
      "#777777",
      "#ffff00",
      "#0000ff",
      "#aa1155",
    ]) {
      const pairs = [...lookStyle(accent).matchAll(/--accent:(#\w{6});--on-accent:(#\w{6})/g)];
      expect(pairs).to.have.lengthOf(2);
      for (const [index, page] of [PAGES.light, PAGES.dark].entries()) {
        const [, shown = "", ink = ""] = pairs[index] as unknown as string[];
        expect(contrast(shown, page), `${accent} as ${shown} on ${page}`).to.be.at.least(3);
        expect(contrast(shown, ink), `${ink} on ${shown}`).to.be.at.least(4.5);
      }
    }
  });
});
