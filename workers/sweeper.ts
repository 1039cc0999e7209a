/**
 * Makes certain what the delayed jobs make prompt: every second it ends the holds that are past their deadline, and
 * once a minute it deletes old idempotency records. It runs on every worker; SKIP LOCKED shares the work out.
 */
import type { Logger } from "../src/platform/logger.ts";
import type { Reservations } from "../src/reservations/index.ts";
import { type Rounds, startRounds } from "./rounds.ts";

export interface SweeperDeps {
  readonly log: Logger;
  readonly reservations: Pick<Reservations, "sweep" | "forgetOldKeys">;
}

const EVERY_MS = 1_000;
const FORGET_EVERY_MS = 60_000;
/** Small, so that a fan who wants one of the seats waits for milliseconds. */
const HOLDS_A_BATCH = 50;
const KEYS_A_BATCH = 1_000;

export function startSweeper({ log, reservations }: SweeperDeps): Rounds {
  const holds = startRounds({
    name: "sweeper",
    log,
    pauseMs: EVERY_MS,
    round: async () => (await reservations.sweep(HOLDS_A_BATCH)) === HOLDS_A_BATCH,
  });
  const keys = startRounds({
    name: "idempotency sweeper",
    log,
    pauseMs: FORGET_EVERY_MS,
    round: async () => (await reservations.forgetOldKeys(KEYS_A_BATCH)) === KEYS_A_BATCH,
  });
  return {
    async close() {
      await Promise.all([holds.close(), keys.close()]);
    },
  };
}
