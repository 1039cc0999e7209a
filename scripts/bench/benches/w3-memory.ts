/** W3: what a waiting fan's socket takes, against a bare `ws` server's. */
import type { Bench, BenchContext, Row } from "../frame/bench.ts";
import type { Child } from "../frame/child.ts";
import { alternate } from "../frame/rounds.ts";
import { openCrowd } from "../house/crowd.ts";
import { openHouse } from "../house/index.ts";
import { waitingCrowd } from "../house/waiting-crowd.ts";

const SOCKETS = 5_000;
/** Opened and closed before the count, so that code and pools are there. */
const WARM = 1_000;
const KIB = 1_024;

export const W3: Bench = { id: "W3", name: "memory", run };

async function run(context: BenchContext): Promise<Row[]> {
  const house = await openHouse(context);
  const door = await house.startGateway();
  await house.startWorker();
  const { paths, tickets } = await waitingCrowd(context, house, door, SOCKETS);

  async function kibEach(server: Child, port: number, isOurs: boolean): Promise<number> {
    const open = (count: number) =>
      openCrowd(context, {
        port,
        paths: isOurs ? paths.slice(0, count) : Array<string>(count).fill("/"),
        tokens: isOurs ? tickets.slice(0, count) : null,
        until: isOurs ? "place" : "upgrade",
      });
    const warm = await open(WARM);
    await context.load.ask("close crowd", warm.crowd);
    const before = await server.ask<number>("resident bytes");
    const full = await open(SOCKETS);
    const after = await server.ask<number>("resident bytes");
    await context.load.ask("close crowd", full.crowd);
    await server.end();
    return (after - before) / SOCKETS / KIB;
  }

  // A process each round: what one gives back after a crowd is no measure of what the next one takes.
  const measured = await alternate(
    context.rounds,
    {
      async ours() {
        const { child, port } = await house.startGateway();
        return kibEach(child, port, true);
      },
      async baseline() {
        const child = await context.start("bare-sockets", { nodeOptions: ["--expose-gc"] });
        return kibEach(child, await child.ask<number>("start"), false);
      },
    },
    false,
  );
  return [
    {
      id: "W3",
      what: "resident memory a waiting socket ÷ a bare ws server's",
      unit: "KiB",
      ...measured,
      goal: { kind: "at most", value: 1.6 },
      notes: [],
    },
  ];
}
