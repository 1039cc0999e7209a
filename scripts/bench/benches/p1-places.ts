/** P1: what 10,000 places cost after a tick, from memory and asked of Redis. */
import type { Bench, BenchContext, Row } from "../frame/bench.ts";
import { alternate, median } from "../frame/rounds.ts";

const FANS = 10_000;
const WAITING = 100_000;

export const P1: Bench = { id: "P1", name: "places", run };

async function run(context: BenchContext): Promise<Row[]> {
  const lab = await context.start("line-lab");
  await lab.ask("open places", await context.stores.redis(), FANS, WAITING);
  const side = (question: string) => async () => {
    const took: number[] = [];
    const until = performance.now() + context.seconds * 1_000;
    while (performance.now() < until) took.push(await lab.ask<number>(question));
    return median(took);
  };
  const measured = await alternate(context.rounds, { ours: side("places ms"), baseline: side("ranks ms") });
  return [
    {
      id: "P1",
      what: "10,000 places after a tick, of 100,000 waiting ÷ 10,000 pipelined ZRANK",
      unit: "ms",
      ...measured,
      goal: { kind: "at most", value: 0.05 },
      notes: [],
    },
  ];
}
