/**
 * One gateway's memory of one queue: the places of the fans that it sees, kept right by what each tick says.
 *
 * A fan's rank is read from Redis once; after that nothing is asked of Redis for any fan (see lane-ranks.ts). When a
 * message is missing, all is read again. A rank may be read at a tick that is not committed yet; it is told only once
 * that tick is, since a Redis that loses data takes uncommitted ticks back.
 */
import type { Stream } from "../platform/sockets/index.ts";
import type { JournalKind, TickSummary } from "./journal.ts";
import { LANES } from "./keys.ts";
import { createLaneRanks } from "./lane-ranks.ts";
import type { Lane } from "./lanes.ts";
import { createPaceMeter, type Flow } from "./pace-meter.ts";
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
  /** The journal number before the first entry of this message; whoever last heard of less has missed something. */
  readonly after: number;
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
  /** The signed ticket, once it was shown, and the epoch and lane it is signed for. */
  signed: { readonly epoch: number; readonly lane: number; readonly text: string } | null;
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
  /** Ranks of later ticks are not told yet. */
  readonly committedTick: number;
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
   * @returns the fans and controls it touched, and whether something was missed: all must be read again then.
   */
  apply(message: CommittedMessage): { readonly gap: boolean; readonly touched: Touched[] };
  /** How a lane moves, or null while too little is known. */
  flowOf(lane: number): Flow | null;
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
  readonly change: "settings" | "pause" | "resume" | "close" | "notice" | "heal" | "created" | "rebuilt";
}

export function createLocalLine(row: QueueRow): LocalLine {
  const fans = new Map<string, LocalFan>();
  const ranks = createLaneRanks<LocalFan>(row.tick, row.tickMicros);
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
    tickAt: row.tickMicros || row.createdAt.getTime() * 1_000,
    committedTick: row.tick,
    /** Of the last message; what a fan's view says of a new epoch does not make the others' ranks known. */
    toldEpoch: row.epoch,
    /** The last epoch whose recovery a tick said is over. */
    recoveredEpoch: 0,
    waiting: 0,
    phase: "open" as Phase,
    seatsLeft: null as number | null,
    seatsHeld: null as number | null,
    journalled: row.journalLength,
    heardAt: Date.now(),
  };

  function observe(userId: string, view: RawView): LocalFan {
    // Until a recovery is over tickets are handed in everywhere in the line, and all ranks are read again then.
    const isEarly = view.phase === "recovering" && view.epoch <= line.recoveredEpoch;
    if (!isEarly && (view.tick >= line.tick || view.epoch > line.epoch)) {
      // Only a tick ends a recovery or a draw, since it must be noticed for every rank.
      const isUnsettled =
        line.phase === "drawing" || (line.phase === "recovering" && view.epoch > line.recoveredEpoch);
      const stays = isUnsettled && view.epoch === line.toldEpoch;
      if (!stays) line.phase = view.phase;
      line.epoch = view.epoch;
      line.tick = view.tick;
      line.tickAt = view.tickAt;
      line.waiting = view.waiting;
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
          signed: null,
        };
    if (old && !same) ranks.leave(old);
    const { tick } = view;
    // An answer may arrive after the message of a later tick, or of a later epoch, whose ranks it does not know. And
    // it may come from a Redis that lost data and ticked on: then its tick is not the one that was committed.
    const isFork = tick <= line.committedTick && !ranks.knows(tick, view.tickStamp);
    if (isFork || isEarly || view.epoch < line.toldEpoch) {
      fan.rank = -1;
      fan.rankTick = -1;
    } else if (view.epoch !== fan.epoch || tick >= fan.rankTick) {
      fan.rank = view.rank;
      fan.rankTick = tick;
      fan.rankAt = view.tickAt;
      fan.epoch = view.epoch;
    }
    fan.state = view.state;
    fan.arriveBy = view.arriveBy;
    fan.passEnds = view.passEnds;
    fan.graceEnds = view.graceEnds;
    fan.number = view.number;
    fans.set(userId, fan);
    if (fan.state === "W" && fan.number === 0) ranks.enter(fan);
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
    else if (kind === "draw") {
      Object.assign(fan, { state: "W", sequence, lane, rank: -1, rankTick: -1, signed: null });
      ranks.enter(fan);
    }
    return { kind, fan, data };
  }

  /** @returns whether a waiting fan's rank is not known as of this tick, though it should be. */
  function applyTick(summary: TickSummary): boolean {
    const { tick, at, waiting, available, held } = summary;
    const phase = summary.phase as Phase;
    if (line.phase === "recovering" && phase !== "recovering") {
      line.recoveredEpoch = line.toldEpoch;
      ranks.reset();
    }
    // The tick that said so may have been missed.
    const drawn = summary.drawn || (line.phase === "drawing" && phase !== "drawing");
    Object.assign(line, { tick, tickAt: at, waiting, phase, committedTick: tick });
    line.seatsLeft = available < 0 ? null : available;
    line.seatsHeld = held < 0 ? null : held;
    return ranks.apply(drawn ? { ...summary, drawn } : summary) > 0 && !hasNoPlaces(phase);
  }

  /** Who left the line from its front and who from within; the message's changes tell the one, its ticks both. */
  function measure({ ticks, changes }: CommittedMessage): void {
    const last = ticks.at(-1);
    if (!last) return;
    const front = new Array<number>(LANES).fill(0);
    const gone = new Array<number>(LANES).fill(0);
    for (const [kind, , , , lane] of changes) {
      if (kind === "admit" || kind === "defer") front[lane] = (front[lane] ?? 0) + 1;
    }
    for (const tick of ticks)
      for (const [lane, coded] of tick.gone) gone[lane] = (gone[lane] ?? 0) + coded.length;
    for (let lane = 0; lane < LANES; lane += 1) {
      const all = gone[lane] ?? 0;
      // An immediate admission never was in the line.
      const taken = Math.min(front[lane] ?? 0, all);
      meter.record(last.at, lane, taken, all - taken, last.waiting);
    }
  }

  return Object.assign(line, {
    observe,
    forget(userId: string) {
      const fan = fans.get(userId);
      if (!fan) return;
      fans.delete(userId);
      ranks.leave(fan);
    },
    apply(message: CommittedMessage) {
      line.heardAt = Date.now();
      const isNewEpoch = message.epoch !== line.toldEpoch;
      const ticks = message.ticks.filter(({ tick }) => tick > line.committedTick);
      // A batch is told again when its journaller died right after committing it.
      if (!isNewEpoch && message.number <= line.journalled && ticks.length === 0)
        return { gap: false, touched: [] };
      let gap = isNewEpoch || message.after > line.journalled;
      line.journalled = message.number;
      line.toldEpoch = message.epoch;
      line.epoch = message.epoch;
      if (isNewEpoch) {
        ranks.reset();
        Object.assign(line, { phase: "recovering", tick: line.committedTick });
      }
      const touched = message.changes.map(applyChange).filter((change) => change !== null);
      for (const summary of ticks) gap = applyTick(summary) || gap;
      measure({ ...message, ticks });
      return { gap, touched };
    },
    flowOf: (lane: number) => meter.flowOf(lane),
  });
}

/** Phases in which nobody's place has a number. */
export function hasNoPlaces(phase: Phase): boolean {
  return phase === "drawing" || phase === "recovering";
}
