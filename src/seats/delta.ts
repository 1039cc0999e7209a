/** The delta as clients get it, and the line that goes before it on the feed between projector and gateways. */
import type { Letters } from "./letters.ts";
import type { Position } from "./store.ts";

export type DeltaChange = readonly [ordinal: number, letter: string];

/** @param at the position that the changed seats lead to. */
export function writeDelta(at: Position, letters: Letters, changed: readonly number[]): string {
  const pairs = changed.map((ordinal) => `[${ordinal},"${letters.at(ordinal)}"]`).join(",");
  return `{"type":"seats","epoch":${at.epoch},"seq":${at.seq},"changes":[${pairs}]}`;
}

export interface FeedMessage extends Position {
  /** Milliseconds of Redis time. */
  readonly asOf: number;
  /** The delta that led here; null when the copy was only confirmed. */
  readonly delta: string | null;
}

/** @returns null for a message that is not of this form. */
export function readFeedMessage(message: string): FeedMessage | null {
  const end = message.indexOf("\n");
  const head = /^(\d+) (\d+) (\d+)$/.exec(message.slice(0, Math.max(0, end)));
  if (!head) return null;
  const delta = message.slice(end + 1);
  return {
    epoch: Number(head[1]),
    seq: Number(head[2]),
    asOf: Number(head[3]),
    delta: delta === "" ? null : delta,
  };
}

export function changesOf(delta: string): readonly DeltaChange[] {
  return (JSON.parse(delta) as { changes: DeltaChange[] }).changes;
}
