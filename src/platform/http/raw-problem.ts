/** A problem for a connection that Express never sees: what is no HTTP, and upgrades that are refused. */
import { randomUUID } from "node:crypto";
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Problem } from "../errors.ts";

/** Answers like any other refusal and ends the connection. @param instance the path asked for, where it is known. */
export function sendRawProblem(socket: Duplex, problem: Problem, instance = "/"): void {
  const requestId = randomUUID();
  const body = JSON.stringify(problem.toJSON(instance, requestId));
  const retryAfter = problem.retryAfterSeconds;
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    "Connection: close",
    `Date: ${new Date().toUTCString()}`,
    "Content-Type: application/problem+json; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Cache-Control: no-store",
    `X-Request-Id: ${requestId}`,
    ...(retryAfter === null ? [] : [`Retry-After: ${retryAfter}`]),
  ];
  socket.on("error", () => socket.destroy());
  // Such a socket is under no timeout of the HTTP server; one that the other side never closes would stay.
  socket.once("finish", () => socket.destroy());
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
