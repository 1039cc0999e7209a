/** F1: 100 places come free at once. How long until 100 others have arrived? */
import { setTimeout as sleep } from "node:timers/promises";
import type { Bench, BenchContext, Row } from "../frame/bench.ts";
import { openCrowd } from "../house/crowd.ts";
import { type Fan, type Gateway, type House, openHouse } from "../house/index.ts";
import { joinPlans } from "../house/joins.ts";
import { sendAll } from "../house/send-all.ts";
import { streamsOf } from "../house/waiting-crowd.ts";
import type { TurnedOver } from "../load/arrivals.ts";
import { encodeRequests } from "../load/requests.ts";

const INSIDE = 100;
const WAITING = 1_000;
const ARRIVAL_SECONDS = 5;
const GONE_ONE_IN = 20;
/** Without a factor in common with the former: in as many rounds it is everybody's turn to be gone. */
const SHIFT = 7;
const TIMEOUT_MS = 60_000;
/**
 * Who has joined counts as present for a while without a socket, as one who polls. Those of whom nothing is left but a
 * closed socket have been gone for longer.
 */
const SETTLED_MS = 10_000;

export const F1: Bench = { id: "F1", name: "turnover", run };

type Absence = "none" | "closed" | "silent";

const CASES: readonly { readonly absence: Absence; readonly what: string; readonly limit: number }[] = [
  { absence: "none", what: "all of them there", limit: 1 },
  { absence: "closed", what: "5 % of them gone with closed sockets", limit: 1 },
  { absence: "silent", what: "5 % of them gone silently", limit: ARRIVAL_SECONDS + 2 },
];

async function run(context: BenchContext): Promise<Row[]> {
  // Arrival times as short as these are for load tests only.
  const house = await openHouse(context, { FASTPASS_LIMITS: "off" });
  const gateway = await house.startGateway();
  await house.startWorker();
  const fans = await house.fans(INSIDE + WAITING);
  const rows: Row[] = [];
  for (const { absence, what, limit } of CASES) {
    const ours: number[] = [];
    for (let round = 0; round <= context.rounds; round += 1) {
      const seconds = await turnOver(context, house, gateway, fans, absence, goneIn(round));
      if (round > 0) ours.push(seconds); // the first is for warming up
    }
    rows.push({
      id: "F1",
      what: `100 places free at once, 1,000 waiting, ${what}: until 100 more have arrived`,
      unit: "s",
      ours,
      baseline: null,
      goal: { kind: "at most", value: limit },
      notes: [],
    });
  }
  return rows;
}

/**
 * One in twenty of those who wait, others in each round: whether one of those who take a missed turn is gone too is
 * chance, and a fixed choice would decide it once for all rounds.
 */
function goneIn(round: number): number[] {
  const first = (round * SHIFT) % GONE_ONE_IN;
  return Array.from({ length: WAITING / GONE_ONE_IN }, (_, index) => first + index * GONE_ONE_IN);
}

async function turnOver(
  context: BenchContext,
  house: House,
  gateway: Gateway,
  fans: readonly Fan[],
  absence: Absence,
  gone: readonly number[],
): Promise<number> {
  const queue = { maxActive: INSIDE, ratePerMinute: 60_000, arrivalSeconds: ARRIVAL_SECONDS };
  const { queueId } = await house.show(gateway, { rows: 40, seatsPerRow: 50, queue });
  const [inside, waiting] = [fans.slice(0, INSIDE), fans.slice(INSIDE)];
  await sendAll(context, gateway, joinPlans(queueId, inside), 201);
  await claimAll(context, gateway, queueId, inside);
  await sendAll(context, gateway, joinPlans(queueId, waiting), 201);
  const { paths, tickets } = await streamsOf(house, queueId, waiting);
  const { crowd } = await openCrowd(context, { port: gateway.port, paths, tokens: tickets, until: "place" });
  if (absence === "closed") await context.load.ask("close crowd", crowd, gone);
  await sleep(absence === "closed" ? SETTLED_MS : 0);
  const me = `/api/v1/queues/${queueId}/tickets/me`;
  const { milliseconds, arrived } = await context.load.ask<TurnedOver>("turn over", {
    port: gateway.port,
    crowd,
    claims: encodeRequests(waiting.map(({ token }) => ({ method: "POST", path: `${me}/claim`, token }))),
    silent: absence === "silent" ? gone : [],
    leaves: encodeRequests(inside.map(({ token }) => ({ method: "DELETE", path: me, token }))),
    leaving: INSIDE,
    arrivals: INSIDE,
    timeoutMs: TIMEOUT_MS,
  });
  await context.load.ask("close crowd", crowd);
  if (milliseconds === null) throw new Error(`only ${arrived} had arrived after ${TIMEOUT_MS / 1_000} s`);
  return milliseconds / 1_000;
}

/** The first ones are admitted within a tick or two; who is not yet must be asked again. */
async function claimAll(
  { load }: BenchContext,
  { port }: Gateway,
  queueId: string,
  fans: readonly Fan[],
): Promise<void> {
  const path = `/api/v1/queues/${queueId}/tickets/me/claim`;
  const requests = encodeRequests(fans.map(({ token }) => ({ method: "POST", path, token })));
  const plan = { port, connections: 16, seconds: 30, requests, repeat: false };
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const { statuses } = await load.ask<{ statuses: Record<string, number> }>("stream", plan);
    if (statuses[200] === fans.length) return;
    await sleep(100);
  }
  throw new Error("not everybody could go in");
}
