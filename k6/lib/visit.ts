/** A fan's whole visit: join, follow the place until it is one's turn, claim, hold, pay. */
import { check } from "k6";
import { Counter, Trend } from "k6/metrics";
import { claim, hold, join, pay, type Reservation, readReservation } from "./client.ts";
import { type End, follow } from "./place.ts";
import type { Fan } from "./stage.ts";
import { pause } from "./time.ts";

/** From the join to the claimed pass. */
export const wait = new Trend("wait_for_turn", true);
export const served = new Counter("fans_served");
/** Must stay 0: fans whose place vanished, or whose turn could not be used. */
export const lost = new Counter("fans_lost");

/** Payments that were answered 202, which a gateway does when the provider's answer takes longer than three seconds. */
export const undecided = new Counter("payments_undecided");

const ASK_EVERY_MS = 500;
const SETTLED_WITHIN_MS = 60_000;

export type Turn =
  | { readonly came: true; readonly pass: string }
  | { readonly came: false; readonly end: End | "refused" };

/** Joins and waits, however long it takes. A queue that is sold out is a right answer only when `mayMiss`. */
export async function takeTurn(fan: Fan, index: number, mayMiss = false): Promise<Turn> {
  const joinedAt = Date.now();
  const joined = await join(fan, index, mayMiss ? [201, "409 SOLD_OUT"] : [201]);
  if (joined.status !== 201) return { came: false, end: joined.right ? "sold_out" : "refused" };
  const end = joined.body.state === "admitted" ? "admitted" : await follow(joined.body, index).ended;
  if (end !== "admitted") return { came: false, end };
  const claimed = await claim(fan, index);
  if (!claimed.right) return { came: false, end: "refused" };
  wait.add(Date.now() - joinedAt);
  return { came: true, pass: claimed.body.pass };
}

/** @returns what is held; null when it was not to be had. */
export async function holdBest(
  fan: Fan,
  index: number,
  pass: string,
  quantity: number,
): Promise<Reservation | null> {
  const held = await hold(fan, index, pass, { bestAvailable: { quantity } });
  if (held.status !== 201) return null;
  check(held.body, { "as many seats as asked for": ({ seats }) => seats.length === quantity });
  return held.body;
}

/** Pays and looks whether there is a ticket for each seat. A payment that is undecided yet is waited for. */
export async function buy(fan: Fan, index: number, { id, seats }: Reservation): Promise<boolean> {
  const paid = await pay(fan, index, id, [201, 202]);
  if (!paid.right) return false;
  const reservation = paid.status === 201 ? paid.body.reservation : await settled(fan, index, id);
  return check(reservation, {
    "a ticket for each seat": (bought) =>
      bought.status === "CONFIRMED" && bought.tickets?.length === seats.length,
  });
}

async function settled(fan: Fan, index: number, id: string): Promise<Reservation> {
  undecided.add(1);
  const deadline = Date.now() + SETTLED_WITHIN_MS;
  for (;;) {
    await pause(ASK_EVERY_MS);
    const { body } = await readReservation(fan, index, id);
    if (body.status !== "PAYING" || Date.now() > deadline) return body;
  }
}
