/** J1: 2,000 holds end at one instant. How late are their seats free, against jobs that do nothing? */
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Bench, BenchContext, Row } from "../frame/bench.ts";
import { alternate, quantile } from "../frame/rounds.ts";
import { openHouse } from "../house/index.ts";

const HOLDS = 2_000;
const SEATS_A_FAN = 20;
const SEATS_A_ROW = 100;
/** Time to put all jobs in the queue before they are due. */
const END_IN_MS = 4_000;
/** As the worker for holds has it. */
const CONCURRENCY = 8;
const PATIENCE_MS = 60_000;
const P99 = 0.99;

export const J1: Bench = { id: "J1", name: "release", run };

async function run(context: BenchContext): Promise<Row[]> {
  const house = await openHouse(context);
  const gateway = await house.startGateway();
  await house.startWorker();
  const maker = await context.start("hold-maker", { environment: house.environment });
  const bare = await context.start("bare-jobs");
  await bare.ask("start", { redisUrl: house.redisUrl, concurrency: CONCURRENCY });
  const userIds = (await house.fans(HOLDS / SEATS_A_FAN)).map(({ userId }) => userId);
  const client = new pg.Client({ connectionString: house.databaseUrl });
  await client.connect();
  context.defer("database client", () => client.end());

  async function releaseP99(): Promise<number> {
    const { performanceId } = await house.show(gateway, {
      rows: HOLDS / SEATS_A_ROW,
      seatsPerRow: SEATS_A_ROW,
    });
    const ordinals = Array.from({ length: HOLDS }, (_, ordinal) => ordinal);
    const order = { performanceId, userIds, ordinals, endInMs: END_IN_MS };
    const made = await maker.ask<number>("hold and end together", order);
    if (made !== HOLDS) throw new Error(`${made} holds were made`);
    return quantile(await lagsOf(client, performanceId), P99);
  }
  async function bareP99(): Promise<number> {
    return quantile(await bare.ask<number[]>("run at one instant", { count: HOLDS, inMs: END_IN_MS }), P99);
  }

  const measured = await alternate(context.rounds, { ours: releaseP99, baseline: bareP99 });
  return [
    {
      id: "J1",
      what: "2,000 holds over at one instant: p99 release lag ÷ p99 lateness of a bare BullMQ worker's jobs",
      unit: "ms",
      ...measured,
      goal: { kind: "at most", value: 2 },
      notes: [],
    },
  ];
}

/** Milliseconds from the deadline to the release, once all are released. */
async function lagsOf(client: pg.Client, performanceId: string): Promise<number[]> {
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    const { rows } = await client.query<{ lag: number }>(
      `SELECT extract(epoch FROM h.at - r.expires_at)::float8 * 1000 AS lag
       FROM reservations r JOIN reservation_history h ON h.reservation_id = r.id AND h.to_status = 'EXPIRED'
       WHERE r.performance_id = $1`,
      [performanceId],
    );
    if (rows.length === HOLDS) return rows.map(({ lag }) => lag);
    await sleep(200);
  }
  throw new Error("not all holds were released");
}
