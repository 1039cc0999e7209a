/**
 * An HTTP server whose requests and responses already have Express's prototypes.
 *
 * Express calls `Object.setPrototypeOf` on every request and response, which on Node 20 costs more than the
 * rest of a small request. Objects constructed with the final prototype leave that call nothing to change.
 * https://github.com/expressjs/express/issues/5998
 */
import http, { type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Express } from "express";
import { type ErrorCode, Problem } from "../errors.ts";
import { sendRawProblem } from "./raw-problem.ts";

type Constructor<T> = abstract new (...args: never[]) => T;

/** How long a client may take, and how often that is looked at. */
export interface RequestTimes {
  readonly headersMs: number;
  readonly requestMs: number;
  readonly lookEveryMs: number;
}

// A body or a header that trickles in holds a socket; nobody honest needs longer.
const TIMES: RequestTimes = { headersMs: 10_000, requestMs: 30_000, lookEveryMs: 30_000 };

/** @param app an Express application without mounted sub-applications (they would switch prototypes again). */
export function createServer(app: Express, times = TIMES): Server {
  const server = http.createServer(
    {
      IncomingMessage: withPrototype<typeof IncomingMessage>(http.IncomingMessage, app.request),
      ServerResponse: withPrototype<typeof ServerResponse>(http.ServerResponse, app.response),
      requestTimeout: times.requestMs,
      headersTimeout: times.headersMs,
      connectionsCheckingInterval: times.lookEveryMs,
      keepAliveTimeout: 65_000,
    },
    app,
  );
  server.on("clientError", answerUnreadable);
  return server;
}

/**
 * From now on each answer is the last of its connection, and says so. A proxy that keeps its connections would go on
 * asking by them until they are cut, with requests under way.
 */
export function endConnections(server: Server): void {
  server.prependListener("request", (_request: IncomingMessage, response: ServerResponse) => {
    response.shouldKeepAlive = false;
  });
}

/** A surge that goes on is not waited for longer than this. */
const LET_IN_WITHIN_MS = 500;

/** Takes those who are connected already and stand in the kernel's queue: the end of the listening would cut them off. */
export async function letIn(server: Server): Promise<void> {
  let came = 0;
  const count = () => {
    came += 1;
  };
  server.on("connection", count);
  const deadline = performance.now() + LET_IN_WITHIN_MS;
  do {
    came = 0;
    // The first one ends the turn that we are in, the second one a whole turn, in which who stands there is taken.
    await nextTurn();
    await nextTurn();
  } while (came > 0 && performance.now() < deadline);
  server.off("connection", count);
}

const UNREADABLE: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: "HEADERS_TOO_LARGE",
  ERR_HTTP_REQUEST_TIMEOUT: "REQUEST_TIMEOUT",
};

interface HttpSocket extends Duplex {
  /** None once the connection was upgraded. */
  readonly parser?: object | null;
  /** The answer under way. */
  readonly _httpMessage?: { readonly headersSent: boolean } | null;
  readonly bytesWritten: number;
}

/** What is no HTTP never reaches Express; it gets the same kind of answer, and its connection ends. */
function answerUnreadable(fault: NodeJS.ErrnoException, socket: HttpSocket): void {
  const { _httpMessage: underWay } = socket;
  if (!socket.writable || fault.code === "ECONNRESET" || underWay?.headersSent) {
    socket.destroy();
    return;
  }
  if (fault.code === "ERR_HTTP_REQUEST_TIMEOUT" && !underWay) refuseIfSilent(socket);
  else sendRawProblem(socket, new Problem(UNREADABLE[fault.code ?? ""] ?? "MALFORMED_REQUEST"));
}

/**
 * Refuses who has not sent a request in time.
 *
 * After this process itself stood still, the clock of the time limit runs out before what has long arrived is read:
 * timers come first in a turn of the event loop. So the turn is ended, and with it the reading, before anybody is
 * blamed. Node forgets the limit once it has told of it, so there is no second chance after this one.
 */
function refuseIfSilent(socket: HttpSocket): void {
  const { bytesWritten } = socket;
  setImmediate(() => {
    const isServed = !socket.parser || socket._httpMessage || socket.bytesWritten > bytesWritten;
    if (!isServed && socket.writable) sendRawProblem(socket, new Problem("REQUEST_TIMEOUT"));
  });
}

/** A constructor that builds with `base` and whose instances have `prototype` from the start. */
function withPrototype<C extends Constructor<object>>(base: C, prototype: object): C {
  // A function, not a class: node:http's constructors must run on `this`, and a class can't swap its prototype.
  function Construct(this: object, ...args: unknown[]): void {
    (base as unknown as (...args: unknown[]) => void).apply(this, args);
  }
  Construct.prototype = prototype;
  return Construct as unknown as C;
}
