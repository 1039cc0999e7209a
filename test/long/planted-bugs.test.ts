import { expect } from "chai";
import { PLANTED_BUGS } from "../queue/simulation/planted.ts";
import { tellStory } from "../queue/simulation/story.ts";
import { openHouse, type QueueHouse } from "../queue/support.ts";

const MOST_SEEDS = 12;

describe("planted bugs", () => {
  let house: QueueHouse;
  before(async () => {
    house = await openHouse();
  });
  after(() => house.close());

  for (const { name, rule, scripts } of PLANTED_BUGS) {
    it(`simulation · ${name} · is found by ${rule}`, async () => {
      for (let seed = 1; seed <= MOST_SEEDS; seed += 1) {
        const { violations } = await tellStory(house, { seed, fans: 400, ticks: 400, scripts });
        if (violations.some((violation) => violation.rule === rule)) return;
      }
      expect.fail(`${MOST_SEEDS} stories went by without a violation of ${rule}`);
    });
  }
});
