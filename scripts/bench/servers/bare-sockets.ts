/** Baseline: a WebSocket server of `ws` as its guide shows it, without compression. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import { answerQuestions } from "../frame/child.ts";
import { residentBytes } from "./usage.ts";

answerQuestions({
  async start(): Promise<number> {
    const server = createServer();
    const sockets = new WebSocketServer({ server, perMessageDeflate: false });
    sockets.on("connection", (socket) => {
      socket.on("error", () => socket.terminate());
      socket.on("message", () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", 4_096, resolve));
    return (server.address() as AddressInfo).port;
  },
  "resident bytes": residentBytes,
});
