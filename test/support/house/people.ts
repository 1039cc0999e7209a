/** What fans and operators do, over HTTP; each step throws with the answer when it went another way. */
import { randomUUID } from "node:crypto";
import { AssertionError } from "chai";
import { eventually } from "../wait.ts";
import type { Answer, Client } from "./client.ts";

export interface Fan {
  readonly userId: string;
  readonly email: string;
  readonly password: string;
  readonly token: string;
}

export interface Show {
  readonly id: string;
  readonly queueId: string;
  readonly eventId: string;
  /** In ordinal order. */
  readonly seatIds: readonly string[];
  /** The answer of the creation. */
  readonly created: Answer["body"];
}

export interface Inside {
  readonly fan: Fan;
  readonly show: Show;
  readonly ticketId: string;
  /** The signed ticket. */
  readonly ticket: string;
  readonly pass: string;
  readonly passExpiresAt: string;
  readonly fence: number;
}

export interface ShowOptions {
  readonly performance?: object;
  readonly queue?: object;
  readonly sections?: readonly object[];
}

/** An open queue that admits everybody at once, unless the test says otherwise. */
export function newShow({ performance = {}, queue = {}, sections }: ShowOptions = {}): object {
  return {
    startsAt: "2035-05-01T19:30:00.000Z",
    currency: "EUR",
    holdSeconds: 120,
    maxSeatsPerFan: 4,
    sections: sections ?? [{ name: "Floor", rows: 2, seatsPerRow: 10, amount: 9_000, accessibleSeats: 2 }],
    ...performance,
    queue: {
      opensAt: new Date(Date.now() - 600_000).toISOString(),
      ratePerMinute: 6_000,
      maxActive: 500,
      arrivalSeconds: 60,
      sessionSeconds: 600,
      graceSeconds: 60,
      ...queue,
    },
  };
}

export type People = ReturnType<typeof createPeople>;

/** @param client the gateway asked unless a call names another. */
export function createPeople(client: Client, operatorToken: string) {
  const operator = (method: string, path: string, body?: unknown, expect?: number) =>
    client.api(method, `/operator${path}`, { token: operatorToken, body, expect });

  async function makeShow(options?: ShowOptions): Promise<Show> {
    const event = await operator("POST", "/events", { title: "An evening", venue: "The hall" }, 201);
    const path = `/events/${event.body.id}/performances`;
    const { body: created } = await operator("POST", path, newShow(options), 201);
    const { body: layout } = await client.api("GET", `/performances/${created.id}/layout`, { expect: 200 });
    const seatIds = seatsOf(layout).map(({ id }) => id);
    return { id: created.id, queueId: created.queueId, eventId: event.body.id, seatIds, created };
  }

  const join = (fan: Fan, show: Show, at = client) =>
    at.api("POST", `/queues/${show.queueId}/tickets`, { token: fan.token, expect: [200, 201] });
  const ticketOf = (fan: Fan, show: Show, at = client) =>
    at.api("GET", `/queues/${show.queueId}/tickets/me`, { token: fan.token });
  const leave = (fan: Fan, show: Show, at = client) =>
    at.api("DELETE", `/queues/${show.queueId}/tickets/me`, { token: fan.token });
  const claim = (fan: Fan, show: Show, at = client) =>
    at.api("POST", `/queues/${show.queueId}/tickets/me/claim`, { token: fan.token });

  /** Polls, as a client without a socket does, until the ticket is as wanted. */
  async function untilState(fan: Fan, show: Show, state: string, timeoutMs = 8_000): Promise<Answer["body"]> {
    let last = "";
    return eventually(
      async () => {
        const { body } = await ticketOf(fan, show);
        last = body.state ?? body.code;
        return last === state ? body : null;
      },
      { timeoutMs, intervalMs: 100, what: `the state ${state}` },
    ).catch((error: Error) => {
      throw new AssertionError(`${error.message}; the last was ${last}`);
    });
  }

  /** Joins where there is room: admitted at once, or as soon as the commit of it is through on a busy machine. */
  async function admitted(fan: Fan, show: Show, at = client): Promise<Answer["body"]> {
    const { body } = await join(fan, show, at);
    return body.state === "waiting" ? untilState(fan, show, "admitted") : body;
  }

  async function enter(fan: Fan, show: Show, at = client): Promise<Inside> {
    const view = await admitted(fan, show, at);
    const claimed = await claim(fan, show, at);
    if (claimed.status !== 200) throw new AssertionError(`the claim was refused: ${claimed.text}`);
    const { pass, passExpiresAt, fence } = claimed.body;
    return { fan, show, ticketId: view.ticketId, ticket: view.ticket, pass, passExpiresAt, fence };
  }

  /** @param what the body: `seatIds` or `bestAvailable`. */
  const hold = ({ fan, show, pass }: Inside, what: object, more: object = {}, at = client) =>
    at.api("POST", `/performances/${show.id}/reservations`, { token: fan.token, pass, body: what, ...more });
  const pay = (
    fan: Fan,
    reservationId: string,
    method: object | string = "success",
    key: string = randomUUID(),
  ) =>
    client.api("POST", `/reservations/${reservationId}/payments`, {
      token: fan.token,
      idempotencyKey: key,
      body: { method: typeof method === "string" ? { type: "sandbox", card: method } : method },
    });
  const reservation = (fan: Fan, id: string, at = client) =>
    at.api("GET", `/reservations/${id}`, { token: fan.token, expect: 200 });
  const availability = async (show: Show, at = client): Promise<Answer["body"]> =>
    (await at.api("GET", `/performances/${show.id}/availability`, { expect: 200 })).body;

  return {
    operator,
    makeShow,
    join,
    ticketOf,
    leave,
    claim,
    untilState,
    admitted,
    enter,
    hold,
    pay,
    reservation,
    availability,
  };
}

export function seatsOf(layout: Answer["body"]): { id: string; ordinal: number; accessible: boolean }[] {
  const rows = layout.sections.flatMap((section: { rows: { seats: object[] }[] }) => section.rows);
  return rows.flatMap((row: { seats: object[] }) => row.seats);
}

/** `count` strangers. */
export const newEmail = (): string => `stranger-${randomUUID()}@example.org`;
