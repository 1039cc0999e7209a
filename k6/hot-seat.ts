/** Everybody wants the same seat at the same instant, round after round: one gets it, all others hear why not. */
import exec from "k6/execution";
import { Counter } from "k6/metrics";
import type { Options } from "k6/options";
import { hold } from "./lib/client.ts";
import { show, summary, TREND_STATS, thresholds } from "./lib/figures.ts";
import { fanAt, seats, size } from "./lib/stage.ts";
import { until } from "./lib/time.ts";

const winners = new Counter("winners");

export const options: Options = {
  scenarios: {
    volleys: {
      executor: "per-vu-iterations",
      vus: size("users"),
      iterations: size("rounds"),
      maxDuration: "10m",
    },
  },
  summaryTrendStats: TREND_STATS,
  thresholds: thresholds(
    {
      ...show("http_req_duration{name:hold,status:201}", "http_req_duration{name:hold,status:409}"),
      winners: [`count==${size("rounds")}`],
    },
    { "http_req_duration{name:hold}": ["p(95)<500"] },
  ),
};

export default async function volley(): Promise<void> {
  const index = exec.vu.idInTest - 1;
  const round = exec.vu.iterationInScenario;
  const fan = fanAt(index);
  await until(exec.scenario.startTime + (round + 1) * size("roundMs"));
  const right = [201, "409 SEAT_TAKEN", "409 SEAT_CONTENDED"] as const;
  const answer = await hold(fan, index, fan.pass ?? "", { seatIds: [seats[round]] }, right);
  if (answer.status === 201) winners.add(1);
}

export const handleSummary = summary([
  ["http_req_duration{name:hold,status:201}", "winners"],
  ["http_req_duration{name:hold,status:409}", "losers"],
  ["winners", "seats won"],
  ["wrong_answers", "wrong answers"],
]);
