/** Fans who have been admitted and have claimed: with a pass, they may hold seats. */
import { setTimeout as sleep } from "node:timers/promises";
import type { BenchContext } from "../frame/bench.ts";
import type { Fan, Gateway, House, ShowOptions } from "./index.ts";
import { joinPlans } from "./joins.ts";
import { sendAll } from "./send-all.ts";

export interface Insider extends Fan {
  readonly pass: string;
}

export interface InsideShow {
  readonly performanceId: string;
  readonly queueId: string;
  readonly insiders: readonly Insider[];
  /** By ordinal. */
  readonly seatIds: readonly string[];
}

const CLAIMS_AT_ONCE = 32;
const PATIENCE_MS = 120_000;

/** Needs a worker. */
export async function openInside(
  context: BenchContext,
  house: House,
  gateway: Gateway,
  count: number,
  options: Omit<ShowOptions, "queue">,
): Promise<InsideShow> {
  const show = await house.show(gateway, {
    ...options,
    queue: { maxActive: 100_000, ratePerMinute: 60_000, overbook: 10 },
  });
  const fans = await house.fans(count);
  await sendAll(context, gateway, joinPlans(show.queueId, fans), 201);
  const left = [...fans];
  const insiders: Insider[] = [];
  const claims = Array.from({ length: CLAIMS_AT_ONCE }, async () => {
    for (let fan = left.shift(); fan; fan = left.shift()) {
      insiders.push({ ...fan, pass: await claim(gateway, show.queueId, fan) });
    }
  });
  await Promise.all(claims);
  return { ...show, insiders, seatIds: await seatsOf(gateway, show.performanceId) };
}

async function claim({ call }: Gateway, queueId: string, { token }: Fan): Promise<string> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return (await call<{ pass: string }>("POST", `/queues/${queueId}/tickets/me/claim`, undefined, token))
        .pass;
    } catch (fault) {
      // Still in line.
      if (!(fault as Error).message.includes("NOT_ADMITTED") || performance.now() > deadline) throw fault;
      await sleep(100);
    }
  }
}

interface Layout {
  readonly sections: readonly {
    readonly rows: readonly { readonly seats: readonly { readonly id: string }[] }[];
  }[];
}

async function seatsOf({ call }: Gateway, performanceId: string): Promise<string[]> {
  const { sections } = await call<Layout>("GET", `/performances/${performanceId}/layout`);
  return sections.flatMap(({ rows }) => rows.flatMap(({ seats }) => seats.map(({ id }) => id)));
}

/** The request that holds one seat. */
export function holdPlan({ performanceId, seatIds }: InsideShow, { token, pass }: Insider, ordinal: number) {
  return {
    method: "POST",
    path: `/api/v1/performances/${performanceId}/reservations`,
    token,
    headers: { "Queue-Pass": pass },
    body: { seatIds: [seatIds[ordinal]] },
  } as const;
}
