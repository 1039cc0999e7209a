/**
 * The Merkle tree over the list of a draw, as RFC 9162 (section 2.1) defines it: a leaf is hashed behind a 0 byte, a
 * node behind a 1, and a list is split at the greatest power of two below its length.
 *
 * The list is kept in parts of 1,024. Each part is a subtree and the root is the tree over the parts' roots, so a
 * proof needs one part and those roots, not the whole list.
 */
import { createHash } from "node:crypto";

export const PART_SIZE = 1_024;

const LEAF = Buffer.of(0);
const NODE = Buffer.of(1);

const hash = (...parts: (Buffer | string)[]): Buffer => {
  const sha = createHash("sha256");
  for (const part of parts) sha.update(part);
  return sha.digest();
};

export const leafHash = (ticketId: string): Buffer => hash(LEAF, ticketId);

/** @returns the root over hashes; SHA-256 of nothing for none. */
export function rootOf(hashes: readonly Buffer[]): Buffer {
  if (hashes.length === 0) return hash();
  return subroot(hashes, 0, hashes.length);
}

/** @returns the hashes beside the way from a hash to the root, the nearest first. */
export function pathOf(hashes: readonly Buffer[], index: number): Buffer[] {
  const path: Buffer[] = [];
  let [from, to] = [0, hashes.length];
  while (to - from > 1) {
    const middle = from + splitAt(to - from);
    if (index < middle) {
      path.push(subroot(hashes, middle, to));
      to = middle;
    } else {
      path.push(subroot(hashes, from, middle));
      from = middle;
    }
  }
  return path.reverse();
}

function subroot(hashes: readonly Buffer[], from: number, to: number): Buffer {
  if (to - from === 1) return hashes[from] as Buffer;
  const middle = from + splitAt(to - from);
  return hash(NODE, subroot(hashes, from, middle), subroot(hashes, middle, to));
}

/** The greatest power of two below a size of two or more. */
function splitAt(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}
