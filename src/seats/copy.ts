/** A gateway's copy of one performance's availability: takes deltas in order, and keeps what it sends ready made. */
import { createHash } from "node:crypto";
import { changesOf, type FeedMessage } from "./delta.ts";
import { createLetters, type Letters } from "./letters.ts";
import type { SeatCounts } from "./ports.ts";
import type { Position } from "./store.ts";

export interface Snapshot extends Position {
  readonly letters: string;
  /** Milliseconds of Redis time. */
  readonly asOf: number;
}

/**
 * `changed`: it was the next delta. `confirmed`: nothing new, but later. `known`: older than the copy, as happens
 * just after a load. `gap`: the copy must be loaded anew.
 */
export type Taken = "changed" | "confirmed" | "known" | "gap";

export interface Copy extends Position {
  readonly asOf: number;
  readonly counts: SeatCounts;
  /**
   * Weak: `asOf` moves on by itself. A copy read past the store has no position of its own, so its tag is made
   * of the seats.
   */
  readonly etag: string;
  take(message: FeedMessage): Taken;
  /** The answer to `GET availability`. */
  body(): Buffer;
  /** The first frame of a stream. */
  snapshotFrame(): Buffer;
  isOf(letters: string): boolean;
}

/** The epoch of what was read from the database because there is no copy yet. No copy ever has it. */
export const NO_EPOCH = 0;

export function createCopy(snapshot: Snapshot): Copy {
  const letters = createLetters(snapshot.letters);
  const { epoch } = snapshot;
  let { seq, asOf } = snapshot;
  let body: Buffer | null = null;
  let frame: Buffer | null = null;

  function apply(message: FeedMessage, delta: string): Taken {
    if (!applyChanges(letters, delta)) return "gap";
    seq = message.seq;
    asOf = message.asOf;
    body = null;
    frame = null;
    return "changed";
  }

  return {
    epoch,
    get seq() {
      return seq;
    },
    get asOf() {
      return asOf;
    },
    get counts() {
      return { ...letters.counts };
    },
    get etag() {
      return epoch === NO_EPOCH ? `W/"${NO_EPOCH}-${digest(letters.toString())}"` : `W/"${epoch}-${seq}"`;
    },
    take(message) {
      if (message.epoch !== epoch) return message.epoch < epoch && message.asOf <= asOf ? "known" : "gap";
      if (message.delta !== null && message.seq === seq + 1) return apply(message, message.delta);
      // A later word about an earlier position: the store lost writes.
      if (message.seq > seq || (message.seq < seq && message.asOf > asOf)) return "gap";
      if (message.seq < seq || message.asOf <= asOf) return "known";
      asOf = message.asOf;
      body = null;
      return "confirmed";
    },
    body() {
      body ??= Buffer.from(
        `{"epoch":${epoch},"seq":${seq},"asOf":"${new Date(asOf).toISOString()}",` +
          `"counts":${JSON.stringify(letters.counts)},"seats":"${letters}"}`,
      );
      return body;
    },
    snapshotFrame() {
      frame ??= Buffer.from(`{"type":"snapshot","epoch":${epoch},"seq":${seq},"seats":"${letters}"}`);
      return frame;
    },
    isOf: (other) => letters.toString() === other,
  };
}

/** @returns false when the delta is not about these seats; the copy is then no good any more. */
function applyChanges(letters: Letters, delta: string): boolean {
  try {
    for (const [ordinal, letter] of changesOf(delta)) letters.set(ordinal, letter);
    return true;
  } catch (fault) {
    if (fault instanceof RangeError || fault instanceof SyntaxError) return false;
    throw fault;
  }
}

function digest(text: string): string {
  return createHash("sha1").update(text).digest("base64url").slice(0, 16);
}
