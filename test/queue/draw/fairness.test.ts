/** Has everybody the same chance? Over many draws with fixed seeds, so that the answer is always the same. */
import { createHash } from "node:crypto";
import { expect } from "chai";
import { drawOrder } from "../../../src/queue/draw/order.ts";
import { createRandom } from "../simulation/random.ts";

const digest = (text: string) => createHash("sha256").update(text).digest();
const random = createRandom(11);
const arrivals = (count: number) => Array.from({ length: count }, () => random.uuid());

type Draw = (ticketIds: readonly string[], seed: number) => Promise<readonly string[]>;
const ours: Draw = (ticketIds, seed) =>
  drawOrder({ seed: digest(`seed ${seed}`), root: digest("root"), beacon: null }, ticketIds);
/** Early birds are put into the first half more often than not. */
const biased: Draw = async (ticketIds, seed) => {
  const order = await ours(ticketIds, seed);
  if (seed % 10 > 0) return order;
  const early = new Set(ticketIds.slice(0, ticketIds.length / 2));
  return [...order].sort((a, b) => Number(early.has(b)) - Number(early.has(a)));
};

/** Pearson's statistic of "which ticket at which place" against all being equally likely. */
async function chiSquare(draw: Draw, size: number, draws: number): Promise<number> {
  const tickets = arrivals(size);
  const counts = new Map<string, number[]>(tickets.map((ticket) => [ticket, new Array(size).fill(0)]));
  for (let seed = 0; seed < draws; seed += 1) {
    for (const [place, ticket] of (await draw(tickets, seed)).entries()) {
      const row = counts.get(ticket) as number[];
      row[place] = (row[place] as number) + 1;
    }
  }
  const expected = draws / size;
  return [...counts.values()].flat().reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** Spearman's rank correlation of arrival and place. */
async function correlation(draw: Draw, tickets: readonly string[], seed: number): Promise<number> {
  const arrival = new Map(tickets.map((ticket, index) => [ticket, index]));
  const size = tickets.length;
  const squares = (await draw(tickets, seed)).reduce(
    (sum, ticket, place) => sum + (place - (arrival.get(ticket) as number)) ** 2,
    0,
  );
  return 1 - (6 * squares) / (size * (size * size - 1));
}

async function meanCorrelation(draw: Draw, size: number, draws: number): Promise<number> {
  const tickets = arrivals(size);
  let sum = 0;
  for (let seed = 0; seed < draws; seed += 1) sum += await correlation(draw, tickets, seed);
  return sum / draws;
}

describe("the chances in a draw", function () {
  this.timeout(20_000);

  // 12 tickets at 12 places: 121 degrees of freedom, mean 121, standard deviation 15.6.
  const UNLIKELY = 121 + 4 * 15.6;

  it("places · over 2,000 draws · are uniform by chi-square", async () => {
    expect(await chiSquare(ours, 12, 2_000))
      .to.be.below(UNLIKELY)
      .and.above(121 - 4 * 15.6);
  });

  it("places · of a draw that favours the early in one of ten · are not", async () => {
    expect(await chiSquare(biased, 12, 2_000)).to.be.above(UNLIKELY);
  });

  // The mean of 200 correlations over 150 tickets has the standard deviation 1/√(149 × 200) = 0.0058.
  it("arrival and place · over 200 draws · are not correlated", async () => {
    expect(await meanCorrelation(ours, 150, 200)).to.be.closeTo(0, 4 * 0.0058);
  });

  it("arrival and place · of a draw that favours the early in one of ten · are", async () => {
    expect(await meanCorrelation(biased, 150, 200)).to.be.above(4 * 0.0058);
  });
});
