/** Ids of what is made many thousand times a second. */
import { randomFillSync } from "node:crypto";
import { v7 } from "uuid";

const BYTES_EACH = 16;
const pool = new Uint8Array(256 * BYTES_EACH);
let used = pool.length;

/** A UUIDv7. Random bytes are drawn for many at once: a draw costs more than all the rest of an id. */
export function newId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool.subarray(used, used + BYTES_EACH);
  used += BYTES_EACH;
  return v7({ random });
}
