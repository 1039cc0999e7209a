/** Two fans want the same two seats, named in the opposite order, again and again. */
import { expect } from "chai";
import { type Fan, tally, type World } from "./world.ts";

const AT_ONCE = 5;

/** @param rounds a multiple of 5. */
export async function crossHolds(world: World, rounds: number): Promise<void> {
  const deadlocks = watchDeadlocks(world);
  const hall = await world.makeHall({ rows: rounds / AT_ONCE, seatsPerRow: 2 * AT_ONCE });
  const fans = await world.makeFans(2 * rounds);
  const cross = async (round: number) => {
    const [a, b] = [2 * round, 2 * round + 1];
    const answers = await Promise.all([
      world.hold(fans[a] as Fan, hall, [a, b]),
      world.hold(fans[b] as Fan, hall, [b, a]),
    ]);
    expect(tally(answers)).to.deep.equal({ "201": 1, "409 SEAT_TAKEN": 1 });
  };
  for (let round = 0; round < rounds; round += AT_ONCE)
    await Promise.all(Array.from({ length: AT_ONCE }, (_, lane) => cross(round + lane)));
  expect(deadlocks()).to.equal(0);
}

/** Also those that a second try made up for. @returns how many there were since the call. */
export function watchDeadlocks({ db }: World): () => number {
  let seen = 0;
  db.on("query-error", ({ code }: { code?: string }) => {
    if (code === "40P01") seen += 1;
  });
  return () => seen;
}
