/**
 * What the runner (`npm run k6`) has made before: a Fast Pass, a performance on sale, fans with accounts.
 *
 * Lists are shared between the virtual users: a copy for each of them would need gigabytes.
 */
import { SharedArray } from "k6/data";

export interface Fan {
  readonly token: string;
  /** Only of those who were let in before the run. */
  readonly pass?: string;
}

interface Facts {
  readonly name: string;
  /** Of the gateways, such as `http://127.0.0.1:3000`. */
  readonly urls: readonly string[];
  readonly eventId: string;
  readonly performanceId: string;
  readonly queueId: string;
  readonly holdSeconds: number;
  /** False where only correctness counts, as on a busy machine. */
  readonly judgeSpeed: boolean;
  /** Where the figures go. */
  readonly resultFile: string;
  /** How large the run is: users, seconds, rounds and the like. */
  readonly size: Readonly<Record<string, number>>;
}

const folder = __ENV.STAGE;
if (!folder) throw new Error("Run this by `npm run k6 -- NAME`: it makes the Fast Pass and the fans first.");

export const facts: Facts = JSON.parse(open(`${folder}/facts.json`));
export const fans = new SharedArray<Fan>("fans", () => JSON.parse(open(`${folder}/fans.json`)));
/** Ids, by ordinal. */
export const seats = new SharedArray<string>("seats", () => JSON.parse(open(`${folder}/seats.json`)));

/** @throws Error for one that the runner does not set. */
export function size(name: string): number {
  const value = facts.size[name];
  if (value === undefined) throw new Error(`the runner sets no size "${name}"`);
  return value;
}

/** Of several gateways every fan has one, as behind a load balancer. */
export function gatewayOf(index: number): string {
  return facts.urls[index % facts.urls.length] as string;
}

export function fanAt(index: number): Fan {
  const fan = fans[index];
  if (!fan) throw new Error(`there is no fan ${index}`);
  return fan;
}
