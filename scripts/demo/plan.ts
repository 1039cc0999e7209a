/** What a fan is going to do, decided beforehand by the seed; what it leads to depends on all the others. */
import { createRandom } from "./random.ts";

export type Card = "success" | "declined" | "undecided" | "lost_reply";

export interface FanPlan {
  /** Milliseconds after the opening; negative for one who can't wait for it. */
  readonly arrivesAtMs: number;
  /** Makes the account through sign-up and login; the others have theirs already. */
  readonly signsUp: boolean;
  readonly follows: "socket" | "two_tabs" | "poll";
  /** What is clicked twice at once. */
  readonly doubles: {
    readonly join: boolean;
    readonly claim: boolean;
    readonly hold: boolean;
    readonly pay: boolean;
  };
  /** Milliseconds after joining. */
  readonly reloadsAtMs: readonly number[];
  /** Milliseconds after joining, unless the turn comes first. */
  readonly leavesAtMs: number | null;
  readonly comesBack: boolean;
  /** Does not claim the admission. */
  readonly noShow: boolean;
  readonly quantity: number;
  readonly chooses: "seats" | "best";
  /** From 0, the seats in front, to 1, those at the back. */
  readonly taste: number;
  readonly followsSeats: boolean;
  /** From the admission to the claim. */
  readonly reactsInMs: number;
  /** From looking at the seats to holding some. */
  readonly choosesInMs: number;
  /** From the hold to the payment. */
  readonly paysInMs: number;
  readonly then: "pay" | "lapse" | "cancel_and_pay" | "leave";
  readonly card: Card;
  /** After a hold that lapsed: joins again, and pays this time. */
  readonly triesAgain: boolean;
}

export interface PlanOptions {
  readonly seed: number;
  readonly burstMs: number;
  /** How many sign up for themselves. */
  readonly signUps: number;
}

/** Fans who find a hold running out of time when they pay are too slow; nobody here is that slow on purpose. */
export function planFan(index: number, { seed, burstMs, signUps }: PlanOptions): FanPlan {
  const random = createRandom(seed, index);
  const early = random.chance(0.02);
  const then = random.weighted([
    ["lapse", 38],
    ["pay", 57],
    ["cancel_and_pay", 3],
    ["leave", 2],
  ] as const);
  return {
    // Most come in the first half of the burst: the opening is what they waited for.
    arrivesAtMs: early ? -random.between(100, 900) : burstMs * random.next() ** 1.5,
    signsUp: index < signUps,
    follows: random.weighted([
      ["socket", 92],
      ["two_tabs", 4],
      ["poll", 4],
    ] as const),
    doubles: {
      join: random.chance(0.1),
      claim: random.chance(0.1),
      hold: random.chance(0.1),
      pay: random.chance(0.1),
    },
    reloadsAtMs: random.chance(0.12)
      ? Array.from({ length: random.integer(1, 3) }, () => random.between(500, 40_000)).sort((a, b) => a - b)
      : [],
    leavesAtMs: random.chance(0.05) ? random.between(1_000, 30_000) : null,
    comesBack: random.chance(0.3),
    noShow: random.chance(0.015),
    quantity: random.weighted([
      [1, 25],
      [2, 45],
      [3, 15],
      [4, 15],
    ] as const),
    chooses: random.chance(0.3) ? "best" : "seats",
    // Squared: more than half of them want to sit in front.
    taste: random.next() ** 2,
    followsSeats: then === "lapse" || random.chance(0.6),
    reactsInMs: random.between(50, 700),
    choosesInMs: random.between(100, 1_000),
    paysInMs: random.between(200, 1_500),
    then,
    card: random.weighted([
      ["success", 88],
      ["declined", 7],
      ["undecided", 3],
      ["lost_reply", 2],
    ] as const),
    triesAgain: random.chance(0.5),
  };
}
