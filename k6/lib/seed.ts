/**
 * Concurrent reservation POSTs: every virtual user posts one, thinks for a second, posts the next.
 *
 * Nine in ten want a seat that nobody had wanted before; the tenth wants one that is taken, and is told so by 409.
 */
import { check, sleep } from "k6";
import exec from "k6/execution";
import type { Options } from "k6/options";
import { hold } from "./client.ts";
import { show, summary, TREND_STATS, thresholds } from "./figures.ts";
import { fanAt, seats, size } from "./stage.ts";

const THINK_SECONDS = 1;
const CONTENDED_EVERY = 10;

/** @param p95 milliseconds that 95 of 100 answers may take. */
export const seedOptions = (p95: number): Options => ({
  scenarios: {
    posts: {
      executor: "constant-vus",
      vus: size("users"),
      duration: `${size("seconds")}s`,
      gracefulStop: "20s",
    },
  },
  summaryTrendStats: TREND_STATS,
  thresholds: thresholds(
    show("http_req_duration{name:hold,status:201}", "http_req_duration{name:hold,status:409}"),
    { "http_req_duration{name:hold}": [`p(95)<${p95}`] },
  ),
});

export async function post(): Promise<void> {
  const turn = exec.scenario.iterationInTest;
  const user = exec.vu.idInTest - 1;
  // A fan may hold only so many seats, so every user is several fans, one after the other.
  const index = user + size("users") * Math.floor(exec.vu.iterationInScenario / size("holdsAFan"));
  const fan = fanAt(index);
  const late = turn > size("users") * 2 && turn % CONTENDED_EVERY === 0;
  // Every tenth turn has no seat of its own; that of two rounds ago is gone for certain.
  const seat = late ? turn - size("users") * 2 + 1 : turn;
  const answer = await hold(
    fan,
    index,
    fan.pass ?? "",
    { seatIds: [seats[seat]] },
    late ? [201, "409 SEAT_TAKEN", "409 SEAT_CONTENDED"] : [201],
  );
  if (answer.status === 409 && answer.code === "SEAT_TAKEN")
    check(answer.body, { "says which seat is taken": (body) => body.seats[0].id === seats[seat] });
  sleep(THINK_SECONDS);
}

export const seedSummary = summary([
  ["http_req_duration{name:hold}", "hold"],
  ["http_req_duration{name:hold,status:201}", "  201, held"],
  ["http_req_duration{name:hold,status:409}", "  409, taken"],
  ["wrong_answers", "wrong answers"],
  ["checks", "checks"],
]);
