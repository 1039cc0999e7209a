/**
 * Every seat's state as the feed tells it.
 *
 * A delta counts only on top of the one before it, in the same epoch. Whatever else comes is either old, and dropped,
 * or shows that something is missing, and then nothing but a whole new picture helps.
 */

export const AVAILABLE = 0;
export const HELD = 1;
export const OCCUPIED = 2;
export const BLOCKED = 3;
export type SeatState = 0 | 1 | 2 | 3;

const LETTERS = "AHOB";

export interface Snapshot {
  readonly epoch: number;
  readonly seq: number;
  /** One letter a seat in ordinal order. */
  readonly seats: string;
}

export interface Delta {
  readonly epoch: number;
  readonly seq: number;
  readonly changes: readonly (readonly [ordinal: number, letter: string])[];
}

/** The seats that changed, or why nothing did: `old` is harmless, after `gap` a snapshot must be fetched. */
export type Taken = readonly number[] | "old" | "gap";

export interface SeatStates {
  /** False until the first snapshot; every seat then counts as held. */
  readonly known: boolean;
  readonly states: Uint8Array;
  of(ordinal: number): SeatState;
  free(ordinal: number): boolean;
  snapshot(snapshot: Snapshot): Taken;
  delta(delta: Delta): Taken;
}

export function createSeatStates(count: number): SeatStates {
  // Nobody should choose a seat of which nothing is known yet.
  const states = new Uint8Array(count).fill(HELD);
  let at: { readonly epoch: number; readonly seq: number } | null = null;

  const isOld = ({ epoch, seq }: { epoch: number; seq: number }) =>
    at !== null && (epoch < at.epoch || (epoch === at.epoch && seq <= at.seq));

  function set(ordinal: number, letter: string | undefined, changed: number[]): boolean {
    const state = letter === undefined ? -1 : LETTERS.indexOf(letter);
    if (state < 0 || !(ordinal >= 0 && ordinal < count)) return false;
    if (states[ordinal] !== state) {
      states[ordinal] = state;
      changed.push(ordinal);
    }
    return true;
  }

  return {
    get known() {
      return at !== null;
    },
    states,
    of: (ordinal) => (states[ordinal] ?? BLOCKED) as SeatState,
    free: (ordinal) => states[ordinal] === AVAILABLE,
    snapshot(snapshot) {
      if (isOld(snapshot)) return "old";
      if (snapshot.seats.length !== count) return "gap";
      const changed: number[] = [];
      for (let ordinal = 0; ordinal < count; ordinal += 1)
        if (!set(ordinal, snapshot.seats[ordinal], changed)) return "gap";
      at = { epoch: snapshot.epoch, seq: snapshot.seq };
      return changed;
    },
    delta(delta) {
      if (at === null) return "gap";
      if (isOld(delta)) return "old";
      if (delta.epoch !== at.epoch || delta.seq !== at.seq + 1) return "gap";
      const changed: number[] = [];
      for (const [ordinal, letter] of delta.changes) if (!set(ordinal, letter, changed)) return "gap";
      at = { epoch: delta.epoch, seq: delta.seq };
      return changed;
    },
  };
}
