/**
 * One kept HTTP/1.1 connection that has one request under way at a time.
 *
 * It reads no more of an answer than is needed to know its status and its end: a client library would spend more
 * than the servers that are measured. Answers must tell their length; those of our servers and of Express do.
 */
import { connect, type Socket } from "node:net";

export interface Connection {
  send(request: Buffer): void;
  close(): void;
}

const HEAD_END = Buffer.from("\r\n\r\n");
const ZERO = 48;

/** @param answered gets the status of each answer; 0 when the connection was lost. */
export function openConnection(port: number, answered: (status: number) => void): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ port, host: "127.0.0.1", noDelay: true });
    let rest: Buffer | null = null;
    let closed = false;

    socket.on("data", (chunk: Buffer) => {
      const bytes = rest === null ? chunk : Buffer.concat([rest, chunk]);
      const headEnd = bytes.indexOf(HEAD_END);
      const whole =
        headEnd < 0 ? Number.POSITIVE_INFINITY : headEnd + HEAD_END.length + bodyLength(bytes, headEnd);
      if (bytes.length < whole) {
        rest = bytes;
        return;
      }
      rest = null;
      answered(statusOf(bytes));
    });
    socket.once("connect", () =>
      resolve({
        send: (request) => void socket.write(request),
        close() {
          closed = true;
          socket.destroy();
        },
      }),
    );
    socket.once("error", reject);
    socket.once("close", () => {
      if (!closed) answered(0);
    });
  });
}

/** The three digits after `HTTP/1.1 `. */
function statusOf(bytes: Buffer): number {
  const digit = (at: number) => (bytes[at] as number) - ZERO;
  return digit(9) * 100 + digit(10) * 10 + digit(11);
}

function bodyLength(bytes: Buffer, headEnd: number): number {
  const told = /content-length: *(\d+)/i.exec(bytes.toString("latin1", 0, headEnd))?.[1];
  return told === undefined ? 0 : Number(told);
}
