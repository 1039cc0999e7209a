/**
 * Concurrent reservation POSTs: every virtual user posts one, thinks for a second, posts the next.
 *
 * Nine in ten want a seat that nobody had wanted before; the tenth wants one that is taken, and is told so by 409.
 *
 * All begin at the same instant, and then think for half a second to one and a half, as people do: with one and the same
 * pause they would come in step for ever, and what is measured would be how long a crowd of that size takes, each
 * second anew. Before them a thousand posts that are not counted find a gateway that has just been started.
 */
import { check, sleep } from "k6";
import exec from "k6/execution";
import type { Options } from "k6/options";
import { hold } from "./client.ts";
import { show, summary, TREND_STATS, thresholds } from "./figures.ts";
import { fanAt, fans, seats, size } from "./stage.ts";

const THINK_SECONDS = 1;
const WARM_UP_USERS = 10;
const WARM_UP_SECONDS = 10;
const HOLD = "http_req_duration{scenario:posts,name:hold}";
const HELD = "http_req_duration{scenario:posts,name:hold,status:201}";
const TAKEN = "http_req_duration{scenario:posts,name:hold,status:409}";
const CONTENDED_EVERY = 10;

/** @param p95 milliseconds that 95 of 100 answers may take. */
export const seedOptions = (p95: number): Options => ({
  scenarios: {
    warmUp: {
      executor: "shared-iterations",
      exec: "warmUp",
      vus: WARM_UP_USERS,
      iterations: size("warmUpPosts"),
      maxDuration: `${WARM_UP_SECONDS}s`,
      gracefulStop: "1s",
    },
    posts: {
      executor: "constant-vus",
      startTime: `${WARM_UP_SECONDS + 2}s`,
      vus: size("users"),
      duration: `${size("seconds")}s`,
      gracefulStop: "20s",
    },
  },
  summaryTrendStats: TREND_STATS,
  thresholds: thresholds(show(HELD, TAKEN), { [HOLD]: [`p(95)<${p95}`] }),
});

/** Seats and fans of its own, so that it gets in nobody's way. */
export async function warmUp(): Promise<void> {
  const turn = exec.scenario.iterationInTest;
  const index = fans.length - 1 - (turn % Math.ceil(size("warmUpPosts") / size("holdsAFan")));
  const fan = fanAt(index);
  await hold(fan, index, fan.pass ?? "", { seatIds: [seats[seats.length - 1 - turn]] }, [201]);
}

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
  sleep(THINK_SECONDS * (0.5 + Math.random()));
}

export const seedSummary = summary([
  [HOLD, "hold"],
  [HELD, "  201, held"],
  [TAKEN, "  409, taken"],
  ["wrong_answers", "wrong answers"],
  ["checks", "checks"],
]);
