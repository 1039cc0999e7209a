/**
 * Text frames (RFC 6455, 5.2), written to the socket whole.
 *
 * `ws` writes a frame's head and its payload as two buffers behind a cork: two allocations, an options object and a
 * vectored write, which together cost more than the rest of a short message. One string that holds both costs one
 * plain write and no buffer. Between two frames of `ws` (a ping, a close) such a write keeps its place, because `ws`
 * holds nothing back itself as long as nothing is compressed; test/platform/sockets/frame.test.ts watches over that.
 */
import type { Duplex } from "node:stream";

/** FIN and the opcode of a text, as the first byte. */
const TEXT = 0x81;
const SHORT = 125;
const LONG = 0xffff;
/** Heads of the lengths that were met, for most messages are of a few lengths. */
const heads: string[] = [];
const REMEMBERED = 4_096;

/** @returns the head of a text of up to 65,535 bytes, one character a byte. */
function headOf(length: number): string {
  const known = heads[length];
  if (known !== undefined) return known;
  const head =
    length <= SHORT
      ? String.fromCharCode(TEXT, length)
      : String.fromCharCode(TEXT, 126, length >> 8, length & 0xff);
  if (length < REMEMBERED) heads[length] = head;
  return head;
}

/**
 * Writes a text as one frame, if it is plain ASCII and not too long.
 * @returns false when it is neither, and nothing was written.
 */
export function writeAscii(socket: Duplex, text: string): boolean {
  const { length } = text;
  if (length > LONG || Buffer.byteLength(text) !== length) return false;
  socket.write(headOf(length) + text, "latin1");
  return true;
}
