/** W5: 5,000 fans come back at once. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Bench, BenchContext, Row } from "../frame/bench.ts";
import { alternate } from "../frame/rounds.ts";
import { openCrowd } from "../house/crowd.ts";
import { openHouse } from "../house/index.ts";
import { waitingCrowd } from "../house/waiting-crowd.ts";

const SOCKETS = 5_000;
/** Until a gateway has forgotten the fans whose sockets have closed. */
const FORGOTTEN_MS = 2_500;

export const W5: Bench = { id: "W5", name: "reconnect", run };

async function run(context: BenchContext): Promise<Row[]> {
  const house = await openHouse(context);
  const door = await house.startGateway();
  await house.startWorker();
  const { paths, tickets } = await waitingCrowd(context, house, door, SOCKETS);
  const gateway = await house.startGateway();
  const bare = await context.start("bare-sockets");
  const barePort = await bare.ask<number>("start");

  const side = (crowd: Omit<Parameters<typeof openCrowd>[1], "atOnce">) => async () => {
    const opened = await openCrowd(context, { ...crowd, atOnce: SOCKETS });
    await context.load.ask("close crowd", opened.crowd);
    await sleep(FORGOTTEN_MS);
    return opened.milliseconds;
  };
  const measured = await alternate(context.rounds, {
    ours: side({ port: gateway.port, paths, tokens: tickets, until: "place" }),
    baseline: side({ port: barePort, paths: Array(SOCKETS).fill("/"), tokens: null, until: "upgrade" }),
  });
  return [
    {
      id: "W5",
      what: "5,000 sockets at once: until all know their place ÷ until a bare ws server has accepted them",
      unit: "ms",
      ...measured,
      goal: { kind: "at most", value: 1.5 },
      notes: [],
    },
  ];
}
