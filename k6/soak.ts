/** An ordinary evening for as long as you like: fans come at a steady pace, some buy, some walk away, some leave. */
import exec from "k6/execution";
import type { Options } from "k6/options";
import { leave } from "./lib/client.ts";
import { show, summary, TREND_STATS, thresholds } from "./lib/figures.ts";
import { FEW_UNHEARD } from "./lib/place.ts";
import { fanAt, size } from "./lib/stage.ts";
import { buy, holdBest, lost, served, takeTurn } from "./lib/visit.ts";

const NAMES = ["join", "claim", "hold", "pay", "leave"] as const;
/** Of twenty fans: how many walk away from their hold, and how many leave without one. */
const WALK_AWAY = 7;
const LEAVE = 2;

export const options: Options = {
  scenarios: {
    evening: {
      executor: "constant-arrival-rate",
      rate: size("fansASecond"),
      timeUnit: "1s",
      duration: `${size("seconds")}s`,
      preAllocatedVUs: size("users"),
      maxVUs: size("users") * 4,
      gracefulStop: "30s",
    },
  },
  summaryTrendStats: TREND_STATS,
  thresholds: thresholds(
    {
      ...FEW_UNHEARD,
      ...show(...NAMES.map((name) => `http_req_duration{name:${name}}`)),
      places_that_rose: ["count==0"],
      fans_lost: ["count==0"],
      dropped_iterations: ["count==0"],
    },
    { "http_req_duration{name:hold}": ["p(95)<100"] },
  ),
};

export default async function visit(): Promise<void> {
  const index = exec.scenario.iterationInTest;
  const fan = fanAt(index);
  const turn = await takeTurn(fan, index);
  if (!turn.came) {
    lost.add(1, { end: turn.end });
    return;
  }
  const kind = index % 20;
  if (kind < LEAVE) {
    await leave(fan, index);
    return;
  }
  const held = await holdBest(fan, index, turn.pass, 1);
  if (!held) lost.add(1, { end: "no seat" });
  else if (kind >= LEAVE + WALK_AWAY && (await buy(fan, index, held))) served.add(1);
}

export const handleSummary = summary([
  ...NAMES.map((name) => [`http_req_duration{name:${name}}`, name] as const),
  ["wait_for_turn", "join to pass"],
  ["fans_served", "fans served"],
  ["fans_lost", "fans lost"],
  ["first_frames_unheard", "first frames unheard"],
  ["places_that_rose", "places that rose"],
  ["wrong_answers", "wrong answers"],
]);
