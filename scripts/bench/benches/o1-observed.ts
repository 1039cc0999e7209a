/** O1: what metrics and the request log cost a join. */
import path from "node:path";
import type { Bench, BenchContext, Row } from "../frame/bench.ts";
import { measureStreams } from "../frame/http-row.ts";
import { openHouse } from "../house/index.ts";
import { joins } from "../house/joins.ts";

const FANS = 20_000;

export const O1: Bench = { id: "O1", name: "observed", run };

async function run(context: BenchContext): Promise<Row[]> {
  const house = await openHouse(context);
  const observed = await house.startGateway({
    environment: { LOG_LEVEL: "info" },
    outputFile: path.join(context.stores.place, "gateway.log"),
  });
  const silent = await house.startGateway({ environment: { LOG_LEVEL: "silent" }, metrics: false });
  const fans = await house.fans(FANS);
  const side = (gateway: typeof observed) => ({
    server: gateway.child,
    expected: 201,
    plan: async () => ({ port: gateway.port, ...(await joins(house, gateway, fans, context.seconds)) }),
  });
  return [
    await measureStreams(context, {
      id: "O1",
      what: "join with metrics and request log ÷ without",
      goal: { kind: "at least", value: 0.9 },
      ours: side(observed),
      baseline: side(silent),
    }),
  ];
}
