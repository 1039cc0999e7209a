import { drawWithKills } from "../queue/draw/killed.ts";
import { openHouse, type QueueHouse } from "../queue/support.ts";

describe("draws whose workers are killed", function () {
  this.timeout(120_000);

  let house: QueueHouse;
  before(async () => {
    house = await openHouse();
  });
  after(() => house.close());

  const FANS = 2_500;
  // list, public value, order, three batches, the seed and the end.
  const STEPS = 7;

  for (let step = 0; step < STEPS; step += 1)
    it(`SIGKILL before step ${step} · another worker finishes the same draw`, async () => {
      await drawWithKills(house, FANS, [step]);
    });

  it("SIGKILL of one worker after the other · the last one finishes the same draw", async () => {
    // Each makes at least the step before which the last one died; what is placed already is placed again in vain.
    await drawWithKills(house, FANS, [0, 1, 1, 1, 2, 3]);
  });
});
