/** Fans who wait in one queue and have what opens their position stream. */
import { createCredentials } from "../../../src/queue/credentials.ts";
import type { BenchContext } from "../frame/bench.ts";
import type { Fan, Gateway, House, ShowOptions } from "./index.ts";
import { joinPlans } from "./joins.ts";
import { sendAll } from "./send-all.ts";

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
  return { ...show, fans, ...streamsOf(house, show.queueId, fans) };
}

export function streamsOf(house: House, queueId: string, fans: readonly Fan[]) {
  const { ticketKey, passPrivateKey } = house.config;
  const { signTicket } = createCredentials(ticketKey, passPrivateKey);
  return {
    paths: fans.map(() => `/ws/v1/queues/${queueId}`),
    // A stream asks for the account alone; which ticket of it this is, it looks up.
    tickets: fans.map(({ userId }) =>
      signTicket(queueId, { userId, ticketId: userId, sequence: 1, epoch: 1 }),
    ),
  };
}
