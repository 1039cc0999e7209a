/** H3: what everybody reads, answered from memory, against Express with one Redis GET of the same bytes. */
import { Redis } from "ioredis";
import type { Bench, BenchContext, Row } from "../frame/bench.ts";
import { measureStreams } from "../frame/http-row.ts";
import { openHouse } from "../house/index.ts";
import { encodeRequests } from "../load/requests.ts";

const GOAL = { kind: "at least", value: 2.5 } as const;
/** The hall of the demonstration has 1,200 seats. */
const ROWS = 24;

export const H3: Bench = { id: "H3", name: "reads", run };

async function run(context: BenchContext): Promise<Row[]> {
  const house = await openHouse(context);
  const gateway = await house.startGateway();
  await house.startWorker();
  const { queueId, performanceId } = await house.show(gateway, { rows: ROWS });
  const bare = await context.start("bare-express");
  const barePort = await bare.ask<number>("start", { redisUrl: house.redisUrl, native: false });
  const redis = new Redis(house.redisUrl);
  context.defer("redis client", () => redis.disconnect());
  const rows: Row[] = [];
  for (const [name, path] of [
    ["queue status", `/queues/${queueId}`],
    ["availability of 1,200 seats", `/performances/${performanceId}/availability`],
  ] as const) {
    await redis.set(path, JSON.stringify(await gateway.call("GET", path)));
    const side = (server: typeof bare, port: number, at: string) => ({
      server,
      expected: 200,
      plan: async () => ({ port, requests: encodeRequests([{ method: "GET", path: at }]), repeat: true }),
    });
    rows.push(
      await measureStreams(context, {
        id: "H3",
        what: `${name} ÷ bare Express GET with one Redis GET`,
        goal: GOAL,
        ours: side(gateway.child, gateway.port, `/api/v1${path}`),
        baseline: side(bare, barePort, `/value/${encodeURIComponent(path)}`),
      }),
    );
  }
  return rows;
}
