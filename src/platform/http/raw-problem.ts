/** A problem for a connection that Express never sees: what is no HTTP, and upgrades that are refused. */
import { type IncomingHttpHeaders, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Problem } from "../errors.ts";
import { requestIdOf } from "./request-id.ts";

/** What is known of the request; nothing of one that could not be read. */
export interface RawRequest {
  /** The path asked for. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

const UNREAD: RawRequest = { path: "/", headers: {} };

/** Answers like any other refusal and ends the connection. */
export function sendRawProblem(
  socket: Duplex,
  problem: Problem,
  { path, headers } = UNREAD,
  more: Readonly<Record<string, string>> = {},
): void {
  const requestId = requestIdOf(headers);
  const body = JSON.stringify(problem.toJSON(path, requestId));
  const retryAfter = problem.retryAfterSeconds;
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `Date: ${new Date().toUTCString()}`,
    "Content-Type: application/problem+json; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Cache-Control: no-store",
    `X-Request-Id: ${requestId}`,
    ...Object.entries({ Connection: "close", ...more }).map(([name, value]) => `${name}: ${value}`),
    ...(retryAfter === null ? [] : [`Retry-After: ${retryAfter}`]),
  ];
  socket.on("error", () => socket.destroy());
  // Such a socket is under no timeout of the HTTP server; one that the other side never closes would stay.
  socket.once("finish", () => socket.destroy());
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
