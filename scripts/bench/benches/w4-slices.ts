/** W4: how long a tick to 10,000 sockets keeps everything else waiting, sliced and in one go. */
import type { Bench, BenchContext, Row } from "../frame/bench.ts";
import { alternate, quantile } from "../frame/rounds.ts";
import { framesArrived, openCrowd } from "../house/crowd.ts";

const SOCKETS = 10_000;

export const W4: Bench = { id: "W4", name: "slices", run };

async function run(context: BenchContext): Promise<Row[]> {
  const server = await context.start("broadcast");
  const port = await server.ask<number>("start", SOCKETS);
  const paths = Array.from({ length: SOCKETS }, (_, index) => `/fans/${index}`);
  const { crowd } = await openCrowd(context, { port, paths, tokens: null, until: "place" });
  let frames = await context.load.ask<number>("frames of", crowd);

  /** The 99th percentile of the event loop's turns while positions go out. */
  const side = (how: string) => async () => {
    const until = performance.now() + context.seconds * 1_000;
    const turns: number[] = [];
    while (performance.now() < until) {
      turns.push(...(await server.ask<number[]>("turns to tell", how)));
      frames += SOCKETS;
      await framesArrived(context, crowd, frames);
    }
    return quantile(turns, 0.99);
  };
  const measured = await alternate(context.rounds, { ours: side("sliced"), baseline: side("unsliced") });
  return [
    {
      id: "W4",
      what: "event-loop delay p99 while 10,000 sockets hear of a tick, sliced ÷ unsliced",
      unit: "ms",
      ...measured,
      goal: { kind: "at most", value: 0.25 },
      notes: [],
    },
  ];
}
