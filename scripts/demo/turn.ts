/** A fan's turn: claims it, looks at the seats, holds some, and pays for them or does not. */
import { randomUUID } from "node:crypto";
import type { Answer } from "./api.ts";
import { chooseSeats } from "./hall.ts";
import { leave, look } from "./line.ts";
import { pay } from "./payment.ts";
import type { Place } from "./place.ts";
import { openSeatView, type SeatView } from "./seat-view.ts";
import {
  clicked,
  type Fan,
  oneEffect,
  type Reservation,
  sleep,
  type TurnResult,
  type World,
} from "./world.ts";

interface Claim {
  readonly pass: string;
  readonly passExpiresAt: string;
  readonly fence: number;
}

interface Turn {
  readonly world: World;
  readonly fan: Fan;
  readonly place: Place;
  readonly pass: string;
  /** Milliseconds since 1970; no hold is tried later. */
  readonly endsAt: number;
  readonly view: SeatView | null;
  /** So few seats are left that nobody gives theirs up. */
  scarce: boolean;
}

/** A request that is under way when a deadline passes may be refused for it. */
const NEAR_MS = 1_500;
/** No feed is opened with a pass that ends within this. */
const LATE_FEED_MS = 1_000;
/** The news that a ticket ended is at most this far behind its refusals. */
const NEWS_MS = 3_000;
/** The seats of a lapsed hold are free long before, and the map shows it soon after. */
const RELEASED_WITHIN_MS = 10_000;
const ON_THE_MAP_MS = 3_000;
/** Times in answers are whole milliseconds. */
const CLOCK_STEP_MS = 5;

export async function takeTurn(world: World, fan: Fan, place: Place, round: number): Promise<TurnResult> {
  const { plan, index } = fan;
  await sleep(world, plan.reactsInMs);
  const claim = await claimTurn(world, fan, place);
  if (!claim) return "nothing";
  const endsAt = Date.parse(claim.passExpiresAt) - world.api.clockOffsetMs;
  let leaving = false;
  const isOver = () => leaving || !place.isLive || Date.now() > endsAt - LATE_FEED_MS;
  const admission = { performanceId: world.performanceId, pass: claim.pass, isOver };
  const view = plan.followsSeats ? openSeatView(world, admission, index) : null;
  const turn: Turn = { world, fan, place, pass: claim.pass, endsAt, view, scarce: false };
  try {
    const held = await holdSeats(turn);
    if (!held) return "nothing";
    const then = turn.scarce || round > 0 ? "pay" : plan.then;
    if (then === "lapse") return await letLapse(turn, held);
    await sleep(world, plan.paysInMs);
    leaving = then !== "cancel_and_pay";
    if (then === "leave") {
      await leave(world, fan, place);
      return "left";
    }
    const wanted = then === "cancel_and_pay" ? await changeMind(turn, held) : held;
    if (!wanted) return "nothing";
    leaving = true;
    return await pay(world, fan, place, wanted, turn.scarce || round > 0 ? "success" : plan.card);
  } finally {
    view?.close();
  }
}

async function claimTurn(world: World, fan: Fan, place: Place): Promise<Claim | null> {
  const { account, plan } = fan;
  const { api, ledger, queueId } = world;
  if (!place.isLive) return null;
  const [answer, twin] = await clicked(plan.doubles.claim, () =>
    api.call<Claim>("claim", {
      method: "POST",
      path: `/queues/${queueId}/tickets/me/claim`,
      token: account.accessToken,
    }),
  );
  if (answer.code === "ADMISSION_EXPIRED") {
    if (await endedMeanwhile(world, fan, place, place.arriveBy ?? 0)) return null;
    throw api.surprise(answer, "claimed in time");
  }
  if (answer.status !== 200) throw api.surprise(answer);
  place.story.claimedAt = Date.now();
  place.story.fence = answer.body.fence;
  ledger.count("arrived");
  if (twin && twin.text !== answer.text)
    world.complain("a double click has one effect", "two claims gave two passes");
  return answer.body;
}

/** Whether a refusal is explained by the ticket's end, or by a deadline that was near. */
async function endedMeanwhile(world: World, fan: Fan, place: Place, deadline: number): Promise<boolean> {
  if (Date.now() > deadline - NEAR_MS) return true;
  const until = Date.now() + NEWS_MS;
  while (place.isLive && Date.now() < until) {
    await place.changed(NEWS_MS / 4);
    // The stream may not be open; the view knows as well.
    if (place.isLive) await look(world, fan, place);
  }
  return !place.isLive;
}

async function holdSeats(turn: Turn): Promise<Reservation | null> {
  const { world, fan, place, endsAt } = turn;
  const { plan, random } = fan;
  let quantity = plan.quantity;
  let adjacent = plan.chooses === "best";
  let patience = plan.choosesInMs;
  while (place.isLive && Date.now() < endsAt - NEAR_MS / 2) {
    const letters = await lookAtSeats(turn);
    const chosen = chooseSeats(world.hall, letters, { quantity, taste: plan.taste }, random);
    if (chosen.length === 0) {
      await sleep(world, random.between(300, 900));
      continue;
    }
    await sleep(world, patience);
    patience = plan.choosesInMs / 3;
    // Taken under one's eyes: on to the next ones.
    const now = turn.view?.letters;
    if (now && !adjacent && chosen.some((ordinal) => now[ordinal] !== "A")) continue;
    const body = adjacent
      ? { bestAvailable: { quantity } }
      : { seatIds: chosen.map((ordinal) => world.hall.ids[ordinal]) };
    const answer = await requestHold(turn, body);
    if (answer.status === 201) return accepted(turn, answer, adjacent ? null : chosen);
    if (answer.code === "NO_ADJACENT_SEATS") {
      // What is left lies apart, or is kept for wheelchairs: then it takes a look at the map.
      adjacent = quantity > 1;
      quantity = Math.max(1, quantity - 1);
    } else if (answer.code === "SEAT_CONTENDED") await sleep(world, random.between(30, 200));
    else if (answer.code === "PASS_EXPIRED" || answer.code === "PASS_REVOKED") {
      if (await endedMeanwhile(world, fan, place, endsAt)) return null;
      throw world.api.surprise(answer, "with a session that lives");
    } else if (answer.code !== "SEAT_TAKEN") throw world.api.surprise(answer);
    world.ledger.count("holds refused");
  }
  return null;
}

async function lookAtSeats(turn: Turn): Promise<string> {
  const { world } = turn;
  const { seats } = (
    await world.api.call<{ seats: string }>("availability", {
      method: "GET",
      path: `/performances/${world.performanceId}/availability`,
    })
  ).body;
  let left = 0;
  for (const letter of seats) if (letter === "A" || letter === "H") left += 1;
  turn.scarce = left <= Math.max(24, seats.length * 0.05);
  // The screen of who follows the feed shows what the feed said.
  return turn.view?.letters ?? seats;
}

async function requestHold(turn: Turn, body: object): Promise<Answer<Reservation>> {
  const { world, fan, pass } = turn;
  const key = randomUUID();
  const send = () =>
    world.api.call<Reservation>("hold", {
      method: "POST",
      path: `/performances/${world.performanceId}/reservations`,
      token: fan.account.accessToken,
      headers: { "Queue-Pass": pass, "Idempotency-Key": key },
      body,
    });
  const answers = await clicked(fan.plan.doubles.hold, send);
  if (answers.length === 1) return answers[0];
  return oneEffect(world, "holds", answers, send);
}

function accepted(
  { world }: Turn,
  { body }: Answer<Reservation>,
  chosen: readonly number[] | null,
): Reservation {
  const ordinals = body.seats.map(({ ordinal }) => ordinal).sort((a, b) => a - b);
  const price = ordinals.reduce((sum, ordinal) => sum + (world.hall.amounts[ordinal] ?? Number.NaN), 0);
  if (
    price !== body.totalAmount ||
    (chosen && ordinals.join() !== [...chosen].sort((a, b) => a - b).join())
  ) {
    world.complain(
      "holds are what was asked for",
      `reservation ${body.id} is ${ordinals.join()} for ${body.totalAmount}`,
    );
  }
  world.ledger.count("holds");
  return body;
}

/** Gives the seats back and takes others. */
async function changeMind(turn: Turn, held: Reservation): Promise<Reservation | null> {
  const { world, fan } = turn;
  const answer = await world.api.call("cancel", {
    method: "DELETE",
    path: `/reservations/${held.id}`,
    token: fan.account.accessToken,
  });
  if (answer.status !== 204) throw world.api.surprise(answer);
  world.ledger.count("cancelled");
  return holdSeats(turn);
}

/** Watches the clock run out, and the seats turn free on the map. */
async function letLapse({ world, fan, view }: Turn, held: Reservation): Promise<TurnResult> {
  const { api, ledger } = world;
  const ordinals = held.seats.map(({ ordinal }) => ordinal);
  const deadline = Date.parse(held.expiresAt) - api.clockOffsetMs;
  let freedAt = (await view?.freed(ordinals, deadline + ON_THE_MAP_MS - Date.now())) ?? null;
  // The map may still be telling how the seats became free for this very hold.
  while (
    freedAt !== null &&
    freedAt < deadline - CLOCK_STEP_MS &&
    (await statusOf(world, fan, held)) === "HELD"
  )
    freedAt = (await view?.freed(ordinals, deadline + ON_THE_MAP_MS - Date.now())) ?? null;
  // When another fan takes them within the same quarter of a second, the map never shows them free.
  if (freedAt === null) ledger.count("lapses not seen on the map");
  else if (freedAt < deadline - CLOCK_STEP_MS)
    world.complain("holds last as long as promised", `${held.id} ended ${deadline - freedAt} ms early`);
  else ledger.sample("release lag", Math.max(0, freedAt - deadline));
  while ((await statusOf(world, fan, held)) !== "EXPIRED") {
    if (Date.now() > deadline + RELEASED_WITHIN_MS) {
      world.complain("holds last as long as promised", `${held.id} lives on after its deadline`);
      break;
    }
    await sleep(world, Math.max(200, deadline - Date.now()));
  }
  ledger.count("lapsed");
  return "lapsed";
}

async function statusOf({ api }: World, { account }: Fan, { id }: Reservation): Promise<string> {
  const path = `/reservations/${id}`;
  const answer = await api.call<Reservation>("reservation", {
    method: "GET",
    path,
    token: account.accessToken,
  });
  if (answer.status !== 200) throw api.surprise(answer);
  return answer.body.status;
}
