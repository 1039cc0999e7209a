/**
 * The order of a draw: sorted by HMAC-SHA256 of each ticketId under seed ‖ root ‖ public value.
 *
 * The seed was fixed before anybody joined, the root after the last one did: neither alone decides anything.
 */
import { createHmac, createSecretKey } from "node:crypto";
import { createSlices } from "./slices.ts";

/** Names everything that a verifier must do the same way. */
export const ALGORITHM = "fastpass-draw-1";

/** @param beacon mixed in as its UTF-8 bytes; null for none. */
export async function drawOrder(
  { seed, root, beacon }: { seed: Buffer; root: Buffer; beacon: string | null },
  ticketIds: readonly string[],
): Promise<string[]> {
  const key = createSecretKey(Buffer.concat([seed, root, Buffer.from(beacon ?? "")]));
  const pause = createSlices();
  // By the first byte, so that no single sort is long.
  const buckets: [string, string][][] = Array.from({ length: 256 }, () => []);
  for (const ticketId of ticketIds) {
    const mac = createHmac("sha256", key).update(ticketId).digest();
    buckets[mac[0] as number]?.push([mac.toString("latin1"), ticketId]);
    await pause();
  }
  const order: string[] = [];
  for (const bucket of buckets) {
    bucket.sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [, ticketId] of bucket) order.push(ticketId);
    await pause();
  }
  return order;
}
