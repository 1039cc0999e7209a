/** The ticket as the scripts answer it, and as clients see it. */
import { mostPerMinute, type QueueSettings } from "./settings.ts";

export type Phase =
  | "scheduled"
  | "lobby"
  | "drawing"
  | "open"
  | "paused"
  | "recovering"
  | "sold_out"
  | "closed";

/** One letter a state, as Redis keeps it. */
export type StateLetter = "L" | "W" | "D" | "R" | "A" | "I" | "G" | "X" | "M" | "E";

export type TicketState =
  | "lobby"
  | "waiting"
  | "deferred"
  | "admitted"
  | "inside"
  | "left"
  | "expired"
  | "removed"
  | "ended";

const STATES: Readonly<Record<StateLetter, TicketState>> = {
  L: "lobby",
  W: "waiting",
  D: "deferred",
  R: "deferred",
  A: "admitted",
  I: "inside",
  G: "left",
  X: "expired",
  M: "removed",
  E: "ended",
};

export const publicState = (letter: StateLetter): TicketState => STATES[letter];
export const isLive = (letter: StateLetter): boolean => "LWDRAI".includes(letter);

/** A script's answer about one ticket. Times are microseconds since 1970, 0 for none. */
export interface RawView {
  readonly ticketId: string;
  readonly sequence: number;
  readonly state: StateLetter;
  readonly lane: number;
  readonly epoch: number;
  /** Tickets ahead in the same lane at the last tick; -1 outside a line. */
  readonly rank: number;
  readonly waiting: number;
  readonly tick: number;
  readonly tickAt: number;
  readonly arriveBy: number;
  readonly passEnds: number;
  readonly graceEnds: number;
  readonly fence: number;
  readonly phase: Phase;
  readonly available: number;
  readonly held: number;
  /** The admission's journal number; above 0 on a `W` whose admission is not committed yet. */
  readonly number: number;
  /** That tick's own time: tells apart two ticks of one number, before and after a loss. */
  readonly tickStamp: number;
}

/** @param values what lua/includes/view.lua built, in its order. */
export function readView(values: readonly (string | number)[]): RawView {
  // Written out: an object made field by field in a loop costs ten times as much, at each join of a surge.
  return {
    ticketId: values[0] as string,
    sequence: Number(values[1]),
    state: values[2] as StateLetter,
    lane: Number(values[3]),
    epoch: Number(values[4]),
    rank: Number(values[5]),
    waiting: Number(values[6]),
    tick: Number(values[7]),
    tickAt: Number(values[8]),
    arriveBy: Number(values[9]),
    passEnds: Number(values[10]),
    graceEnds: Number(values[11]),
    fence: Number(values[12]),
    phase: values[13] as Phase,
    available: Number(values[14]),
    held: Number(values[15]),
    number: Number(values[16]),
    tickStamp: Number(values[17]),
  };
}

export interface Eta {
  readonly p50Seconds: number;
  readonly p90Seconds: number;
}

export interface TicketView {
  readonly ticketId: string;
  readonly queueId: string;
  readonly epoch: number;
  readonly ticket: string;
  readonly lane: string;
  readonly state: TicketState;
  readonly sequence: number;
  readonly position: number | null;
  readonly ahead: number | null;
  readonly waiting: number;
  readonly eta: Eta | null;
  readonly seatsLeft: number | null;
  readonly seatsHeld: number | null;
  readonly asOf: string;
  readonly pollAfterSeconds: number;
  readonly reconnectSpreadSeconds: number;
  readonly arriveBy: string | null;
  readonly passExpiresAt: string | null;
  readonly deferredUntil: string | null;
}

let isoMicros = 0;
let isoText = new Date(0).toISOString();

/** The last answer is remembered: everybody who waits is told the time of the same tick. */
export function isoOfMicros(micros: number): string {
  if (micros === isoMicros) return isoText;
  isoText = new Date(Math.floor(micros / 1_000)).toISOString();
  isoMicros = micros;
  return isoText;
}
export const isoOrNull = (micros: number): string | null => (micros > 0 ? isoOfMicros(micros) : null);

/**
 * How soon a polling client should ask again. Where a turn could come before then it is at most a third of the
 * time a fan has to react, so that two lost polls do not cost the turn.
 */
export function pollAfterSeconds(ahead: number, settings: QueueSettings): number {
  const relaxed = ahead < 100 ? 2 : ahead < 1_000 ? 4 : ahead < 10_000 ? 10 : 30;
  const rate = mostPerMinute(settings);
  const burst = 1 + Math.ceil((1.5 * rate) / 60);
  const soonestSeconds = Math.max(0, ahead - burst) / (rate / 60);
  if (soonestSeconds > relaxed) return relaxed;
  const reaction = Math.floor(Math.min(settings.arrivalSeconds, settings.graceSeconds) / 3);
  return Math.max(1, Math.min(relaxed, reaction));
}

/** Over how many seconds a crowd of this size should spread its reconnects: about 2,000 a second. */
export function reconnectSpreadSeconds(waiting: number): number {
  return Math.min(60, Math.max(1, Math.ceil(waiting / 2_000)));
}
