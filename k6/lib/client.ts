/**
 * The API as fans use it. Each call names itself, so that its times stand apart, and says which answers are right;
 * any other is counted and told, and fails the run.
 */

import http, { type RefinedResponse } from "k6/http";
import { Counter } from "k6/metrics";
import { type Fan, facts, gatewayOf } from "./stage.ts";

/** Must stay 0: every scenario has that as a threshold. */
export const wrongAnswers = new Counter("wrong_answers");

const SHOWN = 300;

export interface Answer {
  readonly status: number;
  /** Of a problem; empty otherwise. */
  readonly code: string;
  // biome-ignore lint/suspicious/noExplicitAny: what the API answers
  readonly body: any;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether it is one of those that the caller expected. */
  readonly right: boolean;
}

/** An answer is right by its status, or by status and code, such as `409 SEAT_TAKEN`. */
export type Right = number | `${number} ${string}`;

export interface Call {
  readonly name: string;
  readonly method: "GET" | "POST" | "DELETE" | "PATCH";
  readonly path: string;
  readonly right: readonly Right[];
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Ticket {
  readonly ticketId: string;
  readonly ticket: string;
  readonly state: string;
  readonly epoch: number;
  readonly sequence: number;
  readonly position: number | null;
}

export interface Reservation {
  readonly id: string;
  readonly status: string;
  readonly seats: readonly { readonly id: string; readonly ordinal: number }[];
  readonly tickets?: readonly { readonly code: string }[];
  readonly expiresAt: string;
}

const jsonBody = { "Content-Type": "application/json" };

/** @param index of the fan, which decides the gateway. */
export async function call(fan: Fan | null, index: number, what: Call): Promise<Answer> {
  const { name, method, path, right, body, headers } = what;
  const response = await http.asyncRequest(
    method,
    `${gatewayOf(index)}/api/v1${path}`,
    body ? JSON.stringify(body) : null,
    {
      tags: { name },
      headers: {
        ...(body ? jsonBody : {}),
        ...(fan ? { Authorization: `Bearer ${fan.token}` } : {}),
        ...headers,
      },
      responseCallback: http.expectedStatuses(
        ...new Set(right.map((each) => Number.parseInt(String(each), 10))),
      ),
    },
  );
  return judged(name, right, response);
}

function judged(name: string, right: readonly Right[], response: RefinedResponse<"text">): Answer {
  const text = response.body ?? "";
  const body = parsed(text);
  const code: string = response.status >= 400 ? (body?.code ?? "") : "";
  const isRight = right.includes(response.status) || right.includes(`${response.status} ${code}`);
  if (!isRight) {
    wrongAnswers.add(1, { name, answer: `${response.status} ${code}` });
    const why = body?.detail ?? response.error ?? text.slice(0, SHOWN);
    console.error(`${name} was answered ${response.status} ${code}: ${why}`);
  }
  return { status: response.status, code, body, text, headers: response.headers, right: isRight };
}

// biome-ignore lint/suspicious/noExplicitAny: what the API answers
function parsed(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const TICKETS = `/queues/${facts.queueId}/tickets`;
const HOLDS = `/performances/${facts.performanceId}/reservations`;

export const join = (fan: Fan, index: number, right: readonly Right[] = [201]) =>
  call(fan, index, { name: "join", method: "POST", path: TICKETS, body: {}, right });

export const claim = (fan: Fan, index: number, right: readonly Right[] = [200]) =>
  call(fan, index, { name: "claim", method: "POST", path: `${TICKETS}/me/claim`, right });

export const leave = (fan: Fan, index: number) =>
  call(fan, index, { name: "leave", method: "DELETE", path: `${TICKETS}/me`, right: [204] });

/** @param wanted `{seatIds}` or `{bestAvailable}`. */
export const hold = (
  fan: Fan,
  index: number,
  pass: string,
  wanted: object,
  right: readonly Right[] = [201],
) =>
  call(fan, index, {
    name: "hold",
    method: "POST",
    path: HOLDS,
    body: wanted,
    headers: { "Queue-Pass": pass },
    right,
  });

export const pay = (fan: Fan, index: number, reservationId: string, right: readonly Right[] = [201]) =>
  call(fan, index, {
    name: "pay",
    method: "POST",
    path: `/reservations/${reservationId}/payments`,
    body: { method: { type: "sandbox", card: "success" } },
    headers: { "Idempotency-Key": `${reservationId}-pay` },
    right,
  });

export const readReservation = (fan: Fan, index: number, id: string, right: readonly Right[] = [200]) =>
  call(fan, index, { name: "read reservation", method: "GET", path: `/reservations/${id}`, right });
