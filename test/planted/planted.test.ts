import { expect } from "chai";
import { PLANTED_BUGS } from "./bugs.ts";
import { findFault } from "./checks.ts";

/** The others are in test/long. */
const QUICK = ["a release of whatever state", "a paid seat that stays", "no lock on the fan"];

describe("planted bugs", () => {
  for (const redlock of [true, false]) {
    it(`checks · no bug is planted, ${redlock ? "with" : "without"} Redlock · find nothing`, async () => {
      expect(await findFault({ redlock })).to.equal(null);
    });
  }

  for (const { name, options } of PLANTED_BUGS.filter((bug) =>
    QUICK.some((begin) => bug.name.startsWith(begin)),
  )) {
    it(`checks · ${name} · is found`, async () => {
      expect(await findFault(options)).to.be.a("string");
    });
  }
});
