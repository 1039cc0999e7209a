/** H4: fans who ask for their place over HTTP, against Express that only counts. */
import type { Bench, BenchContext, Row } from "../frame/bench.ts";
import { measureStreams } from "../frame/http-row.ts";
import { openCounter } from "../house/counter.ts";
import { openHouse } from "../house/index.ts";
import { joinPlans } from "../house/joins.ts";
import { sendAll } from "../house/send-all.ts";
import { encodeRequests } from "../load/requests.ts";

const FANS = 10_000;

export const H4: Bench = { id: "H4", name: "poll", run };

async function run(context: BenchContext): Promise<Row[]> {
  const house = await openHouse(context);
  const gateway = await house.startGateway();
  await house.startWorker();
  const { queueId } = await house.show(gateway);
  const [first, ...fans] = await house.fans(FANS + 1);
  if (!first) throw new Error("no fans");
  await sendAll(context, gateway, joinPlans(queueId, [first]), 201);
  await sendAll(context, gateway, joinPlans(queueId, fans), 201);
  const path = `/api/v1/queues/${queueId}/tickets/me`;
  const requests = encodeRequests(fans.map(({ token }) => ({ method: "GET", path, token })));
  const counter = await openCounter(context, house.redisUrl);
  return [
    await measureStreams(context, {
      id: "H4",
      what: "place polled, 10,000 fans in turn ÷ bare Express POST with one INCR",
      goal: { kind: "at least", value: 2 },
      ours: {
        server: gateway.child,
        expected: 200,
        plan: async () => ({ port: gateway.port, requests, repeat: true }),
      },
      baseline: { server: counter.child, expected: 201, plan: async () => counter.plan },
    }),
  ];
}
