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
import { WebSocketServer } from "ws";
import { Problem } from "../errors.ts";
import { type RawRequest, sendRawProblem } from "../http/raw-problem.ts";
import { requestIdOf } from "../http/request-id.ts";
import { answerWithoutUpgrade, asksForWebSocket, UPGRADE_HEADERS } from "../http/upgrades.ts";
import type { Logger } from "../logger.ts";
import { type Metrics, NO_LABELS } from "../metrics.ts";
import { createSampler } from "../sampler.ts";
import { CloseCode, SocketStream, type Stream, StreamSocket, type Surroundings } from "./stream.ts";
import { createTimerWheel, type TimerWheel } from "./wheel.ts";

export { CloseCode, type Stream } from "./stream.ts";
export { createTimerWheel, type TimerWheel, type WheelEntry } from "./wheel.ts";

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

export function attachSockets(server: Server, options: SocketServerOptions): SocketServer {
  const wheel = options.wheel ?? createTimerWheel();
  const routes = options.routes.map((route): Labelled => ({ ...route, label: { stream: route.name } }));
  const maxConnections = options.maxConnections ?? MAX_CONNECTIONS;
  const open = new Set<SocketStream>();
  const acceptor = new WebSocketServer({
    WebSocket: StreamSocket,
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: 1024,
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
  });
  acceptor.on("headers", (lines, { headers }) => {
    lines.push(`X-Request-Id: ${headers["x-request-id"]}`);
  });
  const sampler = createSampler(LINES_A_SECOND);
  let closing = false;
  const unwatch = options.metrics.sockets.buffered.watch(() => {
    let bytes = 0;
    for (const stream of open) bytes += stream.unsentBytes;
    return [[NO_LABELS, bytes]];
  });

  acceptor.on("wsClientError", (_fault, socket, request) =>
    refuseHandshake(socket, request, askedBy(request, parseTarget(request.url))),
  );

  const around: Surroundings = {
    wheel,
    heartbeatMs: options.heartbeatMs ?? HEARTBEAT_MS,
    metrics: options.metrics.sockets,
    ended(stream, code) {
      open.delete(stream);
      options.metrics.sockets.connections.dec(stream.label);
      if (!options.log.enabled("info")) return;
      const leftOut = sampler.leftOut();
      if (leftOut === null) return;
      const { requestId, label, openedAt } = stream;
      const seconds = (performance.now() - openedAt) / 1_000;
      const line = { requestId, ...label, code, seconds, ...(leftOut > 0 && { leftOut }) };
      options.log.info("stream closed", line);
    },
  };

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (!asksForWebSocket(request)) {
      answerWithoutUpgrade(server, request, socket, head);
      return;
    }
    const target = parseTarget(request.url);
    const found = target && findRoute(routes, target.pathname);
    if (!target || !found || closing || open.size >= maxConnections) {
      const busy = closing ? "SHUTTING_DOWN" : "BUSY";
      const why = !target ? "MALFORMED_REQUEST" : !found ? "NOT_FOUND" : busy;
      sendRawProblem(socket, new Problem(why), askedBy(request, target));
      return;
    }
    const { route, params } = found;
    const token = tokenFrom(request, target);
    const requestId = requestIdOf(request.headers);
    // Where the answer to the upgrade finds it.
    request.headers["x-request-id"] = requestId;
    // The answer to the upgrade leaves with the first frame: one write a socket, when thousands come at once.
    socket.cork();
    acceptor.handleUpgrade(request, socket, head, (ws) => {
      const stream = new SocketStream(ws, socket, { requestId, label: route.label }, around);
      void admit(route, { params, token, requestId }, stream);
    });
  }

  async function admit({ open: decide, label }: Labelled, request: OpenRequest, stream: SocketStream) {
    open.add(stream);
    options.metrics.sockets.connections.inc(label);
    try {
      const outcome = await decide(request);
      if (!outcome.ok) stream.close(outcome.code, outcome.reason);
      else if (stream.isOpen) await outcome.start(stream);
    } catch (fault) {
      options.log.warn("stream could not be opened", { requestId: request.requestId, ...label, fault });
      stream.close(CloseCode.tryAgainLater, "try again later");
    } finally {
      stream.release();
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
      for (const stream of open) stream.close(CloseCode.restart, "restart");
      const deadline = performance.now() + 2_000;
      while (open.size > 0 && performance.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 20));
      for (const stream of open) stream.terminate();
      acceptor.close();
      unwatch();
      if (!options.wheel) wheel.stop();
    },
  };
}

type Labelled = StreamRoute & Pick<SocketStream, "label">;

function findRoute(routes: readonly Labelled[], pathname: string) {
  for (const route of routes) {
    const match = route.path.exec(pathname);
    if (match) return { route, params: { ...match.groups } };
  }
  return null;
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

function tokenFrom(request: IncomingMessage, { searchParams }: URL): string | null {
  const offered = request.headers["sec-websocket-protocol"] ?? "";
  for (const protocol of offered.split(",")) {
    const name = protocol.trim();
    if (name.startsWith("token.")) return name.slice("token.".length);
  }
  return searchParams.get("token");
}
