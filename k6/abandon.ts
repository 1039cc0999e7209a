/** A third of those who hold seats walk away: their seats come back on time, and others buy them. */
import { check } from "k6";
import exec from "k6/execution";
import { Counter, Trend } from "k6/metrics";
import type { Options } from "k6/options";
import { hold, leave, type Reservation, readReservation } from "./lib/client.ts";
import { show, summary, TREND_STATS, thresholds } from "./lib/figures.ts";
import { FEW_UNHEARD } from "./lib/place.ts";
import { type Fan, fanAt, size } from "./lib/stage.ts";
import { pause, until } from "./lib/time.ts";
import { buy, lost, served, takeTurn } from "./lib/visit.ts";

const FANS = size("fans");
const USERS = size("users");
const ABANDONED = 0.35;
const LOOK_EVERY_MS = 100;
const PATIENCE_MS = 15_000;

const TRY_EVERY_MS = 500;
const HOLD_ANSWERS = [
  201,
  "409 NO_ADJACENT_SEATS",
  "409 SEAT_CONTENDED",
  "403 PASS_REVOKED",
  "403 PASS_EXPIRED",
] as const;

const tooLate = new Counter("came_too_late");
const lapsed = new Counter("holds_lapsed");
/** From the deadline that the fan was told, by this machine's clock, until the reservation says that it is over. */
const releaseLag = new Trend("release_lag", true);

export const options: Options = {
  scenarios: {
    visits: {
      executor: "per-vu-iterations",
      vus: USERS,
      iterations: 1,
      maxDuration: `${size("mostSeconds")}s`,
    },
  },
  summaryTrendStats: TREND_STATS,
  thresholds: thresholds(
    {
      ...FEW_UNHEARD,
      ...show("http_req_duration{name:hold}", "http_req_duration{name:pay}"),
      places_that_rose: ["count==0"],
      fans_lost: ["count==0"],
    },
    { release_lag: ["p(95)<2000"] },
  ),
};

export default async function crowd(): Promise<void> {
  const mine: Promise<void>[] = [];
  for (let index = exec.vu.idInTest - 1; index < FANS; index += USERS) mine.push(visit(index));
  await Promise.all(mine);
}

async function visit(index: number): Promise<void> {
  await pause(Math.random() * size("burstSeconds") * 1_000);
  const fan = fanAt(index);
  const turn = await takeTurn(fan, index, true);
  // Whoever comes too late is told that it is sold out; nothing else ends a fan's wait.
  if (!turn.came) {
    if (turn.end !== "sold_out") lost.add(1, { end: turn.end });
    return;
  }
  const held = await seatThatComesBack(fan, index, turn.pass);
  if (!held) {
    tooLate.add(1);
    await leave(fan, index);
    return;
  }
  // By number, not by lot: the same fans in every run.
  if ((index * 7) % 20 < ABANDONED * 20) await walkAway(fan, index, held.id, Date.parse(held.expiresAt));
  else if (await buy(fan, index, held)) served.add(1);
  else lost.add(1, { end: "not paid" });
}

/** All seats may be held just now, by fans who will not pay for all of them: whoever is inside tries again. */
async function seatThatComesBack(fan: Fan, index: number, pass: string): Promise<Reservation | null> {
  const giveUpAt = Date.now() + size("holdSeconds") * 2_000;
  while (Date.now() < giveUpAt) {
    const answer = await hold(fan, index, pass, { bestAvailable: { quantity: 1 } }, HOLD_ANSWERS);
    if (answer.status === 201) return answer.body;
    // The last seat was paid for: that ends every ticket.
    if (answer.status === 403) return null;
    await pause(TRY_EVERY_MS);
  }
  return null;
}

async function walkAway(fan: Fan, index: number, id: string, deadline: number): Promise<void> {
  await until(deadline);
  let status = "HELD";
  while (status === "HELD" && Date.now() < deadline + PATIENCE_MS) {
    status = (await readReservation(fan, index, id)).body?.status;
    if (status === "HELD") await pause(LOOK_EVERY_MS);
  }
  releaseLag.add(Date.now() - deadline);
  if (check(status, { "an unpaid hold ends": (is) => is === "EXPIRED" })) lapsed.add(1);
}

export const handleSummary = summary([
  ["http_req_duration{name:hold}", "hold"],
  ["http_req_duration{name:pay}", "pay"],
  ["release_lag", "deadline to release"],
  ["wait_for_turn", "join to pass"],
  ["holds_lapsed", "holds lapsed"],
  ["fans_served", "fans served"],
  ["came_too_late", "inside, no seat"],
  ["fans_lost", "fans lost"],
  ["first_frames_unheard", "first frames unheard"],
  ["wrong_answers", "wrong answers"],
  ["checks", "checks"],
]);
