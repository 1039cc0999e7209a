/**
 * Which seats are the best ones side by side. Pure: it looks at a picture of the seats, the database decides.
 *
 * Sections are taken by price, the dearest first, then in layout order. Within a section a group that leaves no
 * single seat alone beats one that does; then the front row wins, then the middle of the row. The groups of one
 * answer do not overlap, so that when the first is being taken by someone else the next is still worth trying.
 * Accessible seats are offered only to those who ask, and those who ask get as many of them as can be.
 */
import type { SeatMap } from "./ports.ts";

export interface BestAvailable {
  readonly quantity: number;
  readonly sectionId?: string;
  readonly accessible?: boolean;
}

/** Ordinals side by side, ascending in seat number. */
export type Group = readonly number[];

interface Row {
  readonly rank: number;
  /** Stretches of seats with consecutive numbers. */
  readonly blocks: readonly (readonly number[])[];
  /** The middle of the row, as a seat number. */
  readonly middle: number;
}

interface Candidate {
  readonly seats: Group;
  readonly inaccessible: number;
  readonly strands: number;
  readonly row: number;
  readonly fromMiddle: number;
}

const layouts = new WeakMap<SeatMap, readonly (readonly Row[])[]>();

/**
 * @param isFree whether the seat with this ordinal may be offered.
 * @param wanted at most this many groups.
 * @returns groups, best first; empty when there are not `quantity` seats side by side.
 */
export function bestGroups(
  map: SeatMap,
  request: BestAvailable,
  isFree: (ordinal: number) => boolean,
  wanted: number,
): Group[] {
  const rowsOf = layoutOf(map);
  const found: Group[] = [];
  for (const section of sectionsByPrice(map)) {
    if (request.sectionId !== undefined && map.sections[section]?.id !== request.sectionId) continue;
    const candidates: Candidate[] = [];
    let flawless = 0;
    for (const row of rowsOf[section] ?? []) {
      const inRow = candidatesIn(row, map, request, isFree);
      candidates.push(...inRow);
      flawless += inRow.filter(({ inaccessible, strands }) => inaccessible === 0 && strands === 0).length;
      // Nothing further back can come before these.
      if (flawless >= wanted - found.length) break;
    }
    candidates.sort(
      (a, b) =>
        a.inaccessible - b.inaccessible ||
        a.strands - b.strands ||
        a.row - b.row ||
        a.fromMiddle - b.fromMiddle,
    );
    for (const { seats } of candidates) {
      found.push(seats);
      if (found.length === wanted) return found;
    }
  }
  return found;
}

function sectionsByPrice({ sections }: SeatMap): number[] {
  return [...sections.keys()].sort(
    (a, b) => (sections[b]?.amount ?? 0) - (sections[a]?.amount ?? 0) || a - b,
  );
}

/** Rows by section, front first; worked out once for each map. */
function layoutOf(map: SeatMap): readonly (readonly Row[])[] {
  const known = layouts.get(map);
  if (known) return known;
  const bySection: Map<string, number[]>[] = map.sections.map(() => new Map());
  for (let ordinal = 0; ordinal < map.seatCount; ordinal += 1) {
    const rows = bySection[map.sectionOf[ordinal] as number] as Map<string, number[]>;
    const name = map.rowName[ordinal] as string;
    const seats = rows.get(name);
    if (seats) seats.push(ordinal);
    else rows.set(name, [ordinal]);
  }
  const layout = bySection.map((rows) => [...rows.values()].map((seats, rank) => toRow(map, seats, rank)));
  layouts.set(map, layout);
  return layout;
}

function toRow(map: SeatMap, seats: number[], rank: number): Row {
  const numberOf = (ordinal: number) => map.number[ordinal] as number;
  const sorted = [...seats].sort((a, b) => numberOf(a) - numberOf(b));
  const blocks: number[][] = [];
  for (const ordinal of sorted) {
    const last = blocks.at(-1)?.at(-1);
    if (last !== undefined && numberOf(ordinal) === numberOf(last) + 1) blocks.at(-1)?.push(ordinal);
    else blocks.push([ordinal]);
  }
  return { rank, blocks, middle: (numberOf(sorted[0] as number) + numberOf(sorted.at(-1) as number)) / 2 };
}

function candidatesIn(
  row: Row,
  map: SeatMap,
  request: BestAvailable,
  isFree: (ordinal: number) => boolean,
): Candidate[] {
  const candidates: Candidate[] = [];
  const usable = (ordinal: number) =>
    isFree(ordinal) && (request.accessible === true || map.accessible[ordinal] === 0);
  for (const block of row.blocks) {
    let start = 0;
    for (let end = 0; end <= block.length; end += 1) {
      if (end < block.length && usable(block[end] as number)) continue;
      divide(row, map, request, block.slice(start, end), candidates);
      start = end + 1;
    }
  }
  return candidates;
}

/** Adds the best place in a run of free seats, then those in what remains on its two sides. */
function divide(
  row: Row,
  map: SeatMap,
  request: BestAvailable,
  run: readonly number[],
  candidates: Candidate[],
): void {
  const { quantity } = request;
  if (run.length < quantity) return;
  let best: { at: number; candidate: Candidate } | undefined;
  for (let at = 0; at + quantity <= run.length; at += 1) {
    const candidate = candidateAt(row, map, request, run, at);
    if (candidate && (!best || isBetter(candidate, best.candidate))) best = { at, candidate };
  }
  if (!best) return;
  candidates.push(best.candidate);
  divide(row, map, request, run.slice(0, best.at), candidates);
  divide(row, map, request, run.slice(best.at + quantity), candidates);
}

function candidateAt(
  row: Row,
  map: SeatMap,
  { quantity, accessible }: BestAvailable,
  run: readonly number[],
  at: number,
): Candidate | null {
  const seats = run.slice(at, at + quantity);
  const inaccessible = accessible ? seats.filter((ordinal) => map.accessible[ordinal] === 0).length : 0;
  if (accessible && inaccessible === quantity) return null;
  const middle =
    ((map.number[seats[0] as number] as number) + (map.number[seats.at(-1) as number] as number)) / 2;
  return {
    seats,
    inaccessible,
    strands: Number(at === 1) + Number(run.length - at - quantity === 1),
    row: row.rank,
    fromMiddle: Math.abs(middle - row.middle),
  };
}

function isBetter(a: Candidate, b: Candidate): boolean {
  if (a.inaccessible !== b.inaccessible) return a.inaccessible < b.inaccessible;
  return a.strands === b.strands ? a.fromMiddle < b.fromMiddle : a.strands < b.strands;
}
