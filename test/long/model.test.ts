import { expect } from "chai";
import { playHistories } from "../model/play.ts";
import { PLANTED_BUGS } from "../planted/bugs.ts";

/** Those that one request after the other can show; the rest need a race. */
const SHOWN_IN_TURN = [
  "a takeover that frees one seat",
  "a change that forgets to ask",
  "a paid seat that stays held",
  "a payment that begins after",
  "an idempotency key that is forgotten",
  "a release of whatever state",
];

describe("model, long", () => {
  it("100 random histories of up to 80 steps · played on the rooms and on the model · agree after every step", () =>
    playHistories({ runs: 100, longest: 80 }));

  for (const { name, options } of PLANTED_BUGS.filter((bug) =>
    SHOWN_IN_TURN.some((one) => bug.name.startsWith(one)),
  )) {
    it(`random histories · ${name} is planted · some history shows it`, async () => {
      const shown = await playHistories({ runs: 40, longest: 60, planted: options }).catch((fault) => fault);
      expect(shown).to.be.an("error");
    });
  }
});
