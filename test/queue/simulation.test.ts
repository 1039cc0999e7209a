import { expect } from "chai";
import { tellStory } from "./simulation/story.ts";
import { openHouse, type QueueHouse } from "./support.ts";

/** FASTPASS_SEEDS would be refused as an unknown setting; this one is the tests' own. */
const SEEDS = (process.env.TEST_SEEDS ?? "1,2,3").split(",").map(Number);

describe("simulation", () => {
  let house: QueueHouse;
  before(async () => {
    house = await openHouse();
  });
  after(() => house.close());

  for (const seed of SEEDS) {
    it(`an on-sale with every disaster · seed ${seed} · keeps every promise`, async () => {
      const { violations, ...end } = await tellStory(house, { seed, fans: 400, ticks: 400 });
      expect(violations, `seed ${seed}, ${JSON.stringify(end)}`).to.deep.equal([]);
      expect(end.admitted).to.be.above(20);
    }).timeout(60_000);
  }
});
