/** Fans who wait in one queue and have what opens their position stream. */
import { Redis } from "ioredis";
import { createCredentials } from "../../../src/queue/credentials.ts";
import { keyOf } from "../../../src/queue/keys.ts";
import type { BenchContext } from "../frame/bench.ts";
import type { Fan, Gateway, House, ShowOptions } from "./index.ts";
import { joinPlans } from "./joins.ts";
import { sendAll } from "./send-all.ts";

/** Of a queue whose Redis never lost anything. */
const EPOCH = 1;

export interface WaitingCrowd {
  readonly queueId: string;
  readonly performanceId: string;
  readonly fans: readonly Fan[];
  /** Of the position streams, in the order of the fans. */
  readonly paths: readonly string[];
  readonly tickets: readonly string[];
}

/** The fans join in order; one before them takes the only place inside. */
export async function waitingCrowd(
  context: BenchContext,
  house: House,
  gateway: Gateway,
  count: number,
  options?: ShowOptions,
): Promise<WaitingCrowd> {
  const show = await house.show(gateway, options);
  const [first, ...fans] = await house.fans(count + 1);
  if (!first) throw new Error("no fans");
  await sendAll(context, gateway, joinPlans(show.queueId, [first]), 201);
  await sendAll(context, gateway, joinPlans(show.queueId, fans), 201);
  return { ...show, fans, ...(await streamsOf(house, show.queueId, fans)) };
}

/** @param fans who have joined. */
export async function streamsOf(house: House, queueId: string, fans: readonly Fan[]) {
  const { ticketKey, passPrivateKey } = house.config;
  const { signTicket } = createCredentials(ticketKey, passPrivateKey);
  const redis = new Redis(house.redisUrl);
  const kept = await redis.hmget(keyOf(queueId, "tickets"), ...fans.map(({ userId }) => userId));
  redis.disconnect();
  return {
    paths: fans.map(() => `/ws/v1/queues/${queueId}`),
    // What joining answered with: it says of each fan what the line says.
    tickets: fans.map(({ userId }, index) => {
      const [ticketId = "", sequence = ""] = (kept[index] ?? "").split("|");
      return signTicket(queueId, { userId, ticketId, sequence: Number(sequence), epoch: EPOCH });
    }),
  };
}
