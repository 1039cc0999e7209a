/** The map of a performance in memory: one ASCII letter a seat in ordinal order, and how many there are of each. */
import type { SeatCounts, SeatStatus } from "./ports.ts";

export const LETTER_OF: Readonly<Record<SeatStatus, string>> = {
  AVAILABLE: "A",
  HELD: "H",
  OCCUPIED: "O",
  BLOCKED: "B",
};

const COUNT_OF: Readonly<Record<string, keyof SeatCounts>> = {
  A: "available",
  H: "held",
  O: "occupied",
  B: "blocked",
};

export interface Letters {
  readonly length: number;
  readonly counts: SeatCounts;
  at(ordinal: number): string;
  /**
   * @returns whether the seat changed.
   * @throws RangeError for a seat or a letter that does not exist.
   */
  set(ordinal: number, letter: string): boolean;
  toString(): string;
}

/** @throws RangeError for a letter that does not exist. */
export function createLetters(text: string): Letters {
  const bytes = Buffer.from(text, "latin1");
  const counts = { available: 0, held: 0, occupied: 0, blocked: 0 };
  const at = (ordinal: number) => String.fromCharCode(bytes[ordinal] as number);
  for (let ordinal = 0; ordinal < bytes.length; ordinal += 1) counts[countOf(at(ordinal))] += 1;
  return {
    length: bytes.length,
    counts,
    at,
    set(ordinal, letter) {
      if (!(ordinal >= 0 && ordinal < bytes.length))
        throw new RangeError(`there is no seat ${ordinal} of ${bytes.length}`);
      const before = at(ordinal);
      if (before === letter) return false;
      counts[countOf(letter)] += 1;
      counts[countOf(before)] -= 1;
      bytes[ordinal] = letter.charCodeAt(0);
      return true;
    },
    toString: () => bytes.toString("latin1"),
  };
}

function countOf(letter: string): keyof SeatCounts {
  const name = COUNT_OF[letter];
  if (!name) throw new RangeError(`"${letter}" is no state of a seat`);
  return name;
}

/** The ordinals at which two maps of the same length differ. */
export function differences(one: string, other: string): number[] {
  const found: number[] = [];
  if (one === other) return found;
  for (let ordinal = 0; ordinal < one.length; ordinal += 1) {
    if (one.charCodeAt(ordinal) !== other.charCodeAt(ordinal)) found.push(ordinal);
  }
  return found;
}

export interface Run {
  readonly offset: number;
  readonly letters: string;
}

/** More runs than this cost Redis more than writing the map whole. */
const MAX_RUNS = 2_000;

/** The changed seats as stretches of neighbours; as the whole map when they are too scattered. */
export function toRuns(letters: Letters, ascending: readonly number[]): Run[] {
  const runs: { offset: number; letters: string }[] = [];
  for (const ordinal of ascending) {
    const run = runs.at(-1);
    if (run && run.offset + run.letters.length === ordinal) run.letters += letters.at(ordinal);
    else if (runs.length === MAX_RUNS) return [{ offset: 0, letters: letters.toString() }];
    else runs.push({ offset: ordinal, letters: letters.at(ordinal) });
  }
  return runs;
}
