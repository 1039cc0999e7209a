/** R3: what each kind of lock costs those who win a hot seat and those who lose it. Published, without a goal. */
import pg from "pg";
import type { Bench, BenchContext, Row } from "../frame/bench.ts";
import { median, quantile } from "../frame/rounds.ts";
import { hotSeats } from "../house/hot-seat.ts";
import { openHouse } from "../house/index.ts";
import { openInside } from "../house/insiders.ts";

const FANS = 200;
const VOLLEYS_A_SECOND = 4;
const P95 = 0.95;

export const R3: Bench = { id: "R3", name: "locks", run };

async function run(context: BenchContext): Promise<Row[]> {
  const house = await openHouse(context, { FASTPASS_LIMITS: "off" });
  const masters = [await context.stores.redis(), await context.stores.redis(), await context.stores.redis()];
  const door = await house.startGateway();
  await house.startWorker();
  const locks = {
    "no lock": await house.startGateway({ environment: { FASTPASS_REDLOCK: "off" } }),
    "one SET NX": await house.startGateway({ lock: "plain" }),
    "Redlock on 1 master": await house.startGateway({ environment: { FASTPASS_REDLOCK_URLS: masters[0] } }),
    "Redlock on 3 masters": await house.startGateway({
      environment: { FASTPASS_REDLOCK_URLS: masters.join(",") },
    }),
  };
  const volleys = Math.max(3, Math.round(context.seconds * VOLLEYS_A_SECOND));
  const show = await openInside(context, house, door, FANS, { rows: 80, seatsPerRow: 50 });
  let seat = 0;
  const figures = new Map(
    Object.keys(locks).map((name) => [name, { winners: [], losers: [], attempts: [] } as Figures]),
  );

  for (let round = 0; round <= context.rounds; round += 1) {
    for (const [name, gateway] of Object.entries(locks)) {
      const seats = Array.from({ length: volleys }, () => {
        seat += 1;
        return seat % show.seatIds.length;
      });
      const { winners, losers, perSecond } = await hotSeats(context, gateway, show, seats);
      if (round === 0) continue; // the first is for warming up
      const found = figures.get(name);
      found?.winners.push(median([...winners]));
      found?.losers.push(quantile(losers, P95));
      found?.attempts.push(perSecond);
    }
  }
  const soldTwice = await countSoldTwice(house.databaseUrl);
  return rowsOf(figures, `seats sold twice: ${soldTwice}`);
}

interface Figures {
  readonly winners: number[];
  readonly losers: number[];
  readonly attempts: number[];
}

function rowsOf(figures: ReadonlyMap<string, Figures>, note: string): Row[] {
  const none = figures.get("no lock") as Figures;
  const measures = [
    ["winners' median", "winners", "ms"],
    ["losers' p95", "losers", "ms"],
    ["attempts", "attempts", "attempts/s"],
  ] as const;
  return measures.flatMap(([what, measure, unit]) =>
    [...figures]
      .filter(([name]) => name !== "no lock")
      .map(([name, found]) => ({
        id: "R3",
        what: `200 clients on one seat, ${name}: ${what} ÷ without a lock`,
        unit,
        ours: found[measure],
        baseline: none[measure],
        goal: null,
        notes: [note],
      })),
  );
}

async function countSoldTwice(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query(`
      SELECT count(*)::int AS twice FROM (
        SELECT 1 FROM reservation_seats WHERE released_at IS NULL GROUP BY performance_id, ordinal HAVING count(*) > 1
      ) AS seats`);
    return rows[0].twice;
  } finally {
    await client.end();
  }
}
