/** W6: do those who wait slow down those who come? */
import { setTimeout as sleep } from "node:timers/promises";
import type { Bench, BenchContext, Row } from "../frame/bench.ts";
import { CONNECTIONS, runSide } from "../frame/http-row.ts";
import { alternate } from "../frame/rounds.ts";
import { openCrowd } from "../house/crowd.ts";
import { openHouse } from "../house/index.ts";
import { joins } from "../house/joins.ts";
import { waitingCrowd } from "../house/waiting-crowd.ts";

const SOCKETS = 10_000;
const FANS = 20_000;
/** Until the gateway is done with a crowd that came or went. */
const SETTLED_MS = 2_500;

export const W6: Bench = { id: "W6", name: "kept-up", run };

async function run(context: BenchContext): Promise<Row[]> {
  const house = await openHouse(context);
  const gateway = await house.startGateway();
  await house.startWorker();
  const { paths, tickets } = await waitingCrowd(context, house, gateway, SOCKETS);
  const fans = await house.fans(FANS);

  const measure = async () => {
    const plan = { port: gateway.port, ...(await joins(house, gateway, fans, context.seconds)) };
    const side = { server: gateway.child, expected: 201, plan: async () => plan };
    return (await runSide(context, side, CONNECTIONS)).perSecond;
  };
  const measured = await alternate(context.rounds, {
    async ours() {
      const { crowd } = await openCrowd(context, {
        port: gateway.port,
        paths,
        tokens: tickets,
        until: "place",
      });
      await sleep(SETTLED_MS);
      const perSecond = await measure();
      await context.load.ask("close crowd", crowd);
      await sleep(SETTLED_MS);
      return perSecond;
    },
    baseline: measure,
  });
  return [
    {
      id: "W6",
      what: "join while 10,000 sockets are kept up to date ÷ without them",
      unit: "req/s",
      ...measured,
      goal: { kind: "at least", value: 0.8 },
      notes: [],
    },
  ];
}
