/**
 * What the journal says happened, replayed row by row: each ticket's state, who is where, what the operator had set.
 *
 * Every row must be possible in the state that the rows before it lead to. From here on nothing is looked up anywhere
 * else: the rules of the queue are checked on this alone.
 */
import type { JournalEntry, JournalKind } from "../journal.ts";
import type { ConfigureData } from "../local-line.ts";
import type { StateLetter } from "../view.ts";

export type Row = JournalEntry & { readonly epoch: number };

export interface Violation {
  /** Which promise was broken: `chain`, `order of entries`, `Q1` to `Q4`, `phase`, `clock`, `settings`, `draw`. */
  readonly rule: string;
  /** The journal entry that shows it; null when it is shown by what a client saw. */
  readonly number: number | null;
  readonly ticketId: string | null;
  readonly detail: string;
}

export type Report = (rule: string, row: Row | null, ticketId: string | null, detail: string) => void;

export interface Ticket {
  readonly ticketId: string;
  readonly userId: string;
  readonly lane: number;
  /** Of its last entry. */
  epoch: number;
  /** Its place in the line; the draw gives another one. */
  sequence: number;
  state: StateLetter;
  fence: number;
  /** Its join was lost with Redis, and it came back with its ticket. */
  isBack: boolean;
  admissions: number;
  /** Admissions that nobody acknowledged; the ticket keeps the front after the first. */
  undelivered: number;
  /** Running time of the admission, and how long it was good for. */
  admittedAt: number;
  arrivalMicros: number;
  sessionEnds: number;
  /** Running time spent away since the fan was first passed over, and what was allowed. */
  awayMicros: number;
  awaySince: number;
  graceMicros: number;
}

/** One row and what it changed. */
export interface Step {
  readonly row: Row;
  readonly ticket: Ticket;
  readonly from: StateLetter | null;
  readonly data: Record<string, unknown>;
  /** Admitted on joining, without ever being in the line. */
  readonly isDirect: boolean;
}

export interface History {
  readonly tickets: ReadonlyMap<string, Ticket>;
  readonly counts: Readonly<Record<StateLetter, number>>;
  /** Null until the journal's first entry said what was set. */
  readonly controls: ConfigureData | null;
  /** Time as arrival and grace clocks count it: it stands still while paused. */
  runningAt(atMicros: number): number;
  /** @returns the step, or null for a row that concerns no ticket or was impossible. */
  apply(row: Row): Step | null;
}

const LIVE = "LWDRAI";

/** What changes a ticket that is there. */
type ChangeKind = Exclude<JournalKind, "join" | "configure" | "freeze" | "drawn" | "rate">;

const ALLOWED: Record<ChangeKind, string> = {
  draw: "L",
  admit: "WR",
  claim: "A",
  defer: "WR",
  return: "D",
  leave: LIVE,
  remove: `${LIVE}GXE`,
  readmit: "M",
  expire: "AID",
  end: LIVE,
};

const AFTER: Record<ChangeKind, StateLetter> = {
  draw: "W",
  admit: "A",
  claim: "I",
  defer: "D",
  return: "R",
  leave: "G",
  remove: "M",
  readmit: "G",
  expire: "X",
  end: "E",
};

const EXPIRED_FROM: Record<string, StateLetter> = { no_show: "A", session: "I", grace: "D" };

export function createHistory(report: Report): History {
  const tickets = new Map<string, Ticket>();
  const current = new Map<string, Ticket>();
  const counts = { L: 0, W: 0, D: 0, R: 0, A: 0, I: 0, G: 0, X: 0, M: 0, E: 0 };
  let controls: ConfigureData | null = null;
  let stoodMicros = 0;
  let pausedSince: number | null = null;
  let lastSequence = 0;
  const sequences = new Set<number>();
  let lastFence = 0;
  let lastJoin: Row | null = null;

  const runningAt = (at: number) => (pausedSince ?? at) - stoodMicros;

  function configure(row: Row, data: ConfigureData): void {
    if (data.paused && pausedSince === null) pausedSince = row.atMicros;
    if (!data.paused && pausedSince !== null) {
      stoodMicros += row.atMicros - pausedSince;
      pausedSince = null;
    }
    controls = data;
  }

  function join(row: Row, data: Record<string, unknown>): Step | null {
    const { ticketId, userId, sequence, lane } = row;
    if (!ticketId || !userId || sequence === null || lane === null) return null;
    const before = current.get(userId);
    if (before && LIVE.includes(before.state))
      report("Q1", row, ticketId, `the account already has the live ticket ${before.ticketId}`);
    if (before?.state === "M") report("Q1", row, ticketId, "the account was removed from this queue");
    if (tickets.has(ticketId)) report("Q1", row, ticketId, "this ticket has joined before");
    // A join that was lost with Redis comes back at its own sequence.
    const isBack = data.restored === true || data.late === true;
    if (isBack ? sequences.has(sequence) || row.epoch < 2 : sequence <= lastSequence)
      report("Q1", row, ticketId, `sequence ${sequence} does not rise above ${lastSequence}`);
    sequences.add(sequence);
    if (isBack && before?.epoch === row.epoch)
      report("Q1", row, ticketId, `came back after a loss since which ${before.ticketId} was the account's`);
    lastSequence = Math.max(lastSequence, sequence);
    const ticket = newTicket(ticketId, userId, lane, sequence, data.lobby === true ? "L" : "W");
    Object.assign(ticket, { isBack, epoch: row.epoch });
    tickets.set(ticketId, ticket);
    current.set(userId, ticket);
    counts[ticket.state] += 1;
    lastJoin = row;
    return { row, ticket, from: null, data, isDirect: false };
  }

  function change(row: Row, kind: ChangeKind, data: Record<string, unknown>): Step | null {
    const ticket = row.ticketId === null ? undefined : tickets.get(row.ticketId);
    if (!ticket || ticket.userId !== row.userId) {
      report("Q1", row, row.ticketId, `${kind} of a ticket that never joined`);
      return null;
    }
    const from = ticket.state;
    const possible =
      kind === "expire"
        ? from === EXPIRED_FROM[String(data.reason)]
        : data.undelivered === true
          ? from === "A" && kind === "defer" && ticket.undelivered === 0
          : ALLOWED[kind].includes(from);
    if (data.undelivered === true && ticket.epoch !== row.epoch)
      report("Q1", row, ticket.ticketId, "an admission from before a loss, maybe used, is forgiven");
    if (!possible) report("Q1", row, ticket.ticketId, `${kind} is impossible in state ${from}`);
    ticket.epoch = row.epoch;
    counts[from] -= 1;
    ticket.state = AFTER[kind];
    counts[ticket.state] += 1;
    const isDirect = kind === "admit" && data.direct === true;
    if (isDirect && (lastJoin?.ticketId !== ticket.ticketId || lastJoin.number !== row.number - 1))
      report("Q2", row, ticket.ticketId, "admitted directly, but not while joining");
    note(row, ticket, kind, data);
    return { row, ticket, from, data, isDirect };
  }

  function note(row: Row, ticket: Ticket, kind: ChangeKind, data: Record<string, unknown>): void {
    const running = runningAt(row.atMicros);
    const { settings } = controls ?? {};
    if (kind === "draw") ticket.sequence = row.sequence ?? ticket.sequence;
    if (kind === "claim") ticket.sessionEnds = Number(data.ends);
    if (kind === "defer") {
      // A turn that did not reach the fan starts the grace anew.
      if (data.undelivered === true) Object.assign(ticket, { graceMicros: 0, awayMicros: 0 });
      if (ticket.graceMicros === 0) ticket.graceMicros = (settings?.graceSeconds ?? 0) * 1_000_000;
      ticket.awaySince = running;
      if (data.undelivered === true) ticket.undelivered += 1;
    }
    if (kind === "return") ticket.awayMicros += running - ticket.awaySince;
    if (kind !== "admit") return;
    ticket.admissions += 1;
    ticket.admittedAt = running;
    ticket.arrivalMicros = (settings?.arrivalSeconds ?? 0) * 1_000_000;
    ticket.fence = Number(data.fence);
    if (ticket.admissions > 1 + ticket.undelivered)
      report("Q1", row, ticket.ticketId, "admitted a second time");
    if (ticket.fence <= lastFence)
      report("Q1", row, ticket.ticketId, `fence ${ticket.fence} does not rise above ${lastFence}`);
    lastFence = Math.max(lastFence, ticket.fence);
  }

  return {
    tickets,
    counts,
    get controls() {
      return controls;
    },
    runningAt,
    apply(row) {
      const data = JSON.parse(row.data) as Record<string, unknown>;
      if (row.kind === "configure") {
        configure(row, data as unknown as ConfigureData);
        return null;
      }
      if (row.kind === "freeze" || row.kind === "drawn" || row.kind === "rate") return null;
      return row.kind === "join" ? join(row, data) : change(row, row.kind, data);
    },
  };
}

function newTicket(
  ticketId: string,
  userId: string,
  lane: number,
  sequence: number,
  state: StateLetter,
): Ticket {
  return {
    ticketId,
    userId,
    lane,
    sequence,
    epoch: 0,
    state,
    fence: 0,
    isBack: false,
    admissions: 0,
    undelivered: 0,
    admittedAt: 0,
    arrivalMicros: 0,
    sessionEnds: 0,
    awayMicros: 0,
    awaySince: 0,
    graceMicros: 0,
  };
}
