/**
 * The seed of a draw, from its making to its publication: kept encrypted, so that whoever reads the database, or a
 * backup of it, can't work out before the draw which tickets it would favour.
 *
 * AES-256-GCM under a key of its own; the queue's id is bound in, so that no seed passes for another queue's.
 */
import { createCipheriv, createDecipheriv, createHash, type KeyObject, randomBytes } from "node:crypto";

const CIPHER = "aes-256-gcm";
const SEED_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export interface SealedSeed {
  /** SHA-256 of the seed. */
  readonly commitment: Buffer;
  readonly sealed: Buffer;
}

export function sealSeed(
  key: KeyObject,
  queueId: string,
  seed: Buffer = randomBytes(SEED_BYTES),
): SealedSeed {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(queueId));
  const hidden = Buffer.concat([cipher.update(seed), cipher.final()]);
  return {
    commitment: createHash("sha256").update(seed).digest(),
    sealed: Buffer.concat([nonce, cipher.getAuthTag(), hidden]),
  };
}

/** @returns null when it was sealed under another key. */
export function openSeal(key: KeyObject, queueId: string, sealed: Buffer): Buffer | null {
  const tagAt = NONCE_BYTES;
  const hiddenAt = NONCE_BYTES + TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, tagAt), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(queueId)).setAuthTag(sealed.subarray(tagAt, hiddenAt));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(hiddenAt)), decipher.final()]);
  } catch {
    return null;
  }
}
