/**
 * One fan's place in one line: asked for, joined, followed, left.
 *
 * What is heard over the stream and what is asked by HTTP meet in one state, which model.ts keeps from ever going back.
 * Where no WebSocket gets through, the place is polled as the server asks; the stream is tried again every minute.
 */
import { ApiError, callApi, callPublic } from "../app/api.ts";
import { serverClock } from "../app/clock.ts";
import { type Claim, claimTurn } from "../app/passes.ts";
import { session } from "../app/session.ts";
import { createStore, type Store } from "../app/store.ts";
import { isLive, NO_PLACE, type Place, withMessage, withStatus, withTicket } from "./model.ts";
import { createPositionStream } from "./stream.ts";
import { forgetTicket, keepTicket, keptTicket } from "./ticket-storage.ts";
import type { QueueStatus, TicketView } from "./types.ts";

/** `live`: told as it changes. `polling`: asked every few seconds. `lost`: what is shown is old. */
export type Connection = "idle" | "connecting" | "live" | "polling" | "lost" | "replaced";

export interface Line {
  readonly place: Store<Place>;
  readonly connection: Store<Connection>;
  /** Asks how things stand; the first time, and when a page wants to try again. @throws ApiError */
  look(): Promise<void>;
  /** Repeats itself for as long as the server is too busy. @throws ApiError for any other refusal. */
  join(): Promise<void>;
  /** @throws ApiError */
  leave(): Promise<void>;
  /** Takes the turn. @throws ApiError */
  claim(): Promise<Claim>;
  /** The page is looked at again, or the network is back: nothing shown may be older than now. */
  catchUp(): void;
  /** The network is gone: at once, because a socket notices only much later. */
  lose(): void;
  close(): void;
}

const STATUS_WITH_TICKET_MS = 60_000;
const STATUS_ALONE_MS = 12_000;
const STREAM_AGAIN_MS = 60_000;
const FRESH_MS = 3_000;

export function createLine(queueId: string): Line {
  const place = createStore<Place>(NO_PLACE);
  const connection = createStore<Connection>("idle");
  const path = `/queues/${queueId}`;
  let closed = false;
  /** The last question had no answer: then the sockets failed for the same reason, and not because they are blocked. */
  let wasAway = false;
  let pollTimer: ReturnType<typeof setTimeout> | undefined;
  let statusTimer: ReturnType<typeof setTimeout> | undefined;

  const update = (change: (now: Place) => Place) => {
    if (closed) return;
    place.set(change(place.get()));
    const { ticket } = place.get();
    if (ticket) keepTicket(queueId, ticket.ticket);
  };

  const stream = createPositionStream({
    path: `/ws/v1${path}`,
    ticket: () => place.get().ticket?.ticket ?? keptTicket(queueId) ?? "",
    spreadSeconds: () => place.get().ticket?.reconnectSpreadSeconds ?? 1,
    onMessage(message) {
      clearTimeout(pollTimer);
      connection.set("live");
      update((now) => withMessage(now, message));
      if (message.type === "ended") connection.set("idle");
    },
    onLost: () => connection.set("lost"),
    onRefused(code) {
      if (code === 4409) connection.set("replaced");
      // The ticket may be of another session or an epoch that is over; the account knows better.
      else void poll();
    },
    onBlocked: () => void poll(),
  });

  function follow(): void {
    if (closed || place.get().ended || !isLive(place.get().ticket)) return;
    if (connection.get() === "idle") connection.set("connecting");
    stream.open();
  }

  async function readStatus(): Promise<void> {
    const status = await callPublic<QueueStatus>("GET", path);
    update((now) => withStatus(now, status));
  }

  /** @returns whether this account has a place. */
  async function readTicket(): Promise<boolean> {
    try {
      const view = await callApi<TicketView>("GET", `${path}/tickets/me`);
      update((now) => withTicket(now, view));
      return true;
    } catch (error) {
      if (error instanceof ApiError && (error.code === "NO_TICKET" || error.code === "UNAUTHENTICATED"))
        return false;
      throw error;
    }
  }

  /** Asks for the place until a stream takes over. */
  async function poll(): Promise<void> {
    clearTimeout(pollTimer);
    let waitMs = 5_000;
    try {
      const has = await readTicket();
      if (closed) return;
      if (!has || !isLive(place.get().ticket)) {
        if (!has) update((now) => ({ ...now, ticket: null }));
        connection.set("idle");
        return;
      }
      connection.set("polling");
      if (wasAway) {
        wasAway = false;
        tryStream();
        return;
      }
      waitMs = (place.get().ticket?.pollAfterSeconds ?? 5) * 1_000;
    } catch (error) {
      if (closed) return;
      connection.set("lost");
      wasAway = true;
      waitMs = ((error as ApiError).retryAfterSeconds ?? 2) * 1_000 * (1 + Math.random());
    }
    const since = lastStreamTry;
    pollTimer = setTimeout(() => {
      if (performance.now() - since > STREAM_AGAIN_MS) tryStream();
      else void poll();
    }, waitMs);
  }

  let lastStreamTry = performance.now();
  function tryStream(): void {
    lastStreamTry = performance.now();
    follow();
    // Should it not open, polling goes on.
    pollTimer = setTimeout(() => void poll(), 5_000);
  }

  /** Less often with a place, whose stream tells most of it; never while nobody looks. */
  function scheduleStatus(): void {
    clearTimeout(statusTimer);
    if (closed) return;
    const period = isLive(place.get().ticket) ? STATUS_WITH_TICKET_MS : STATUS_ALONE_MS;
    statusTimer = setTimeout(
      () => {
        if (document.hidden) scheduleStatus();
        else
          void readStatus()
            .catch(() => undefined)
            .finally(scheduleStatus);
      },
      untilNext(place.get().status, period) * (1 + Math.random() * 0.3),
    );
  }

  async function joinOnce(): Promise<void> {
    const ticket = keptTicket(queueId);
    const view = await callApi<TicketView>("POST", `${path}/tickets`, { body: ticket ? { ticket } : {} });
    update((now) => withTicket({ ...now, ended: null, expiry: null, ticket: null }, view));
  }

  return {
    place,
    connection,
    async look() {
      try {
        await readStatus();
        if (session.get().status !== "out") await readTicket();
      } catch (error) {
        // The stream needs the ticket alone: with one at hand the place can be followed while the API is away.
        if (place.get().status === null || keptTicket(queueId) === null) throw error;
        connection.set("connecting");
        stream.open();
      } finally {
        scheduleStatus();
      }
      follow();
    },
    async join() {
      for (;;) {
        try {
          await joinOnce();
          scheduleStatus();
          follow();
          return;
        } catch (error) {
          if (closed || !(error instanceof ApiError) || error.status !== 503) throw error;
          await pause((error.retryAfterSeconds ?? 1) * 1_000 * (1 + Math.random()));
        }
      }
    },
    async leave() {
      await callApi("DELETE", `${path}/tickets/me`);
      stream.close();
      clearTimeout(pollTimer);
      forgetTicket(queueId);
      connection.set("idle");
      place.set({ ...place.get(), ticket: null, ended: null });
    },
    claim: () => claimTurn(queueId),
    catchUp() {
      if (closed || connection.get() === "replaced") return;
      if (connection.get() === "polling") void poll();
      else if (!stream.isOpen) follow();
      else if (stream.silentForMs() > FRESH_MS) void readTicket().catch(() => undefined);
      void readStatus().catch(() => undefined);
    },
    lose() {
      if (!isLive(place.get().ticket)) return;
      stream.close();
      clearTimeout(pollTimer);
      connection.set("lost");
    },
    close() {
      closed = true;
      stream.close();
      clearTimeout(pollTimer);
      clearTimeout(statusTimer);
    },
  };
}

/** At the next change of phase that is known beforehand, should it come before the period is over. */
function untilNext(status: QueueStatus | null, periodMs: number): number {
  const now = serverClock.now();
  const changes = [status?.lobbyOpensAt, status?.opensAt, status?.closesAt]
    .map((at) => Date.parse(at ?? "") - now + 300)
    .filter((left) => left > 0);
  return Math.min(periodMs, ...changes);
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
