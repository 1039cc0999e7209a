/** A herd asks for the best seats at the same instant: while there are seats, hardly anybody may go away without. */
import exec from "k6/execution";
import { Rate } from "k6/metrics";
import type { Options } from "k6/options";
import { hold } from "./lib/client.ts";
import { show, summary, TREND_STATS, thresholds } from "./lib/figures.ts";
import { fanAt, size } from "./lib/stage.ts";
import { until } from "./lib/time.ts";

const refused = new Rate("refused");
const MOST_SEATS = 4;

export const options: Options = {
  scenarios: {
    herd: {
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
      refused: ["rate<0.05"],
    },
    { "http_req_duration{name:hold}": ["p(95)<1500"] },
  ),
};

export default async function ask(): Promise<void> {
  const index = exec.vu.idInTest - 1;
  const round = exec.vu.iterationInScenario;
  const fan = fanAt(index);
  await until(exec.scenario.startTime + (round + 1) * size("roundMs"));
  const quantity = 1 + ((index + round) % MOST_SEATS);
  const right = [201, "409 SEAT_CONTENDED"] as const;
  const answer = await hold(fan, index, fan.pass ?? "", { bestAvailable: { quantity } }, right);
  refused.add(answer.status !== 201);
}

export const handleSummary = summary([
  ["http_req_duration{name:hold}", "hold"],
  ["http_req_duration{name:hold,status:201}", "  201, held"],
  ["http_req_duration{name:hold,status:409}", "  409, contended"],
  ["refused", "refused"],
  ["wrong_answers", "wrong answers"],
]);
