/** W1: telling everybody their place, against writing one ready-made buffer to every socket. */
import type { Bench, BenchContext, Row } from "../frame/bench.ts";
import { alternate } from "../frame/rounds.ts";
import { framesArrived, openCrowd } from "../house/crowd.ts";

const SOCKETS = 5_000;

export const W1: Bench = { id: "W1", name: "broadcast", run };

async function run(context: BenchContext): Promise<Row[]> {
  const server = await context.start("broadcast");
  const port = await server.ask<number>("start", SOCKETS);
  const paths = Array.from({ length: SOCKETS }, (_, index) => `/fans/${index}`);
  const { crowd } = await openCrowd(context, { port, paths, tokens: null, until: "place" });
  let frames = await context.load.ask<number>("frames of", crowd);

  /** Messages a second of the server's time; the next broadcast begins when the last has arrived everywhere. */
  const side = (question: string) => async () => {
    const until = performance.now() + context.seconds * 1_000;
    let milliseconds = 0;
    let messages = 0;
    while (performance.now() < until) {
      milliseconds += await server.ask<number>(question);
      messages += SOCKETS;
      frames += SOCKETS;
      await framesArrived(context, crowd, frames);
    }
    return (messages / milliseconds) * 1_000;
  };
  const measured = await alternate(context.rounds, {
    ours: side("milliseconds to tell"),
    baseline: side("milliseconds to write"),
  });
  return [
    {
      id: "W1",
      what: "positions to 5,000 sockets, each its own ÷ one ready-made buffer to each in a loop",
      unit: "messages/s",
      ...measured,
      goal: { kind: "at least", value: 0.8 },
      notes: [],
    },
  ];
}
