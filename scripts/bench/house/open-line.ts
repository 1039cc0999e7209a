/** A queue with as many waiting as one likes, of whom the gateway knows two. */
import type { Redis } from "ioredis";
import type { NewQueueSettings } from "../../../src/queue/settings.ts";
import type { BenchContext } from "../frame/bench.ts";
import type { Fan, Gateway, House } from "./index.ts";
import { joinPlans } from "./joins.ts";
import { fillLine, type Mould, mouldOf } from "./long-line.ts";
import { sendAll } from "./send-all.ts";

/**
 * @param pair the first takes the only place inside, the second waits.
 * @param queue settings that come into force once the line stands; without them nobody is admitted.
 */
export async function openLine(
  context: BenchContext,
  house: House,
  gateway: Gateway,
  redis: Redis,
  pair: readonly Fan[],
  waiting: number,
  queue?: Partial<NewQueueSettings>,
): Promise<Mould> {
  const { queueId } = await house.show(gateway);
  for (const fan of pair) await sendAll(context, gateway, joinPlans(queueId, [fan]), 201);
  const mould = await mouldOf(redis, queueId, pair.at(-1)?.userId ?? "");
  await fillLine(redis, mould, waiting);
  if (queue) await house.change(gateway, queueId, queue);
  return mould;
}
