/**
 * The position stream: one WebSocket that is opened again whenever it is lost.
 *
 * The first attempt after a loss falls anywhere within the spread the server asked for, so that a crowd whose gateway
 * restarts does not come back as one; later ones wait longer and longer. A line that stays silent for too long counts as
 * lost: a phone that changed its network may never be told.
 */
import type { StreamMessage } from "./types.ts";

export interface StreamOptions {
  readonly path: string;
  /** The signed ticket, read anew at each attempt. */
  ticket(): string;
  /** Over how many seconds to spread the first attempt after a loss. */
  spreadSeconds(): number;
  onMessage(message: StreamMessage): void;
  /** The socket is gone; another attempt is on its way, unless `onRefused` is told too. */
  onLost(): void;
  /** The server does not want this socket: 4401, 4403, 4409. It is not opened again by itself. */
  onRefused(code: number): void;
  /** Several attempts in a row never opened: something between us and the server lets no WebSocket through. */
  onBlocked(): void;
}

export interface PositionStream {
  /** Opens it, at once when it was lost; does nothing while it is open. */
  open(): void;
  readonly isOpen: boolean;
  /** Milliseconds since the last word; infinite before the first. */
  silentForMs(): number;
  close(): void;
}

const DONE = 1000;
const NEVER_AGAIN = new Set([4401, 4403, 4409]);
const BLOCKED_AFTER = 2;
const LONGEST_WAIT_MS = 30_000;
/** In a lobby there may be nothing to tell for long. */
const SILENCE_MS = 90_000;

export function createPositionStream(options: StreamOptions): PositionStream {
  let socket: WebSocket | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let watchdog: ReturnType<typeof setTimeout> | undefined;
  let attempts = 0;
  let neverOpened = 0;
  let heardAt = Number.NEGATIVE_INFINITY;

  function open(): void {
    if (socket) return;
    clearTimeout(retry);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const mine = new WebSocket(`${scheme}://${location.host}${options.path}`, [
      "fastpass.v1",
      `token.${options.ticket()}`,
    ]);
    socket = mine;
    let opened = false;
    mine.onopen = () => {
      opened = true;
      neverOpened = 0;
      watch(SILENCE_MS);
    };
    mine.onmessage = ({ data }) => {
      const message = JSON.parse(String(data)) as StreamMessage;
      attempts = 0;
      heardAt = performance.now();
      watch(message.type === "position" ? message.nextUpdateSeconds * 2_000 + 10_000 : SILENCE_MS);
      options.onMessage(message);
    };
    mine.onclose = ({ code }) => {
      if (socket !== mine) return;
      if (!opened) neverOpened += 1;
      lost(code);
    };
  }

  function lost(code: number): void {
    drop();
    if (code === DONE) return;
    options.onLost();
    if (NEVER_AGAIN.has(code)) options.onRefused(code);
    else if (neverOpened >= BLOCKED_AFTER) options.onBlocked();
    else again();
  }

  function again(): void {
    const spreadMs = options.spreadSeconds() * 1_000;
    const longest = Math.min(Math.max(LONGEST_WAIT_MS, spreadMs), spreadMs * 2 ** attempts);
    attempts += 1;
    clearTimeout(retry);
    retry = setTimeout(open, Math.random() * longest);
  }

  function watch(silenceMs: number): void {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => lost(0), silenceMs);
  }

  function drop(): void {
    clearTimeout(watchdog);
    clearTimeout(retry);
    const old = socket;
    socket = null;
    old?.close();
  }

  return {
    open,
    get isOpen() {
      return socket?.readyState === WebSocket.OPEN;
    },
    silentForMs: () => performance.now() - heardAt,
    close: drop,
  };
}
