/**
 * An HTTP server whose requests and responses already have Express's prototypes.
 *
 * Express calls `Object.setPrototypeOf` on every request and response, which on Node 20 costs more than the
 * rest of a small request. Objects constructed with the final prototype leave that call nothing to change.
 * https://github.com/expressjs/express/issues/5998
 */
import http, { type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Express } from "express";
import { type ErrorCode, Problem } from "../errors.ts";
import { sendRawProblem } from "./raw-problem.ts";

type Constructor<T> = abstract new (...args: never[]) => T;

/** @param app an Express application without mounted sub-applications (they would switch prototypes again). */
export function createServer(app: Express): Server {
  const server = http.createServer(
    {
      IncomingMessage: withPrototype<typeof IncomingMessage>(http.IncomingMessage, app.request),
      ServerResponse: withPrototype<typeof ServerResponse>(http.ServerResponse, app.response),
      // A body or a header that trickles in holds a socket; nobody honest needs longer.
      requestTimeout: 30_000,
      headersTimeout: 10_000,
      keepAliveTimeout: 65_000,
    },
    app,
  );
  server.on("clientError", answerUnreadable);
  return server;
}

const UNREADABLE: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: "HEADERS_TOO_LARGE",
  ERR_HTTP_REQUEST_TIMEOUT: "REQUEST_TIMEOUT",
};

/** What is no HTTP never reaches Express; it gets the same kind of answer, and its connection ends. */
function answerUnreadable(fault: NodeJS.ErrnoException, socket: Duplex): void {
  const { _httpMessage: underWay } = socket as { _httpMessage?: { headersSent: boolean } };
  if (!socket.writable || fault.code === "ECONNRESET" || underWay?.headersSent) {
    socket.destroy();
    return;
  }
  sendRawProblem(socket, new Problem(UNREADABLE[fault.code ?? ""] ?? "MALFORMED_REQUEST"));
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
