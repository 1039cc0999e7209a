import { expect } from "chai";
import { tellStory } from "../queue/simulation/story.ts";
import { openHouse, type QueueHouse } from "../queue/support.ts";

/** TEST_FIRST_SEED and TEST_SEED_COUNT tell the same stories again. */
const FIRST = Number(process.env.TEST_FIRST_SEED ?? Math.floor(Math.random() * 1_000_000_000));
const COUNT = Number(process.env.TEST_SEED_COUNT ?? 60);

describe("simulation, many times", () => {
  let house: QueueHouse;
  before(async () => {
    house = await openHouse();
  });
  after(() => house.close());

  it(`${COUNT} on-sales · from seed ${FIRST} · keep every promise`, async () => {
    for (let seed = FIRST; seed < FIRST + COUNT; seed += 1) {
      const { violations, ...end } = await tellStory(house, { seed, fans: 400, ticks: 400 });
      expect(violations, `seed ${seed}, ${JSON.stringify(end)}`).to.deep.equal([]);
    }
  });

  it(`5,000 fans · seed ${FIRST} · keeps every promise`, async () => {
    const { violations, ...end } = await tellStory(house, {
      seed: FIRST,
      fans: 5_000,
      ticks: 1_500,
      bustle: 8,
    });
    expect(violations, `seed ${FIRST}, ${JSON.stringify(end)}`).to.deep.equal([]);
  });
});
