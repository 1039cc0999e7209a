/** H1, H2: joining the line, against Express that only counts. */
import type { Bench, BenchContext } from "../frame/bench.ts";
import { measureStreams } from "../frame/http-row.ts";
import { openCounter } from "../house/counter.ts";
import { openHouse } from "../house/index.ts";
import { joins } from "../house/joins.ts";

export const H1: Bench = { id: "H1", name: "join", run: (context) => run(context, false) };
export const H2: Bench = { id: "H2", name: "join-native", run: (context) => run(context, true) };

const FANS = 20_000;

async function run(context: BenchContext, native: boolean) {
  const house = await openHouse(context);
  const gateway = await house.startGateway();
  const fans = await house.fans(FANS);
  const counter = await openCounter(context, house.redisUrl, native);
  return [
    await measureStreams(context, {
      id: native ? "H2" : "H1",
      what: native ? "join ÷ bare Express with native prototypes" : "join ÷ bare Express POST with one INCR",
      goal: { kind: "at least", value: native ? 0.6 : 1.3 },
      ours: {
        server: gateway.child,
        expected: 201,
        plan: async () => ({ port: gateway.port, ...(await joins(house, gateway, fans, context.seconds)) }),
      },
      baseline: { server: counter.child, expected: 201, plan: async () => counter.plan },
    }),
  ];
}
