/** L1, L2: 100,000 in the lobby. How long from its close to the open line, and what does the draw cost Redis? */
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import type { Bench, BenchContext, Row } from "../frame/bench.ts";
import { fillLobby, type Lobby } from "../house/full-lobby.ts";
import { type Gateway, type House, openHouse } from "../house/index.ts";
import { watchSlowest } from "../house/slowest.ts";

const LOBBY = 100_000;
/** Until the lobby closes; the settings have to be in force by then. */
const CLOSES_IN_MS = 2_000;
/** Those who come while lots are drawn. */
const JOIN_EVERY_MS = 20;
const TIMEOUT_MS = 120_000;

export const L1: Bench = { id: "L1", name: "draw", run };

async function run(context: BenchContext): Promise<Row[]> {
  const house = await openHouse(context);
  const gateway = await house.startGateway();
  await house.startWorker();
  const seconds: number[] = [];
  const slowest: number[] = [];
  const notes: string[] = [];
  for (let round = 0; round < context.rounds; round += 1) {
    const drawn = await draw(context, house, gateway);
    seconds.push(drawn.seconds);
    slowest.push(drawn.slowest.milliseconds);
    notes.push(
      `round ${round + 1}: the slowest was ${drawn.slowest.name}; ${drawn.late} joined meanwhile, all behind`,
    );
  }
  const alone = { baseline: null, ours: seconds };
  return [
    {
      id: "L1",
      what: "100,000 in the lobby: from its close until the line is open",
      unit: "s",
      ...alone,
      goal: { kind: "at most", value: 10 },
      notes,
    },
    {
      id: "L2",
      what: "the slowest Redis command in that time",
      unit: "ms",
      ...alone,
      ours: slowest,
      goal: { kind: "at most", value: 5 },
      notes: [],
    },
  ];
}

async function draw(context: BenchContext, house: House, gateway: Gateway) {
  const at = (milliseconds: number) => new Date(Date.now() + milliseconds).toISOString();
  const queue = { lobbyOpensAt: at(-60_000), opensAt: at(3_600_000), maxActive: 1, ratePerMinute: 60 };
  const { queueId } = await house.show(gateway, { queue });
  const lobby = await fillLobby(house, queueId, LOBBY);
  const redis = new Redis(house.redisUrl);
  try {
    const closesAt = Date.now() + CLOSES_IN_MS;
    await house.change(gateway, queueId, { opensAt: new Date(closesAt).toISOString() });
    const slowest = await watchSlowest(redis);
    await sleep(closesAt - Date.now());
    const late = await joinUntilOpen(lobby);
    const seconds = (Date.now() - closesAt) / 1_000;
    context.say(`     ${seconds.toFixed(1)} s, ${late} came meanwhile`);
    return { seconds, late, slowest: await slowest.read() };
  } finally {
    redis.disconnect();
    await lobby.close();
  }
}

/** @returns how many joined before the line was open. @throws Error when one of them stands before those drawn. */
async function joinUntilOpen({ join, phase }: Lobby): Promise<number> {
  const deadline = Date.now() + TIMEOUT_MS;
  for (let late = 0; Date.now() < deadline; late += 1) {
    const sequence = await join();
    if (sequence <= LOBBY) throw new Error(`one who came late has sequence ${sequence}`);
    if ((await phase()) === "open") return late;
    await sleep(JOIN_EVERY_MS);
  }
  throw new Error(`the line was not open after ${TIMEOUT_MS / 1_000} s`);
}
