/** R2: 500 fans and one seat. What does losing cost? */
import type { Bench, BenchContext, Row } from "../frame/bench.ts";
import { alternate, quantile } from "../frame/rounds.ts";
import { openCounter } from "../house/counter.ts";
import { hotSeats } from "../house/hot-seat.ts";
import { type Gateway, openHouse } from "../house/index.ts";
import { openInside } from "../house/insiders.ts";
import type { LoadResult } from "../load/http.ts";
import { encodeRequests } from "../load/requests.ts";

const FANS = 500;
/** A volley takes about a quarter of a second. */
const VOLLEYS_A_SECOND = 3;
const P95 = 0.95;

export const R2: Bench = { id: "R2", name: "hot-seat", run };

async function run(context: BenchContext): Promise<Row[]> {
  const house = await openHouse(context, { FASTPASS_LIMITS: "off" });
  const gateway = await house.startGateway();
  const plain = await house.startGateway({ lock: "plain" });
  await house.startWorker();
  const counter = await openCounter(context, house.redisUrl);
  const volleys = Math.max(3, Math.round(context.seconds * VOLLEYS_A_SECOND));
  const show = await openInside(context, house, gateway, FANS, { rows: 40, seatsPerRow: 50 });
  let seat = 0;

  const losing = (at: Gateway) => async () => {
    const seats = Array.from({ length: volleys }, () => {
      seat += 1;
      return seat % show.seatIds.length;
    });
    return quantile((await hotSeats(context, at, show, seats)).losers, P95);
  };
  async function counting(): Promise<number> {
    const plans = Array.from(
      { length: FANS * volleys },
      () => ({ method: "POST", path: "/count", body: {} }) as const,
    );
    const requests = encodeRequests(plans);
    const { latencies } = await context.load.ask<LoadResult>("volleys", {
      port: counter.port,
      connections: FANS,
      requests,
    });
    return quantile(latencies["201"] ?? [], P95);
  }

  const what = "500 clients on one seat: losers' p95";
  const notes = ["every seat had exactly one winner"];
  const bare = await alternate(context.rounds, { ours: losing(gateway), baseline: counting });
  const setNx = await alternate(context.rounds, { ours: losing(gateway), baseline: losing(plain) });
  return [
    {
      id: "R2",
      what: `${what} ÷ p95 of a bare Express POST with one INCR`,
      unit: "ms",
      ...bare,
      goal: { kind: "at most", value: 3 },
      notes,
    },
    {
      id: "R2",
      what: `${what} ÷ with one SET NX in place of Redlock`,
      unit: "ms",
      ...setNx,
      goal: { kind: "at most", value: 1.5 },
      notes,
    },
  ];
}
