import { crossHolds } from "../reservations/crossed-holds.ts";
import { openWorld, type World } from "../reservations/world.ts";

describe("holds in the opposite order, often", () => {
  let world: World;
  before(async () => {
    world = await openWorld({ redlock: false });
  });
  after(() => world.close());

  it("F16 · hold · A,B against B,A, 1,000 times · one of them each time, no deadlock", async () => {
    await crossHolds(world, 1_000);
    await world.expectInvariants();
  });
});
