/** What all fans of a run share. */
import { setTimeout as wait } from "node:timers/promises";
import { type Answer, type Api, Stopped } from "./api.ts";
import type { Hall } from "./hall.ts";
import type { Ledger } from "./ledger.ts";
import type { Scenario } from "./options.ts";
import type { FanPlan } from "./plan.ts";
import type { Random } from "./random.ts";
import type { Complaint, TicketStory } from "./story.ts";
import type { Streams } from "./stream.ts";

export interface Account {
  readonly userId: string;
  readonly email: string;
  readonly password: string;
  readonly accessToken: string;
}

/** `nothing`: no seat was to be had, or the ticket ended meanwhile. */
export type TurnResult = "bought" | "lapsed" | "left" | "nothing";

export interface Reservation {
  readonly id: string;
  readonly status: string;
  readonly seats: readonly { readonly id: string; readonly ordinal: number; readonly amount: number }[];
  readonly totalAmount: number;
  readonly expiresAt: string;
  readonly tickets?: readonly { readonly code: string }[];
}

export interface Purchase {
  readonly userId: string;
  readonly reservationId: string;
  readonly ordinals: readonly number[];
  readonly totalAmount: number;
  /** When the fan had it in writing, milliseconds since 1970. */
  readonly at: number;
  /** How many tickets the fan was handed. */
  readonly tickets: number;
}

/** What became of one fan. */
export interface FanRecord {
  readonly userId: string;
  readonly stories: TicketStory[];
  /** Joining was refused because everything is sold: that tells it too. */
  refusedAsSoldOut: boolean;
  /** The story broke off: by an answer that should not have come, or because the run was stopped. */
  brokeOff: boolean;
}

export interface Fan {
  readonly index: number;
  readonly account: Account;
  readonly plan: FanPlan;
  readonly record: FanRecord;
  /** For what depends on how the run goes. */
  readonly random: Random;
}

export interface World {
  readonly api: Api;
  readonly streams: Streams;
  readonly ledger: Ledger;
  /** The run is over, for whatever reason. */
  readonly signal: AbortSignal;
  readonly scenario: Scenario;
  readonly seed: number;
  readonly performanceId: string;
  readonly queueId: string;
  readonly hall: Hall;
  /** Milliseconds since 1970, by our clock. */
  readonly opensAt: number;
  readonly records: FanRecord[];
  readonly purchases: Purchase[];
  readonly complaints: Complaint[];
  complain(check: string, detail: string): void;
}

const REPEAT_AFTER_MS = 250;
const MOST_REPEATS = 40;

/** @throws Stopped when the run is over. */
export async function sleep(world: Pick<World, "signal">, ms: number): Promise<void> {
  try {
    await wait(Math.max(0, ms), undefined, { signal: world.signal });
  } catch {
    throw new Stopped();
  }
}

/** The same request twice at the same moment when `twice`, as an impatient finger sends it. */
export async function clicked<Body>(
  twice: boolean,
  send: (which: number) => Promise<Answer<Body>>,
): Promise<[Answer<Body>] | [Answer<Body>, Answer<Body>]> {
  return twice ? Promise.all([send(0), send(1)]) : [await send(0)];
}

/** Of two equal requests under one key one has the effect, and the other hears the same, byte for byte. */
export async function oneEffect<Body>(
  world: World,
  what: string,
  answers: readonly Answer<Body>[],
  again: () => Promise<Answer<Body>>,
): Promise<Answer<Body>> {
  world.ledger.count(`double ${what}`);
  const heard: Answer<Body>[] = [];
  for (let answer of answers) {
    for (let tries = 0; answer.code === "IDEMPOTENCY_IN_PROGRESS" && tries < MOST_REPEATS; tries += 1) {
      await sleep(world, REPEAT_AFTER_MS);
      answer = await again();
    }
    heard.push(answer);
  }
  const effects = heard.filter(({ status }) => status < 300 || status === 402);
  const [first] = effects;
  if (!first) return heard[0] as Answer<Body>;
  const isReplay = ({ headers }: Answer<Body>) => headers["idempotent-replayed"] === "true";
  if (
    effects.some(({ text }) => text !== first.text) ||
    effects.filter(isReplay).length < effects.length - 1
  ) {
    const told = effects.map((one) => `${one.status}${isReplay(one) ? " replayed" : ""} ${one.text}`);
    world.complain("a double click has one effect", `${what} under one key: ${told.join(" and ")}`);
  }
  return first;
}
