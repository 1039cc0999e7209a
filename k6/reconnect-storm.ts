/** Every socket of a long line breaks at the same instant and comes back: nobody's place gets worse. */
import exec from "k6/execution";
import { Counter, Trend } from "k6/metrics";
import type { Options } from "k6/options";
import { join } from "./lib/client.ts";
import { show, summary, TREND_STATS, thresholds } from "./lib/figures.ts";
import { FEW_UNHEARD, follow, type Place } from "./lib/place.ts";
import { fanAt, size } from "./lib/stage.ts";
import { until } from "./lib/time.ts";

const FANS = size("fans");
const USERS = size("users");

/** From the storm until a fan knows the place again. */
const back = new Trend("place_again", true);
const returned = new Counter("places_again");
const dropped = new Counter("places_ended");

export const options: Options = {
  scenarios: {
    storm: { executor: "per-vu-iterations", vus: USERS, iterations: 1, maxDuration: "10m" },
  },
  summaryTrendStats: TREND_STATS,
  thresholds: thresholds(
    {
      ...FEW_UNHEARD,
      ...show("http_req_duration{name:join}"),
      places_that_rose: ["count==0"],
      places_ended: ["count==0"],
      // One goes in, and follows no place any more.
      places_again: [`count==${(FANS - 1) * size("rounds")}`],
    },
    { place_again: ["p(95)<5000"] },
  ),
};

export default async function crowd(): Promise<void> {
  const mine: Promise<Place | null>[] = [];
  for (let index = exec.vu.idInTest - 1; index < FANS; index += USERS) mine.push(enter(index));
  const places = (await Promise.all(mine)).filter((place) => place !== null);
  for (let round = 0; round < size("rounds"); round += 1) {
    await until(exec.scenario.startTime + size("joinMs") + round * size("roundMs"));
    await Promise.all(places.filter(({ isOver }) => !isOver).map(storm));
  }
  for (const place of places) place.stop();
}

async function enter(index: number): Promise<Place | null> {
  const fan = fanAt(index);
  const joined = await join(fan, index);
  if (!joined.right || joined.body.state === "admitted") return null;
  const place = follow(joined.body, index);
  void place.ended.then((end) => {
    if (end !== "gone" && end !== "admitted") dropped.add(1, { end });
  });
  return place;
}

async function storm(place: Place): Promise<void> {
  const brokeAt = Date.now();
  await place.reconnect();
  back.add(Date.now() - brokeAt);
  returned.add(1);
}

export const handleSummary = summary([
  ["http_req_duration{name:join}", "join"],
  ["place_again", "place known again"],
  ["places_told", "places told"],
  ["places_again", "places kept"],
  ["first_frames_unheard", "first frames unheard"],
  ["places_that_rose", "places that rose"],
  ["wrong_answers", "wrong answers"],
]);
