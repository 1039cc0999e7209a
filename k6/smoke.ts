/** A few fans go the whole way, and look at everything on it: does it work at all, and as the contract says? */
import { check } from "k6";
import exec from "k6/execution";
import type { Options } from "k6/options";
import { call, hold, leave, pay, readReservation } from "./lib/client.ts";
import { show, summary, TREND_STATS, thresholds } from "./lib/figures.ts";
import { FEW_UNHEARD } from "./lib/place.ts";
import { facts, fanAt, seats, size } from "./lib/stage.ts";
import { buy, holdBest, takeTurn } from "./lib/visit.ts";

const NAMES = ["join", "claim", "hold", "pay", "cancel", "refund", "availability", "queue"] as const;

export const options: Options = {
  scenarios: {
    visits: { executor: "per-vu-iterations", vus: size("users"), iterations: 1, maxDuration: "60s" },
  },
  summaryTrendStats: TREND_STATS,
  thresholds: thresholds(
    {
      ...FEW_UNHEARD,
      ...show(...NAMES.map((name) => `http_req_duration{name:${name}}`)),
      places_that_rose: ["count==0"],
    },
    { http_req_duration: ["p(95)<1500"] },
  ),
};

export default async function visit(): Promise<void> {
  const index = exec.vu.idInTest - 1;
  const fan = fanAt(index);
  await lookAround(index);
  const turn = await takeTurn(fan, index);
  check(turn, { "every fan's turn comes": ({ came }) => came });
  if (!turn.came) return;
  const seat = seats[seats.length - 1 - index] as string;
  const named = await hold(fan, index, turn.pass, { seatIds: [seat] });
  const other = fanAt((index + 1) % size("users"));
  await hold(other, index, turn.pass, { seatIds: [seat] }, ["403 PASS_REQUIRED"]);
  await hold(fan, index, turn.pass, { seatIds: [seat, seat] }, ["400 VALIDATION_FAILED"]);
  const id: string = named.body.id;
  await call(fan, index, { name: "cancel", method: "DELETE", path: `/reservations/${id}`, right: [204] });
  const cancelled = await readReservation(fan, index, id);
  check(cancelled.body, { "a cancelled hold is CANCELLED": ({ status }) => status === "CANCELLED" });
  const held = await holdBest(fan, index, turn.pass, 2);
  if (!held || !(await buy(fan, index, held))) return;
  const again = await pay(fan, index, held.id);
  check(again.headers, {
    "paying twice is paying once": (headers) => headers["Idempotent-Replayed"] === "true",
  });
  await readReservation(other, index, held.id, ["404 NOT_FOUND"]);
  await call(fan, index, {
    name: "refund",
    method: "POST",
    path: `/reservations/${held.id}/refunds`,
    body: {},
    headers: { "Idempotency-Key": `${held.id}-refund` },
    right: [201],
  });
  await leave(fan, index);
}

async function lookAround(index: number): Promise<void> {
  const see = (name: string, path: string) => call(null, index, { name, method: "GET", path, right: [200] });
  const event = await see("event", `/events/${facts.eventId}`);
  check(event.body, { "the event has its performance": ({ performances }) => performances.length === 1 });
  await see("layout", `/performances/${facts.performanceId}/layout`);
  const { body } = await see("availability", `/performances/${facts.performanceId}/availability`);
  check(body, { "availability has a letter a seat": (map) => map.seats.length === seats.length });
  const queue = await see("queue", `/queues/${facts.queueId}`);
  check(queue.body, { "the queue is open": ({ phase }) => phase === "open" });
  await call(null, index, { name: "nobody", method: "GET", path: "/me", right: [401] });
}

export const handleSummary = summary([
  ...NAMES.map((name) => [`http_req_duration{name:${name}}`, name] as const),
  ["wait_for_turn", "join to pass"],
  ["first_frames_unheard", "first frames unheard"],
  ["wrong_answers", "wrong answers"],
  ["checks", "checks"],
]);
