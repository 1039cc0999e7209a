/** Joins to be made: every fan into queues that none of them is in. */
import { encodeRequests, type Requests } from "../load/requests.ts";
import type { Fan, Gateway, House } from "./index.ts";

/** More than any gateway takes, so that a round ends by its time. */
const MOST_A_SECOND = 20_000;

/** @returns requests for `seconds`; in each queue the first fan is admitted at once, and all others wait. */
export async function joins(
  house: House,
  gateway: Gateway,
  fans: readonly Fan[],
  seconds: number,
): Promise<{ readonly requests: Requests; readonly repeat: false }> {
  const queues = Math.ceil((seconds * MOST_A_SECOND) / fans.length);
  const plans = [];
  for (let count = 0; count < queues; count += 1) {
    const { queueId } = await house.show(gateway);
    plans.push(...joinPlans(queueId, fans));
  }
  return { requests: encodeRequests(plans), repeat: false };
}

export function joinPlans(queueId: string, fans: readonly Fan[]) {
  const path = `/api/v1/queues/${queueId}/tickets`;
  return fans.map(({ token }) => ({ method: "POST", path, token, body: {} }) as const);
}
