/** What the seats page needs before it can show anything, and the fan's right to be there. */
import { ApiError, callApi, callPublic } from "../app/api.ts";
import type { Performance } from "../app/events.ts";
import { type Hall, type Layout, toHall } from "../seat-map/hall.ts";

export interface Pass {
  readonly pass: string;
  readonly passExpiresAt: string;
}

export interface Reservation {
  readonly id: string;
  readonly performanceId: string;
  readonly status: string;
  readonly seats: readonly { readonly ordinal: number }[];
}

export type Entry =
  | {
      readonly admitted: true;
      readonly facts: Performance;
      readonly hall: Hall;
      readonly pass: Pass;
      /** The fan's own here that are held or sold, newest first. */
      readonly mine: readonly Reservation[];
    }
  | {
      readonly admitted: false;
      readonly facts: Performance;
      readonly reason: "NO_TICKET" | "NOT_ADMITTED" | "OVER";
    };

const COUNTED = ["HELD", "PAYING", "CONFIRMED"];

/** @throws ApiError, `UNAUTHENTICATED` when nobody is logged in. */
export async function enter(performanceId: string): Promise<Entry> {
  const facts = await callPublic<Performance>("GET", `/performances/${performanceId}`);
  const layout = callPublic<Layout>("GET", `/performances/${performanceId}/layout`);
  // It is looked at below, after the claim, which may make it unneeded.
  layout.catch(() => undefined);
  const pass = await claim(facts.queueId);
  if (typeof pass === "string") return { admitted: false, facts, reason: pass };
  const { items } = await callApi<{ items: Reservation[] }>("GET", "/me/reservations?limit=100");
  const mine = items.filter((each) => each.performanceId === performanceId && COUNTED.includes(each.status));
  return { admitted: true, facts, hall: toHall(await layout), pass, mine };
}

/** The claim answers the same pass for as long as the session lives, so asking on each visit costs nothing. */
export async function claim(queueId: string): Promise<Pass | "NO_TICKET" | "NOT_ADMITTED" | "OVER"> {
  try {
    return await callApi<Pass>("POST", `/queues/${queueId}/tickets/me/claim`);
  } catch (error) {
    const code = error instanceof ApiError ? error.code : "";
    if (code === "NO_TICKET" || code === "NOT_ADMITTED") return code;
    if (code === "ADMISSION_EXPIRED") return "OVER";
    throw error;
  }
}
