/**
 * The code on a ticket: `FP1.` and 45 base32 characters, which hold the ticket's id (16 bytes) and the first
 * 12 bytes of its HMAC-SHA256.
 *
 * Upper-case base32 and `.` are in the alphanumeric set of QR codes, so a code fits version 3, and it is safe in
 * a URL. 96 bits can't be guessed, and a gate that has the key can tell a forgery without asking anyone.
 */
import { createHmac, type KeyObject, timingSafeEqual } from "node:crypto";
import { parse, stringify } from "uuid";

const PREFIX = "FP1.";
const MAC_BYTES = 12;
const ID_BYTES = 16;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

export function ticketCode(ticketId: string, key: KeyObject): string {
  const id = Buffer.from(parse(ticketId));
  return PREFIX + toBase32(Buffer.concat([id, macOf(id, key)]));
}

/** Upper and lower case are read alike. @returns the ticket's id, or null for a code that this key did not make. */
export function verifyTicketCode(code: string, key: KeyObject): string | null {
  const text = code.trim().toUpperCase();
  if (!text.startsWith(PREFIX)) return null;
  const bytes = fromBase32(text.slice(PREFIX.length));
  if (bytes?.length !== ID_BYTES + MAC_BYTES) return null;
  const id = bytes.subarray(0, ID_BYTES);
  if (!timingSafeEqual(bytes.subarray(ID_BYTES), macOf(id, key))) return null;
  try {
    return stringify(id);
  } catch {
    return null; // signed, but no UUID: not one of ours
  }
}

function macOf(id: Buffer, key: KeyObject): Buffer {
  return createHmac("sha256", key).update("ticket:").update(id).digest().subarray(0, MAC_BYTES);
}

function toBase32(bytes: Buffer): string {
  let text = "";
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += ALPHABET[(held >>> (bits - 5)) & 31];
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? text + ALPHABET[(held << (5 - bits)) & 31] : text;
}

/** @returns null for a character outside the alphabet or for bits that no encoder leaves behind. */
function fromBase32(text: string): Buffer | null {
  const bytes: number[] = [];
  let held = 0;
  let bits = 0;
  for (const character of text) {
    const value = ALPHABET.indexOf(character);
    if (value < 0) return null;
    held = (held << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bytes.push(held >>> (bits - 8));
      bits -= 8;
      held &= (1 << bits) - 1;
    }
  }
  return held === 0 && bits < 5 ? Buffer.from(bytes) : null;
}
