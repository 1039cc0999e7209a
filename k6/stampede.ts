/**
 * Thousands join within seconds, follow their place over WebSocket until it is their turn, and buy.
 *
 * A virtual user is many fans, each with its own account, ticket and socket, on one event loop.
 */
import exec from "k6/execution";
import type { Options } from "k6/options";
import { show, summary, TREND_STATS, thresholds } from "./lib/figures.ts";
import { FEW_UNHEARD } from "./lib/place.ts";
import { fanAt, size } from "./lib/stage.ts";
import { pause } from "./lib/time.ts";
import { buy, holdBest, lost, served, takeTurn } from "./lib/visit.ts";

const FANS = size("fans");
const USERS = size("users");
const NAMES = ["join", "claim", "hold", "pay"] as const;

export const options: Options = {
  scenarios: {
    stampede: {
      executor: "per-vu-iterations",
      vus: USERS,
      iterations: 1,
      maxDuration: `${size("mostSeconds")}s`,
      gracefulStop: "1s",
    },
  },
  summaryTrendStats: TREND_STATS,
  thresholds: thresholds(
    {
      ...FEW_UNHEARD,
      ...show(...NAMES.map((name) => `http_req_duration{name:${name}}`)),
      places_that_rose: ["count==0"],
      fans_lost: ["count==0"],
      fans_served: [`count==${FANS}`],
    },
    { "http_req_duration{name:join}": ["p(95)<2000"] },
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
  const turn = await takeTurn(fan, index);
  const held = turn.came ? await holdBest(fan, index, turn.pass, 1) : null;
  if (held && (await buy(fan, index, held))) {
    served.add(1);
    return;
  }
  lost.add(1);
  console.error(
    `fan ${index} was lost: ${turn.came ? "no seat, or no ticket" : `the turn ended as ${turn.end}`}`,
  );
}

export const handleSummary = summary([
  ...NAMES.map((name) => [`http_req_duration{name:${name}}`, name] as const),
  ["place_known", "socket to place"],
  ["wait_for_turn", "join to pass"],
  ["places_told", "places told"],
  ["reconnects", "reconnects"],
  ["payments_undecided", "paid only later"],
  ["fans_served", "fans served"],
  ["fans_lost", "fans lost"],
  ["first_frames_unheard", "first frames unheard"],
  ["places_that_rose", "places that rose"],
  ["wrong_answers", "wrong answers"],
]);
