/**
 * WebSockets as fans' pages have them: frames come in, nothing goes out.
 *
 * Only some shake hands at once. Node.js accepts one new connection each time around its event loop, and the kernel
 * keeps the others in line: thousands at once would make everybody who comes later wait for all of them.
 */
import { WebSocket } from "ws";
import type { Ledger } from "./ledger.ts";

export interface StreamHandlers {
  onFrame(frame: Record<string, unknown>): void;
  /** Once, however it ended; `ours` when we closed it. */
  onClose(code: number, ours: boolean): void;
}

export interface ClientStream {
  /** Resolves at the first frame, or with false when it closed before one came. */
  readonly opened: Promise<boolean>;
  close(): void;
}

export interface Streams {
  /** @param name counts its frames in the report. */
  open(url: string, credential: string, name: string, handlers: StreamHandlers): ClientStream;
}

/** Close codes after which a page opens its stream again by itself. */
export const RECONNECT: readonly number[] = [1006, 1012, 1013, 4408];

/** Milliseconds that sockets waited here for their turn to open, which is not charged to the server. */
export const HANDSHAKE_WAIT = "wait for a handshake";

const OPEN_WITHIN_MS = 15_000;

/** @param width how many may shake hands at once. */
export function createStreams(ledger: Ledger, width: number): Streams {
  const waiting: (() => void)[] = [];
  let shaking = 0;

  /** Runs `start` when it is its turn; whoever started says when the handshake is over. */
  function inTurn(start: () => void): void {
    if (shaking < width) {
      shaking += 1;
      start();
    } else waiting.push(start);
  }

  function over(): void {
    const next = waiting.shift();
    // The turn is handed on, not given back.
    if (next) next();
    else shaking -= 1;
  }

  return {
    open(url, credential, name, { onFrame, onClose }) {
      const askedAt = performance.now();
      let socket: WebSocket | null = null;
      let ours = false;
      let settle: (opened: boolean) => void = () => undefined;
      const opened = new Promise<boolean>((resolve) => {
        settle = resolve;
      });

      inTurn(() => {
        if (ours) {
          over();
          return;
        }
        const startedAt = performance.now();
        ledger.sample(HANDSHAKE_WAIT, startedAt - askedAt);
        socket = connect(url, credential);
        let first = true;
        socket.once("open", over);
        socket.on("message", (data: Buffer) => {
          if (ours) return;
          if (first) ledger.sample(`stream:${name}`, performance.now() - startedAt);
          first = false;
          const frame = JSON.parse(data.toString("utf8")) as Record<string, unknown>;
          ledger.count(`frame:${name} ${String(frame.type)}`);
          onFrame(frame);
          settle(true);
        });
        socket.once("close", (code) => {
          if (socket?.listenerCount("open")) over();
          if (!ours) ledger.count(`close:${code}`);
          onClose(code, ours);
          settle(false);
        });
      });

      return {
        opened,
        close() {
          ours = true;
          // A tab that is shut says nothing more; waiting for the other side's goodbye would only keep it open.
          if (socket?.readyState === WebSocket.OPEN) socket.close(1000);
          else if (socket) socket.terminate();
          else settle(false);
        },
      };
    },
  };
}

function connect(url: string, credential: string): WebSocket {
  const socket = new WebSocket(url, ["fastpass.v1", `token.${credential}`], {
    perMessageDeflate: false,
    skipUTF8Validation: true,
    handshakeTimeout: OPEN_WITHIN_MS,
  });
  // Whatever went wrong, a close follows.
  socket.on("error", () => undefined);
  return socket;
}
