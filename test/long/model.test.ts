import { expect } from "chai";
import { playHistories } from "../model/play.ts";
import { PLANTED_BUGS } from "../planted/bugs.ts";

/** Those that the histories can show: one request after the other, or two at once. */
const SHOWN = [
  "a takeover that frees one seat",
  "a change that forgets to ask",
  "a paid seat that stays held",
  "a payment that begins after",
  "an idempotency key that is forgotten",
  "a release of whatever state",
  "a group that gives what it could not have",
  "a group that does not count what a fan has",
];

describe("model, long", () => {
  it("100 random histories of up to 80 steps · played on the rooms and on the model · agree after every step", () =>
    playHistories({ runs: 100, longest: 80 }));

  for (const { name, options } of PLANTED_BUGS.filter((bug) =>
    SHOWN.some((one) => bug.name.startsWith(one)),
  )) {
    it(`random histories · ${name} is planted · some history shows it`, async () => {
      const shown = await playHistories({ runs: 80, longest: 60, planted: options }).catch((fault) => fault);
      expect(shown).to.be.an("error");
    });
  }
});
