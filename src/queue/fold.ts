/**
 * What the journal adds up to: the place of every account, and the numbers that must go on from where they were.
 */
import type { JournalEntry } from "./journal.ts";
import { mostPerMinute, type QueueSettings } from "./settings.ts";
import type { StateLetter } from "./view.ts";

export interface Place {
  ticketId: string;
  sequence: number;
  state: StateLetter;
  lane: number;
  fence: number;
  /** It stands beside the line, see lua/includes/lines.lua. */
  readonly isLate: boolean;
  /** Of its last entry in the journal. */
  epoch: number;
  /** An admission that nobody acknowledged was forgiven. */
  wasForgiven: boolean;
  /** Journal number of the admission. */
  number: number;
  /** End of the session, microseconds. */
  ends: number;
  /** What the running clock, to arrive or to come back, was set to. */
  allowedMicros: number;
}

/** An admission, or a token given back, that the pace may still have to remember. */
export interface PaceMark {
  readonly at: number;
  readonly kind: "admitted" | "given";
}

export interface Folded {
  readonly places: Map<string, Place>;
  readonly lastSequence: number;
  readonly fence: number;
  /** The entry that closed the lobby, while its draw is not over; else 0. */
  readonly drawing: number;
  /** Whether anybody ever had a place in the line. */
  readonly opened: boolean;
  readonly totals: { admitted: number; arrived: number; noShow: number; left: number };
  /** How often each code was used, by its hash. */
  readonly codeUses: Map<string, number>;
  /** Since the rate was last changed, and within the last minute of the journal. */
  readonly marks: readonly PaceMark[];
  /** Where mode auto had come to; 0 when it had changed nothing yet. */
  readonly autoRate: number;
  /** The time of the last entry, microseconds; 0 for an empty journal. */
  readonly lastAt: number;
}

type Data = Record<string, number | string | boolean>;

const MARKS_KEPT_MICROS = 60_100_000;

const AFTER: Partial<Record<JournalEntry["kind"], StateLetter>> = {
  draw: "W",
  admit: "A",
  claim: "I",
  defer: "D",
  return: "R",
  leave: "G",
  readmit: "G",
  remove: "M",
  expire: "X",
  end: "E",
};

export async function foldJournal(
  entries: AsyncIterable<JournalEntry & { readonly epoch: number }>,
): Promise<Folded> {
  const places = new Map<string, Place>();
  const codeUses = new Map<string, number>();
  const totals = { admitted: 0, arrived: 0, noShow: 0, left: 0 };
  const sum = { lastSequence: 0, fence: 0, drawing: 0, opened: false, lastAt: 0, autoRate: 0 };
  let marks: PaceMark[] = [];
  let before: QueueSettings | null = null;

  function join(entry: JournalEntry & { readonly epoch: number }, data: Data): void {
    places.set(entry.userId as string, newPlace(entry, data));
    sum.lastSequence = Math.max(sum.lastSequence, entry.sequence ?? 0);
    if (data.lobby !== true) sum.opened = true;
    if (typeof data.code === "string") codeUses.set(data.code, (codeUses.get(data.code) ?? 0) + 1);
  }

  function change(place: Place, entry: JournalEntry, data: Data): void {
    const { kind, atMicros: at } = entry;
    const noShow = kind === "expire" && data.reason === "no_show";
    const ends = kind === "leave" || kind === "remove" || kind === "defer";
    if (noShow || (place.state === "A" && ends)) marks.push({ at, kind: "given" });
    advance(place, entry, data);
    if (kind === "admit") {
      totals.admitted += 1;
      sum.fence = Math.max(sum.fence, place.fence);
      marks.push({ at, kind: "admitted" });
    }
    if (kind === "claim") totals.arrived += 1;
    if (noShow) totals.noShow += 1;
    if (kind === "leave" || kind === "remove") totals.left += 1;
  }

  for await (const entry of entries) {
    sum.lastAt = Math.max(sum.lastAt, entry.atMicros);
    const data = JSON.parse(entry.data) as Data;
    if (entry.kind === "configure") {
      const settings = data.settings as unknown as QueueSettings;
      if (before && mostPerMinute(before) !== mostPerMinute(settings)) marks = [];
      if (before?.mode !== settings.mode || before.ratePerMinute !== settings.ratePerMinute) sum.autoRate = 0;
      before = settings;
    }
    if (entry.kind === "freeze") Object.assign(sum, { drawing: entry.number, opened: true });
    if (entry.kind === "drawn") sum.drawing = 0;
    if (entry.kind === "rate") sum.autoRate = Number(data.to);
    if (entry.userId === null) continue;
    if (entry.kind === "join") {
      join(entry, data);
      continue;
    }
    const place = places.get(entry.userId);
    if (!place || place.ticketId !== entry.ticketId) continue;
    place.epoch = entry.epoch;
    change(place, entry, data);
  }
  return {
    places,
    codeUses,
    totals,
    ...sum,
    marks: marks.filter(({ at }) => at > sum.lastAt - MARKS_KEPT_MICROS),
  };
}

function newPlace(entry: JournalEntry & { readonly epoch: number }, data: Data): Place {
  return {
    ticketId: entry.ticketId ?? "",
    sequence: entry.sequence ?? 0,
    state: data.lobby === true ? "L" : "W",
    isLate: data.late === true,
    lane: entry.lane ?? 0,
    epoch: entry.epoch,
    wasForgiven: false,
    fence: 0,
    number: 0,
    ends: 0,
    allowedMicros: 0,
  };
}

function advance(place: Place, entry: JournalEntry, data: Data): void {
  place.state = AFTER[entry.kind] ?? place.state;
  if (entry.kind === "draw") place.sequence = entry.sequence ?? place.sequence;
  if (entry.kind === "admit") {
    place.fence = Number(data.fence);
    place.number = entry.number;
    place.allowedMicros = Number(data.arriveBy) - entry.atMicros;
  }
  if (data.undelivered === true) place.wasForgiven = true;
  if (entry.kind === "defer") place.allowedMicros = Number(data.graceEnds) - entry.atMicros;
  if (entry.kind === "claim") place.ends = Number(data.ends);
}
