/** T1: does a long line make a tick slower? */
import { Redis } from "ioredis";
import type { Bench, BenchContext, Row } from "../frame/bench.ts";
import { alternate } from "../frame/rounds.ts";
import { openHouse } from "../house/index.ts";
import { openLine } from "../house/open-line.ts";

const LONG = 1_000_000;
const SHORT = 1_000;

export const T1: Bench = { id: "T1", name: "tick", run };

async function run(context: BenchContext): Promise<Row[]> {
  const house = await openHouse(context);
  const gateway = await house.startGateway();
  const lab = await context.start("line-lab");
  const redis = new Redis(house.redisUrl);
  context.defer("redis client", () => redis.disconnect());
  const pair = await house.fans(2);
  const settings = { maxActive: 100, ratePerMinute: 60_000 };
  const open = async (waiting: number) => ({
    redisUrl: house.redisUrl,
    mould: await openLine(context, house, gateway, redis, pair, waiting, settings),
    seconds: context.seconds,
  });

  const [long, short] = [await open(LONG), await open(SHORT)];
  const measured = await alternate(context.rounds, {
    ours: () => lab.ask<number>("tick ms", long),
    baseline: () => lab.ask<number>("tick ms", short),
  });
  return [
    {
      id: "T1",
      what: "a tick that admits 100 with 1,000,000 waiting ÷ with 1,000",
      unit: "ms",
      ...measured,
      goal: { kind: "at most", value: 1.2 },
      notes: [],
    },
  ];
}
