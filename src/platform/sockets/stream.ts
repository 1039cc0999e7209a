/** One open socket: what it is sent, whether it is still there, and how much it may hold up. */
import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import type { Metrics } from "../metrics.ts";
import { writeAscii } from "./frame.ts";
import type { TimerWheel, WheelEntry } from "./wheel.ts";

/** Why a socket ends. Clients reconnect by script after 1012 and 4408; never after 4401, 4403 and 4409. */
export const CloseCode = {
  done: 1000,
  protocolAbuse: 1008,
  restart: 1012,
  tryAgainLater: 1013,
  badToken: 4401,
  wrongQueue: 4403,
  tooSlow: 4408,
  replaced: 4409,
} as const;
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/** One open stream as the rooms see it. */
export interface Stream {
  /** False when the client is too far behind and this frame was skipped. */
  send(text: string | Buffer): boolean;
  close(code: CloseCode, reason?: string): void;
  /** Runs when the socket has ended, for whatever reason. */
  onClose(listener: () => void): void;
  /** Runs once when the client has received every frame sent so far; never, when it does not. */
  confirm(listener: () => void): void;
  readonly isOpen: boolean;
}

/** What all sockets of a server share. */
export interface Surroundings {
  readonly wheel: TimerWheel;
  readonly heartbeatMs: number;
  readonly metrics: Metrics["sockets"];
  /** @param code as the client or we said it; 1006 when nobody did. */
  ended(stream: SocketStream, code: number): void;
}

interface Unconfirmed {
  readonly number: number;
  readonly listener: () => void;
}

/** Beyond this much unsent data frames are skipped; only the newest matters. */
const SKIP_ABOVE_BYTES = 16 * 1024;
/** A client that is still behind after so many skipped frames in a row is closed. */
const MAX_SKIPPED = 20;
/** A client that confirms nothing is asked so often, then no more. */
const MAX_UNCONFIRMED = 16;

/** A socket of `ws` that knows its stream, so that one set of listeners serves all of them. */
export class StreamSocket extends WebSocket {
  stream: SocketStream | null = null;
}

/** Fields and shared functions, no closures: there may be 60,000 of these, and a storm makes thousands at once. */
export class SocketStream implements Stream {
  /** Of the upgrade. */
  readonly requestId: string;
  /** Name of the route, as the metrics label it. */
  readonly label: { readonly stream: string };
  readonly openedAt = performance.now();
  private readonly ws: StreamSocket;
  private readonly socket: Duplex;
  private readonly around: Surroundings;
  private readonly closeListeners: (() => void)[] = [];
  private unconfirmed: Unconfirmed[] | null = null;
  private pings = 0;
  private alive = true;
  private skipped = 0;
  private held = true;
  private beat: WheelEntry;

  /** @param socket the corked one under `ws`. */
  constructor(
    ws: StreamSocket,
    socket: Duplex,
    { requestId, label }: Pick<SocketStream, "requestId" | "label">,
    around: Surroundings,
  ) {
    this.ws = ws;
    this.socket = socket;
    this.requestId = requestId;
    this.label = label;
    this.around = around;
    ws.stream = this;
    ws.on("pong", heardPong);
    ws.on("message", heardMessage);
    ws.on("error", ignore);
    ws.on("close", heardClose);
    // The first beat is spread, so that a storm of reconnects does not ping as one for ever after.
    this.beat = around.wheel.schedule(around.heartbeatMs * (0.5 + Math.random() / 2), this.heartbeat);
  }

  get isOpen(): boolean {
    return this.ws.readyState === WebSocket.OPEN;
  }

  get unsentBytes(): number {
    return this.ws.bufferedAmount;
  }

  send(text: string | Buffer): boolean {
    if (!this.isOpen) return false;
    if (this.socket.writableLength > SKIP_ABOVE_BYTES) {
      this.skipped += 1;
      this.around.metrics.skipped.inc();
      if (this.skipped > MAX_SKIPPED) this.close(CloseCode.tooSlow, "too slow");
      return false;
    }
    this.skipped = 0;
    if (typeof text !== "string" || !writeAscii(this.socket, text)) this.ws.send(text, { binary: false });
    return true;
  }

  close(code: CloseCode, reason?: string): void {
    if (!this.isOpen) return;
    this.around.metrics.closed.inc({ code: String(code) });
    this.ws.close(code, reason);
    this.release();
  }

  onClose(listener: () => void): void {
    this.closeListeners.push(listener);
  }

  confirm(listener: () => void): void {
    this.unconfirmed ??= [];
    if (!this.isOpen || this.unconfirmed.length >= MAX_UNCONFIRMED) return;
    this.pings += 1;
    this.unconfirmed.push({ number: this.pings, listener });
    const said = Buffer.alloc(4);
    said.writeUInt32BE(this.pings);
    this.ws.ping(said);
  }

  /** Lets go what has been held back since the upgrade: its answer, and what came first with it, leave together. */
  release(): void {
    if (!this.held) return;
    this.held = false;
    this.socket.uncork();
  }

  terminate(): void {
    this.ws.terminate();
  }

  private readonly heartbeat = (): void => {
    if (!this.alive) {
      this.ws.terminate();
      return;
    }
    this.alive = false;
    this.ws.ping();
    this.beat = this.around.wheel.schedule(this.around.heartbeatMs, this.heartbeat);
  };

  /** A pong repeats what its ping said. One for an earlier ping proves nothing of the frames after that. */
  heard(said: Buffer): void {
    this.alive = true;
    const { unconfirmed } = this;
    if (!unconfirmed) return;
    const number = said.length === 4 ? said.readUInt32BE() : 0;
    while ((unconfirmed[0]?.number ?? Number.POSITIVE_INFINITY) <= number) unconfirmed.shift()?.listener();
  }

  ended(code: number): void {
    this.around.wheel.cancel(this.beat);
    for (const listener of this.closeListeners) listener();
    this.around.ended(this, code);
  }
}

/** `ws` ends the socket itself: with a close code when a frame was wrong. */
const ignore = () => undefined;

function heardPong(this: WebSocket, said: Buffer): void {
  (this as StreamSocket).stream?.heard(said);
}

function heardMessage(this: WebSocket): void {
  (this as StreamSocket).stream?.close(CloseCode.protocolAbuse, "this stream takes no messages");
}

function heardClose(this: WebSocket, code: number): void {
  (this as StreamSocket).stream?.ended(code);
}
