/**
 * WebSocket streams on `ws`: who may open one, how long it lives, how much it may hold up.
 *
 * Streams only push: a client that sends anything but pongs is closed. Credentials come in the subprotocol
 * (`fastpass.v1, token.<jwt>`) or as `?token=`. A refused credential is answered after the handshake by a close
 * code, since a browser can't read the status of a refused upgrade. One timer wheel serves every socket; no
 * socket has a timer of its own. Frames are never compressed: deflate costs more CPU and memory than it saves.
 */
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { Problem } from "../errors.ts";
import { type RawRequest, sendRawProblem } from "../http/raw-problem.ts";
import { requestIdOf } from "../http/request-id.ts";
import { answerWithoutUpgrade, asksForWebSocket, UPGRADE_HEADERS } from "../http/upgrades.ts";
import type { Logger } from "../logger.ts";
import { type Metrics, NO_LABELS } from "../metrics.ts";
import { createSampler } from "../sampler.ts";
import { createTimerWheel, type TimerWheel, type WheelEntry } from "./wheel.ts";

export { createTimerWheel, type TimerWheel, type WheelEntry } from "./wheel.ts";

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

export interface OpenRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly token: string | null;
  /** Of the upgrade; the lines about its socket carry it. */
  readonly requestId: string;
}

export type OpenOutcome =
  | { readonly ok: true; readonly start: (stream: Stream) => void }
  | { readonly ok: false; readonly code: CloseCode; readonly reason: string };

export interface StreamRoute {
  /** Labels the metrics. */
  readonly name: string;
  /** Matched against the whole path; named groups become `params`. */
  readonly path: RegExp;
  /** Decides who may open it. A thrown fault closes the socket with 1013. */
  open(request: OpenRequest): Promise<OpenOutcome> | OpenOutcome;
}

export interface SocketServerOptions {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly routes: readonly StreamRoute[];
  readonly wheel?: TimerWheel;
  /** More are refused with 503. */
  readonly maxConnections?: number;
  readonly heartbeatMs?: number;
}

export interface SocketServer {
  readonly wheel: TimerWheel;
  readonly connections: number;
  /** Tells every client to reconnect (1012), and waits at most two seconds for them to go. */
  close(): Promise<void>;
}

const PROTOCOL = "fastpass.v1";
const MAX_CONNECTIONS = 60_000;
const HEARTBEAT_MS = 25_000;
/** Of streams that closed: after a restart thousands do at once. */
const LINES_A_SECOND = 100;
/** Beyond this much unsent data frames are skipped; only the newest matters. */
const SKIP_ABOVE_BYTES = 16 * 1024;
/** A client that is still behind after so many skipped frames in a row is closed. */
const MAX_SKIPPED = 20;
/** A client that confirms nothing is asked so often, then no more. */
const MAX_UNCONFIRMED = 16;

export function attachSockets(server: Server, options: SocketServerOptions): SocketServer {
  const wheel = options.wheel ?? createTimerWheel();
  const heartbeatMs = options.heartbeatMs ?? HEARTBEAT_MS;
  const maxConnections = options.maxConnections ?? MAX_CONNECTIONS;
  const open = new Set<WebSocket>();
  const acceptor = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: 1024,
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
  });
  const requestIds = new WeakMap<IncomingMessage, string>();
  acceptor.on("headers", (lines, request) => {
    lines.push(`X-Request-Id: ${requestIds.get(request)}`);
  });
  const sampler = createSampler(LINES_A_SECOND);
  let closing = false;
  const unwatch = options.metrics.sockets.buffered.watch(() => {
    let bytes = 0;
    for (const ws of open) bytes += ws.bufferedAmount;
    return [[NO_LABELS, bytes]];
  });

  acceptor.on("wsClientError", (_fault, socket, request) =>
    refuseHandshake(socket, request, askedBy(request, parseTarget(request.url))),
  );

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (!asksForWebSocket(request)) {
      answerWithoutUpgrade(server, request, socket, head);
      return;
    }
    const target = parseTarget(request.url);
    const route = options.routes.find(({ path }) => target && path.test(target.pathname));
    const asked = askedBy(request, target);
    if (!target) sendRawProblem(socket, new Problem("MALFORMED_REQUEST"), asked);
    else if (!route) sendRawProblem(socket, new Problem("NOT_FOUND"), asked);
    else if (closing || open.size >= maxConnections)
      sendRawProblem(socket, new Problem(closing ? "SHUTTING_DOWN" : "BUSY"), asked);
    else {
      const params = { ...route.path.exec(target.pathname)?.groups };
      const token = tokenFrom(request, target.searchParams);
      const requestId = requestIdOf(request.headers);
      requestIds.set(request, requestId);
      acceptor.handleUpgrade(
        request,
        socket,
        head,
        (ws) => void admit(route, { params, token, requestId }, ws),
      );
    }
  }

  async function admit(route: StreamRoute, request: OpenRequest, ws: WebSocket): Promise<void> {
    open.add(ws);
    const label = { stream: route.name };
    options.metrics.sockets.connections.inc(label);
    const openedAt = performance.now();
    const stream = wrap(ws, wheel, heartbeatMs, options.metrics);
    stream.onClose(() => {
      open.delete(ws);
      options.metrics.sockets.connections.dec(label);
    });
    ws.on("close", (code) => {
      if (!options.log.enabled("info")) return;
      const leftOut = sampler.leftOut();
      if (leftOut === null) return;
      const seconds = (performance.now() - openedAt) / 1_000;
      const { requestId } = request;
      options.log.info("stream closed", {
        requestId,
        ...label,
        code,
        seconds,
        ...(leftOut > 0 && { leftOut }),
      });
    });
    try {
      const outcome = await route.open(request);
      if (!outcome.ok) stream.close(outcome.code, outcome.reason);
      else if (stream.isOpen) outcome.start(stream);
    } catch (fault) {
      options.log.warn("stream could not be opened", { requestId: request.requestId, ...label, fault });
      stream.close(CloseCode.tryAgainLater, "try again later");
    }
  }

  server.on("upgrade", upgrade);

  return {
    wheel,
    get connections() {
      return open.size;
    },
    async close() {
      closing = true;
      server.off("upgrade", upgrade);
      for (const ws of open) ws.close(CloseCode.restart, "restart");
      const deadline = performance.now() + 2_000;
      while (open.size > 0 && performance.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 20));
      for (const ws of open) ws.terminate();
      acceptor.close();
      unwatch();
      if (!options.wheel) wheel.stop();
    },
  };
}

function askedBy({ headers }: IncomingMessage, target: URL | null): RawRequest {
  return { path: target?.pathname ?? "/", headers };
}

/** No handshake of RFC 6455, or of a version that nobody speaks any more. */
function refuseHandshake(socket: Duplex, { method, headers }: IncomingMessage, asked: RawRequest): void {
  const version = headers["sec-websocket-version"];
  if (method !== "GET")
    sendRawProblem(socket, new Problem("METHOD_NOT_ALLOWED"), asked, { Allow: "GET, HEAD, OPTIONS" });
  else if (version !== "13" && version !== "8")
    sendRawProblem(socket, new Problem("UPGRADE_REQUIRED"), asked, {
      ...UPGRADE_HEADERS,
      Connection: "Upgrade, close",
    });
  else sendRawProblem(socket, new Problem("MALFORMED_REQUEST"), asked);
}

/** Null for a target that is no URL, such as `//`. */
function parseTarget(url: string | undefined): URL | null {
  try {
    return new URL(url ?? "/", "http://localhost");
  } catch {
    return null;
  }
}

function tokenFrom(request: IncomingMessage, query: URLSearchParams): string | null {
  const offered = request.headers["sec-websocket-protocol"] ?? "";
  for (const protocol of offered.split(",")) {
    const name = protocol.trim();
    if (name.startsWith("token.")) return name.slice("token.".length);
  }
  return query.get("token");
}

function wrap(ws: WebSocket, wheel: TimerWheel, heartbeatMs: number, metrics: Metrics): Stream {
  const closeListeners: (() => void)[] = [];
  const unconfirmed: { readonly number: number; readonly listener: () => void }[] = [];
  let pings = 0;
  let alive = true;
  let skipped = 0;
  let beat: WheelEntry;

  function heartbeat(): void {
    if (!alive) {
      ws.terminate();
      return;
    }
    alive = false;
    ws.ping();
    beat = wheel.schedule(heartbeatMs, heartbeat);
  }
  // The first beat is spread, so that a storm of reconnects does not ping as one for ever after.
  beat = wheel.schedule(heartbeatMs * (0.5 + Math.random() / 2), heartbeat);

  // A pong repeats what its ping said. One for an earlier ping proves nothing of the frames after that.
  ws.on("pong", (said: Buffer) => {
    alive = true;
    const number = said.length === 4 ? said.readUInt32BE() : 0;
    while ((unconfirmed[0]?.number ?? Number.POSITIVE_INFINITY) <= number) unconfirmed.shift()?.listener();
  });
  ws.on("message", (_data: RawData) =>
    stream.close(CloseCode.protocolAbuse, "this stream takes no messages"),
  );
  ws.on("error", () => undefined); // ws itself ends the socket: with a close code when a frame was wrong
  ws.on("close", () => {
    wheel.cancel(beat);
    for (const listener of closeListeners) listener();
  });

  const stream: Stream = {
    send(text) {
      if (ws.readyState !== ws.OPEN) return false;
      if (ws.bufferedAmount > SKIP_ABOVE_BYTES) {
        skipped += 1;
        metrics.sockets.skipped.inc();
        if (skipped > MAX_SKIPPED) stream.close(CloseCode.tooSlow, "too slow");
        return false;
      }
      skipped = 0;
      ws.send(text, { binary: false });
      return true;
    },
    close(code, reason) {
      if (ws.readyState !== ws.OPEN) return;
      metrics.sockets.closed.inc({ code: String(code) });
      ws.close(code, reason);
    },
    onClose: (listener) => void closeListeners.push(listener),
    confirm(listener) {
      if (ws.readyState !== ws.OPEN || unconfirmed.length >= MAX_UNCONFIRMED) return;
      pings += 1;
      unconfirmed.push({ number: pings, listener });
      const said = Buffer.alloc(4);
      said.writeUInt32BE(pings);
      ws.ping(said);
    },
    get isOpen() {
      return ws.readyState === ws.OPEN;
    },
  };
  return stream;
}
