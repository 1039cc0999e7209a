/** H5: does a long line make joining slower? */
import { Redis } from "ioredis";
import type { Bench, BenchContext, Row } from "../frame/bench.ts";
import { measureStreams } from "../frame/http-row.ts";
import { openHouse } from "../house/index.ts";
import { joinPlans } from "../house/joins.ts";
import { openLine } from "../house/open-line.ts";
import { encodeRequests } from "../load/requests.ts";

const LONG = 1_000_000;
const SHORT = 1_000;
const JOINS_A_SECOND = 10_000;

export const H5: Bench = { id: "H5", name: "long-line", run };

async function run(context: BenchContext): Promise<Row[]> {
  const house = await openHouse(context);
  const gateway = await house.startGateway();
  const perRound = Math.ceil(context.seconds * JOINS_A_SECOND);
  const [first, second, ...fans] = await house.fans(perRound * (context.rounds + 1) + 2);
  const pair = [first, second].filter((fan) => fan !== undefined);
  const redis = new Redis(house.redisUrl);
  context.defer("redis client", () => redis.disconnect());
  const open = async (waiting: number) =>
    (await openLine(context, house, gateway, redis, pair, waiting)).queueId;

  const long = await open(LONG);
  const side = (queue: () => Promise<string>) => {
    let round = 0;
    return {
      server: gateway.child,
      expected: 201,
      plan: async () => {
        const part = fans.slice(round * perRound, (round + 1) * perRound);
        round += 1;
        return {
          port: gateway.port,
          requests: encodeRequests(joinPlans(await queue(), part)),
          repeat: false,
        };
      },
    };
  };
  return [
    await measureStreams(context, {
      id: "H5",
      what: "join with 1,000,000 waiting ÷ with 1,000",
      goal: { kind: "at least", value: 0.9 },
      ours: side(async () => long),
      // A fresh one each round, or it would not stay short.
      baseline: side(() => open(SHORT)),
    }),
  ];
}
