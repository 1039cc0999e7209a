/** Paying by the sandbox's cards, until the tickets are there or the hold is lost. */
import { randomUUID } from "node:crypto";
import type { Answer } from "./api.ts";
import type { Place } from "./place.ts";
import type { Card } from "./plan.ts";
import {
  clicked,
  type Fan,
  oneEffect,
  type Reservation,
  sleep,
  type TurnResult,
  type World,
} from "./world.ts";

interface Payment {
  readonly id: string;
  readonly status: "succeeded" | "pending" | "failed" | "cancelled";
  readonly reservation: Reservation;
}

const SETTLES_AFTER_SECONDS = 2;
const SETTLED_WITHIN_MS = 60_000;

export async function pay(
  world: World,
  fan: Fan,
  place: Place,
  held: Reservation,
  card: Card,
): Promise<TurnResult> {
  const { ledger } = world;
  let answer = await payBy(world, fan, held, card);
  if (answer.code === "PAYMENT_DECLINED") {
    ledger.count("declined");
    if (card !== "declined") throw world.api.surprise(answer, `by the card ${card}`);
    await sleep(world, fan.random.between(200, 700));
    answer = await payBy(world, fan, held, "success");
  }
  if (
    answer.code === "HOLD_EXPIRED" &&
    Date.now() > Date.parse(held.expiresAt) - world.api.clockOffsetMs - 500
  ) {
    ledger.count("paid too late");
    return "lapsed";
  }
  if (answer.status === 202) {
    ledger.count("undecided at first");
    await decided(world, fan, answer);
  } else if (answer.status !== 201) throw world.api.surprise(answer);
  const { body } = await world.api.call<Reservation>("reservation", {
    method: "GET",
    path: `/reservations/${held.id}`,
    token: fan.account.accessToken,
  });
  if (body.status !== "CONFIRMED") {
    world.complain("who paid has tickets", `reservation ${held.id} is ${body.status}`);
    return "nothing";
  }
  place.story.bought = true;
  ledger.count("paid");
  ledger.count("seats sold", held.seats.length);
  world.purchases.push({
    userId: fan.account.userId,
    reservationId: held.id,
    ordinals: body.seats.map(({ ordinal }) => ordinal),
    totalAmount: body.totalAmount,
    at: Date.now(),
    tickets: body.tickets?.length ?? 0,
  });
  return "bought";
}

async function payBy(world: World, fan: Fan, { id }: Reservation, card: Card): Promise<Answer<Payment>> {
  const key = randomUUID();
  const method = {
    type: "sandbox",
    card,
    ...(card === "undecided" ? { settleAfterSeconds: SETTLES_AFTER_SECONDS } : {}),
  };
  const send = () =>
    // A card whose answer is lost is slow by design; it has a line of its own in the report.
    world.api.call<Payment>(card === "lost_reply" ? "pay, reply lost" : "pay", {
      method: "POST",
      path: `/reservations/${id}/payments`,
      token: fan.account.accessToken,
      headers: { "Idempotency-Key": key },
      body: { method },
    });
  const answers = await clicked(fan.plan.doubles.pay, send);
  return answers.length === 1 ? answers[0] : oneEffect(world, "payments", answers, send);
}

/** Asks as often as it was told to until the provider has decided. */
async function decided(world: World, { account }: Fan, first: Answer<Payment>): Promise<void> {
  const deadline = Date.now() + SETTLED_WITHIN_MS;
  const path = `/payments/${first.body.id}`;
  let waitSeconds = Number(first.headers["retry-after"] ?? 2);
  while (Date.now() < deadline) {
    await sleep(world, waitSeconds * 1_000);
    const answer = await world.api.call<Payment>("payment", {
      method: "GET",
      path,
      token: account.accessToken,
    });
    if (answer.status !== 200) throw world.api.surprise(answer);
    if (answer.body.status === "succeeded") return;
    if (answer.body.status !== "pending") throw world.api.surprise(answer, `it became ${answer.body.status}`);
    waitSeconds = 1;
  }
  throw world.api.surprise(first, `undecided for ${SETTLED_WITHIN_MS / 1_000} s`);
}
