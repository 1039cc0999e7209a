/** The matrix: every planted bug against the checks of the suite. What found it is printed beside it. */
import { expect } from "chai";
import { PLANTED_BUGS } from "../planted/bugs.ts";
import { findFault } from "../planted/checks.ts";

describe("planted bugs, all of them", () => {
  for (const { name, options } of PLANTED_BUGS) {
    it(`checks · ${name} · is found`, async () => {
      const found = await findFault(options);
      expect(found, "nothing noticed it").to.be.a("string");
      process.stdout.write(`        found by: ${found?.split("\n", 1)[0]?.slice(0, 150)}\n`);
    });
  }
});
