/** Answers every request the same without looking at it: what the load generator can do at most. */
import { type AddressInfo, createServer } from "node:net";
import { answerQuestions } from "../frame/child.ts";

const ANSWER = Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");

const server = createServer({ noDelay: true }, (socket) => {
  socket.on("data", () => void socket.write(ANSWER));
  socket.on("error", () => socket.destroy());
});

answerQuestions({
  start: () =>
    new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", 4_096, () => resolve((server.address() as AddressInfo).port));
    }),
});
