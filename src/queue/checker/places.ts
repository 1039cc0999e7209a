/**
 * Q4: the places that clients were shown, against the line as the journal tells it.
 *
 * A place is one more than the tickets of the lane with a lower sequence that were in the line at that tick. All
 * lower ones came earlier, so only those that had gone must be counted: offline, by a Fenwick tree over the lane's
 * sequences, with departures and questions in the order of time.
 */
import { LANES } from "../keys.ts";
import { type Departures, momentOf, type Stay } from "./departures.ts";
import type { Report } from "./history.ts";

/** A place in the line that a client was shown. */
export interface ObservedPlace {
  readonly kind: "place";
  readonly ticketId: string;
  readonly epoch: number;
  readonly position: number;
  /** Microseconds. Without `tick` it may be cut to whole milliseconds, as answers are. */
  readonly asOfMicros: number;
  readonly tick?: number;
}

const CUT_MICROS = 999;

export function checkPlaces(
  observed: readonly ObservedPlace[],
  departures: Departures,
  report: Report,
): void {
  const known = observed.filter(({ ticketId, epoch, tick, asOfMicros }) => {
    const stay = departures.stays.get(ticketId);
    if (!stay || epoch < stay.since) return false;
    // What an uncommitted tick said before the loss of Redis is in no journal.
    return tick === undefined
      ? asOfMicros <= (departures.lastTimes.get(epoch) ?? 0)
      : tick <= (departures.lastTicks.get(epoch) ?? 0);
  });
  neverRises(known, report);
  const exact = known.filter(({ tick }) => tick !== undefined);
  const least = countGone(
    departures,
    exact,
    ({ goneAt }) => goneAt,
    ({ epoch, tick = 0 }) => momentOf(epoch, tick),
  );
  for (const [place, expected] of least) compare(place, expected, expected, departures, report);
  const timed = known.filter(({ tick }) => tick === undefined);
  const most = countGone(
    departures,
    timed,
    ({ goneBy }) => goneBy,
    ({ asOfMicros }) => asOfMicros,
  );
  const fewest = countGone(
    departures,
    timed,
    ({ goneFrom }) => goneFrom,
    ({ asOfMicros }) => asOfMicros + CUT_MICROS,
  );
  for (const [place, expected] of most)
    compare(place, fewest.get(place) ?? expected, expected, departures, report);
}

function compare(
  place: ObservedPlace,
  least: number,
  most: number,
  departures: Departures,
  report: Report,
): void {
  const { ticketId, epoch, tick, position, asOfMicros } = place;
  if (position >= least && position <= most) return;
  const stay = departures.stays.get(ticketId) as Stay;
  const hasGone = tick === undefined ? asOfMicros >= stay.goneFrom : momentOf(epoch, tick) >= stay.goneAt;
  // Taken in by a tick that was not committed yet, or passed over: the first place is shown.
  if (position === 1 && hasGone) return;
  const right = least === most ? `${least}` : `${least} to ${most}`;
  const when = tick === undefined ? `at ${asOfMicros}` : `at tick ${tick}`;
  report("Q4", null, ticketId, `shown place ${position} ${when} of epoch ${epoch}, it was ${right}`);
}

function neverRises(places: readonly ObservedPlace[], report: Report): void {
  const byTicket = new Map<string, ObservedPlace[]>();
  for (const place of places) {
    const key = `${place.ticketId} ${place.epoch}`;
    const list = byTicket.get(key);
    if (list) list.push(place);
    else byTicket.set(key, [place]);
  }
  for (const list of byTicket.values()) {
    list.sort((a, b) => a.asOfMicros - b.asOfMicros);
    list.forEach((place, index) => {
      const before = list[index - 1];
      if (before && place.position > before.position)
        report("Q4", null, place.ticketId, `its place rose from ${before.position} to ${place.position}`);
    });
  }
}

/**
 * The place of each ticket by how many before it had gone when it was shown. One that stands beside the line never
 * counts.
 */
function countGone(
  { stays }: Departures,
  places: readonly ObservedPlace[],
  goneAt: (stay: Stay) => number,
  shownAt: (place: ObservedPlace) => number,
): Map<ObservedPlace, number> {
  const answer = new Map<ObservedPlace, number>();
  const lanes = Array.from({ length: LANES }, () => ({ stays: [] as Stay[], places: [] as ObservedPlace[] }));
  for (const stay of stays.values()) lanes[stay.lane]?.stays.push(stay);
  for (const place of places) lanes[(stays.get(place.ticketId) as Stay).lane]?.places.push(place);
  for (const lane of lanes) {
    if (lane.places.length === 0) continue;
    const bySequence = [...lane.stays].sort((a, b) => a.sequence - b.sequence);
    const ranks = new Map(bySequence.map((stay, index) => [stay.ticketId, index]));
    const from = (stay: Stay) => (stay.isLate ? Number.NEGATIVE_INFINITY : goneAt(stay));
    const leaving = [...lane.stays].sort((a, b) => from(a) - from(b));
    const tree = createCounter(bySequence.length);
    let next = 0;
    for (const place of [...lane.places].sort((a, b) => shownAt(a) - shownAt(b))) {
      for (; next < leaving.length && from(leaving[next] as Stay) <= shownAt(place); next += 1)
        tree.add(ranks.get((leaving[next] as Stay).ticketId) as number);
      const rank = ranks.get(place.ticketId) as number;
      answer.set(place, 1 + rank - tree.below(rank));
    }
  }
  return answer;
}

/** A Fenwick tree: counts what was added below an index, each in O(log n). */
function createCounter(size: number) {
  const sums = new Int32Array(size + 1);
  return {
    add(index: number): void {
      for (let node = index + 1; node <= size; node += node & -node) sums[node] = (sums[node] ?? 0) + 1;
    },
    below(index: number): number {
      let sum = 0;
      for (let node = index; node > 0; node -= node & -node) sum += sums[node] ?? 0;
      return sum;
    },
  };
}
