/**
 * One gateway's memory of one queue: the places of the fans that it sees, kept right by what each tick says.
 *
 * A fan's rank is read from Redis once. After that a tick's message names the sequences that left each line, and a
 * merge of that sorted list with the gateway's own fans, sorted too, gives all new ranks: nothing is asked of Redis
 * for any fan. A rank read at tick T already knows T's departures, hence `rankTick`. When a message is missing, the
 * ranks are read again.
 */
import type { Stream } from "../platform/sockets/index.ts";
import type { JournalKind, TickSummary } from "./journal.ts";
import { LANES } from "./keys.ts";
import type { Lane } from "./lanes.ts";
import { createPaceMeter } from "./pace-meter.ts";
import type { Notice, QueueRow } from "./queue-store.ts";
import type { QueueSettings } from "./settings.ts";
import type { Phase, RawView, StateLetter } from "./view.ts";

/** What happened to a ticket: kind, account, ticketId, sequence, lane, the journal's JSON text. */
export type Change = readonly [JournalKind, string, string, number, number, string];

/** What the journaller publishes after each commit. */
export interface CommittedMessage {
  readonly epoch: number;
  /** Everything up to this journal number is committed. */
  readonly number: number;
  readonly ticks: readonly TickSummary[];
  readonly changes: readonly Change[];
}

export interface LocalFan {
  readonly userId: string;
  ticketId: string;
  sequence: number;
  lane: number;
  epoch: number;
  state: StateLetter;
  rank: number;
  rankTick: number;
  /** Microseconds; 0 for none. */
  rankAt: number;
  arriveBy: number;
  passEnds: number;
  graceEnds: number;
  /** Above 0: admitted under this journal number. */
  number: number;
  streams: Stream[];
  /** Present by polling until then, milliseconds. */
  polledUntil: number;
  /** When the stream is due for its next position, milliseconds. */
  nextSendAt: number;
}

/** What the operator's settings and controls are, as last heard. */
export interface Controls {
  readonly version: number;
  readonly settings: QueueSettings;
  readonly paused: boolean;
  readonly closed: boolean;
  readonly notice: Notice | null;
  readonly lanes: readonly Lane[];
}

export interface LocalLine {
  readonly queueId: string;
  readonly performanceId: string;
  readonly fans: ReadonlyMap<string, LocalFan>;
  controls: Controls;
  readonly epoch: number;
  readonly tick: number;
  /** Microseconds. */
  readonly tickAt: number;
  readonly waiting: number;
  readonly phase: Phase;
  /** Null while the seat map's numbers are unknown or too old. */
  readonly seatsLeft: number | null;
  readonly seatsHeld: number | null;
  readonly journalled: number;
  /** When anything was last heard, milliseconds. */
  readonly heardAt: number;
  /** Takes over what a script said of a fan. */
  observe(userId: string, view: RawView): LocalFan;
  forget(userId: string): void;
  /**
   * Applies a message.
   * @returns the fans and controls it touched, or `gap` when a tick is missing and ranks must be read again.
   */
  apply(message: CommittedMessage): { readonly gap: boolean; readonly touched: Touched[] };
  /** Admissions and departures a second in a lane, or null while too little is known. */
  flowOf(lane: number): number | null;
}

export type Touched =
  | { readonly kind: JournalKind; readonly fan: LocalFan; readonly data: Record<string, unknown> }
  | {
      readonly kind: "configure";
      readonly fan: null;
      readonly data: ConfigureData;
      readonly before: Controls;
    };

/** What a `configure` entry of the journal says. */
export interface ConfigureData extends Controls {
  readonly by: string;
  readonly change: "settings" | "pause" | "resume" | "close" | "notice" | "heal";
}

export function createLocalLine(row: QueueRow): LocalLine {
  const fans = new Map<string, LocalFan>();
  /** Waiting fans of each lane by sequence; entries that wait no longer are dropped at the next merge. */
  const lanes: LocalFan[][] = Array.from({ length: LANES }, () => []);
  const meter = createPaceMeter(LANES);
  const line = {
    queueId: row.id,
    performanceId: row.performanceId,
    fans,
    controls: {
      version: row.version,
      settings: row.settings,
      paused: row.paused,
      closed: row.closed,
      notice: row.notice,
      lanes: row.lanes,
    } as Controls,
    epoch: row.epoch,
    tick: row.tick,
    tickAt: row.tickMicros,
    lastMessageTick: -1,
    waiting: 0,
    phase: "open" as Phase,
    seatsLeft: null as number | null,
    seatsHeld: null as number | null,
    journalled: row.journalLength,
    heardAt: Date.now(),
  };

  function enter(fan: LocalFan): void {
    const lane = lanes[fan.lane] as LocalFan[];
    let index = lane.length;
    while (index > 0 && (lane[index - 1] as LocalFan).sequence > fan.sequence) index -= 1;
    if (lane[index - 1] !== fan) lane.splice(index, 0, fan);
  }

  function observe(userId: string, view: RawView): LocalFan {
    if (view.tick >= line.tick) {
      Object.assign(line, {
        epoch: view.epoch,
        tick: view.tick,
        tickAt: view.tickAt,
        waiting: view.waiting,
        phase: view.phase,
      });
    }
    const old = fans.get(userId);
    const same = old && old.ticketId === view.ticketId && old.sequence === view.sequence;
    const fan: LocalFan = same
      ? old
      : {
          userId,
          ticketId: view.ticketId,
          sequence: view.sequence,
          lane: view.lane,
          epoch: view.epoch,
          state: view.state,
          rank: -1,
          rankTick: -1,
          rankAt: 0,
          arriveBy: 0,
          passEnds: 0,
          graceEnds: 0,
          number: 0,
          streams: old?.streams ?? [],
          polledUntil: old?.polledUntil ?? 0,
          nextSendAt: 0,
        };
    const { state, rank, tick, tickAt, epoch, arriveBy, passEnds, graceEnds, number } = view;
    Object.assign(fan, {
      state,
      rank,
      rankTick: tick,
      rankAt: tickAt,
      epoch,
      arriveBy,
      passEnds,
      graceEnds,
      number,
    });
    fans.set(userId, fan);
    if (fan.state === "W" && fan.number === 0) enter(fan);
    return fan;
  }

  function applyChange([kind, userId, ticketId, sequence, lane, text]: Change): Touched | null {
    if (kind === "configure") {
      const data = JSON.parse(text) as ConfigureData;
      if (data.version <= line.controls.version) return null;
      const before = line.controls;
      line.controls = data;
      return { kind, fan: null, data, before };
    }
    const fan = fans.get(userId);
    if (!fan || fan.ticketId !== ticketId) return null;
    const data = JSON.parse(text) as Record<string, unknown>;
    if (kind === "admit") Object.assign(fan, { state: "A", arriveBy: Number(data.arriveBy), number: 0 });
    else if (kind === "claim") Object.assign(fan, { state: "I", passEnds: Number(data.ends) });
    else if (kind === "defer") Object.assign(fan, { state: "D", graceEnds: Number(data.graceEnds) });
    else if (kind === "return") fan.state = "R";
    else if (kind === "leave" || kind === "readmit") fan.state = "G";
    else if (kind === "remove") fan.state = "M";
    else if (kind === "expire") fan.state = "X";
    else if (kind === "end") fan.state = "E";
    else if (kind === "draw") Object.assign(fan, { state: "W", sequence, lane, rank: -1 });
    return { kind, fan, data };
  }

  function applyTick(summary: TickSummary): void {
    const { tick, at, waiting, available, held } = summary;
    Object.assign(line, { tick, tickAt: at, waiting, phase: summary.phase as Phase });
    line.seatsLeft = available < 0 ? null : available;
    line.seatsHeld = held < 0 ? null : held;
    const left = new Array<number>(LANES).fill(0);
    const gone = new Map(summary.gone.map(([lane, coded]) => [lane, decode(coded)]));
    for (let lane = 0; lane < LANES; lane += 1) {
      const sequences = gone.get(lane) ?? [];
      left[lane] = sequences.length;
      merge(lanes[lane] as LocalFan[], sequences, tick, at);
    }
    meter.record(at, left);
  }

  return Object.assign(line, {
    observe,
    forget(userId: string) {
      const fan = fans.get(userId);
      if (!fan) return;
      fans.delete(userId);
      const lane = lanes[fan.lane] as LocalFan[];
      const index = lane.indexOf(fan);
      if (index >= 0) lane.splice(index, 1);
    },
    apply(message: CommittedMessage) {
      line.heardAt = Date.now();
      line.journalled = Math.max(line.journalled, message.number);
      const first = message.ticks[0]?.tick;
      const gap =
        message.epoch !== line.epoch ||
        (first !== undefined && line.lastMessageTick >= 0 && first > line.lastMessageTick + 1);
      line.epoch = message.epoch;
      const touched = message.changes.map(applyChange).filter((change) => change !== null);
      for (const summary of message.ticks) {
        if (summary.tick <= line.lastMessageTick && !gap) continue;
        applyTick(summary);
        line.lastMessageTick = summary.tick;
      }
      return { gap, touched };
    },
    flowOf: (lane: number) => meter.perSecond(lane),
  });
}

/** Departures are sent as differences. */
function decode(coded: readonly number[]): number[] {
  let sequence = 0;
  return coded.map((difference) => {
    sequence += difference;
    return sequence;
  });
}

/** Both lists are sorted by sequence: one pass corrects every rank and drops who waits no longer. */
function merge(lane: LocalFan[], gone: readonly number[], tick: number, at: number): void {
  let before = 0;
  let kept = 0;
  for (const fan of lane) {
    if (fan.state !== "W") continue;
    while (before < gone.length && (gone[before] as number) < fan.sequence) before += 1;
    if (fan.rankTick < tick) {
      fan.rank -= before;
      fan.rankTick = tick;
      fan.rankAt = at;
    }
    lane[kept] = fan;
    kept += 1;
  }
  lane.length = kept;
}
