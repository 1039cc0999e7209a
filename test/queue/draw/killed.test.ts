import { openHouse, type QueueHouse } from "../support.ts";
import { drawWithKills } from "./killed.ts";

describe("a draw whose worker is killed", function () {
  this.timeout(60_000);

  let house: QueueHouse;
  before(async () => {
    house = await openHouse();
  });
  after(() => house.close());

  // list, public value, order, the first of two batches, then: test/long kills before every step.
  it("SIGKILL with half of the places filled · another worker finishes the same draw", async () => {
    await drawWithKills(house, 1_200, [4]);
  });
});
