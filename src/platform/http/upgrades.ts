/**
 * Where HTTP and the WebSocket streams meet: a stream's address that is asked for plainly, and a plain address that is
 * asked for with an upgrade to something else.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Router } from "express";
import { Problem } from "../errors.ts";
import { answerOtherMethods } from "./mount.ts";

/** What a 426 has to say beside its problem. */
export const UPGRADE_HEADERS = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
} as const;

/** Answers who asks for a stream without an upgrade: 426, which says what to ask for. */
export function mountStreamPaths(
  router: Router,
  streams: readonly { readonly name: string; readonly path: RegExp }[],
): void {
  for (const { name, path } of streams) {
    router.get(path, (_request, response) => {
      response.locals.route = name;
      response.set(UPGRADE_HEADERS);
      throw new Problem("UPGRADE_REQUIRED");
    });
    router.all(path, answerOtherMethods(name, ["GET", "HEAD"]));
  }
}

export function asksForWebSocket(request: IncomingMessage): boolean {
  return (request.headers.upgrade ?? "").trim().toLowerCase() === "websocket";
}

/**
 * Answers a request as if it had not asked for an upgrade, which a server may ignore (RFC 9110, 7.8). Java's client and
 * curl, when they may speak HTTP/2, offer `h2c` with every request and expect just that.
 *
 * As soon as anybody listens for upgrades Node takes such a connection away from HTTP, the body unread. So it is given
 * back, and the request with it, written anew without the offer.
 */
export function answerWithoutUpgrade(
  server: Server,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  const { _httpMessage: underWay } = socket as { _httpMessage?: ServerResponse | null };
  if (underWay) {
    // Sent before the last answer was there: answers keep the order of their requests.
    underWay.once("close", () => answerWithoutUpgrade(server, request, socket, head));
    return;
  }
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  const { rawHeaders } = request;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    const value = rawHeaders[index + 1] as string;
    if (/^(upgrade|http2-settings)$/i.test(name)) continue;
    lines.push(`${name}: ${/^connection$/i.test(name) ? withoutOffer(value) : value}`);
  }
  // HTTP adds its own once more with each connection it is given.
  socket.removeAllListeners("timeout");
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), head]));
  server.emit("connection", socket);
}

function withoutOffer(connection: string): string {
  const options = connection.split(",").map((option) => option.trim());
  return options.filter((option) => !/^(upgrade|http2-settings)$/i.test(option)).join(", ") || "keep-alive";
}
