/**
 * One WebSocket client on a raw socket: it counts frames, answers pings and keeps what it must.
 *
 * A full client library would cost more than the server under test, for 10,000 sockets in one process.
 */
import { connect, type Socket } from "node:net";

export interface StreamClient {
  close(): void;
}

export interface StreamListener {
  /** The upgrade was answered with 101. */
  opened(): void;
  /** A text frame. */
  frame(payload: Buffer): void;
  /** @param why the server's close code, or the status of a refused upgrade; empty when it said nothing. */
  closed(why: string): void;
}

export interface StreamTarget {
  readonly port: number;
  readonly path: string;
  readonly token: string | null;
  /** One source address has 28,000 ports. */
  readonly localAddress: string;
}

const HEAD_END = "\r\n\r\n";
const TEXT = 0x1;
const CLOSE = 0x8;
const PING = 0x9;
/** A masked pong without payload, masked with zeroes. */
const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

export function openStream(target: StreamTarget, listener: StreamListener): StreamClient {
  const { port, path, token, localAddress } = target;
  const socket: Socket = connect({ port, host: "127.0.0.1", localAddress, noDelay: true });
  let rest: Buffer | null = null;
  let upgraded = false;
  let why = "";

  socket.on("connect", () => {
    const protocol = token === null ? "" : `Sec-WebSocket-Protocol: fastpass.v1, token.${token}\r\n`;
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${protocol}\r\n`,
    );
  });
  socket.on("data", (chunk: Buffer) => {
    let bytes = rest === null ? chunk : Buffer.concat([rest, chunk]);
    rest = null;
    if (!upgraded) {
      const headEnd = bytes.indexOf(HEAD_END);
      if (headEnd < 0) {
        rest = bytes;
        return;
      }
      const status = bytes.toString("latin1", 9, 12);
      if (status !== "101") {
        why = status;
        socket.destroy();
        return;
      }
      upgraded = true;
      bytes = bytes.subarray(headEnd + HEAD_END.length);
      listener.opened();
    }
    const used = readFrames(bytes, (opcode, payload) => {
      if (opcode === TEXT) listener.frame(payload);
      else if (opcode === PING) socket.write(PONG);
      else if (opcode === CLOSE && payload.length >= 2) why = String(payload.readUInt16BE(0));
    });
    if (used < bytes.length) rest = bytes.subarray(used);
  });
  socket.on("error", (fault: NodeJS.ErrnoException) => {
    why = fault.code ?? fault.message;
    socket.destroy();
  });
  socket.on("close", () => listener.closed(why));
  return { close: () => socket.destroy() };
}

/** Reads whole frames of a server, which are never masked. @returns how many bytes they took. */
function readFrames(bytes: Buffer, each: (opcode: number, payload: Buffer) => void): number {
  let at = 0;
  while (at + 2 <= bytes.length) {
    let length = (bytes[at + 1] as number) & 0x7f;
    let from = at + 2;
    if (length === 126) {
      if (from + 2 > bytes.length) break;
      length = bytes.readUInt16BE(from);
      from += 2;
    } else if (length === 127) {
      if (from + 8 > bytes.length) break;
      length = Number(bytes.readBigUInt64BE(from));
      from += 8;
    }
    if (from + length > bytes.length) break;
    each((bytes[at] as number) & 0x0f, bytes.subarray(from, from + length));
    at = from + length;
  }
  return at;
}
