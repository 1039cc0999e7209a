/**
 * The gateway's side of the queues: joins, views, claims, and the memory of each queue its fans wait in.
 *
 * A queue's memory is opened by the first fan and dropped a minute after the last. It subscribes before it reads, so
 * no message falls between the two.
 */
import { randomBytes } from "node:crypto";
import { v7 as uuidv7 } from "uuid";
import type { Logger } from "../platform/logger.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Database } from "../platform/postgres.ts";
import type { RedisClient } from "../platform/redis.ts";
import type { Stream } from "../platform/sockets/index.ts";
import { Code } from "./codes.ts";
import type { Credentials } from "./credentials.ts";
import { keyOf } from "./keys.ts";
import { hashCode } from "./lanes.ts";
import type { LineStore, LostTicket, ViewOutcome } from "./line-store.ts";
import { type CommittedMessage, createLocalLine, type LocalFan, type LocalLine } from "./local-line.ts";
import { handIn, unknownTickets } from "./lost-tickets.ts";
import { createPositionStreams } from "./position-stream.ts";
import { readQueue } from "./queue-store.ts";
import { createReceipts } from "./receipts.ts";
import { ticketView } from "./ticket-view.ts";
import { isLive, type TicketView } from "./view.ts";

export type JoinRefusal =
  | "NOT_FOUND"
  | "CODE_INVALID"
  | "CODE_USED"
  | "QUEUE_NOT_OPEN"
  | "QUEUE_CLOSED"
  | "SOLD_OUT"
  | "REMOVED"
  | "REBUILDING"
  | "BUSY";
export type JoinOutcome =
  | { readonly ok: true; readonly isNew: boolean; readonly view: TicketView }
  | { readonly ok: false; readonly reason: JoinRefusal };
export type ViewResult =
  | { readonly ok: true; readonly view: TicketView }
  | { readonly ok: false; readonly reason: "NOT_FOUND" | "NO_TICKET" | "REBUILDING" };
export type ClaimOutcome =
  | {
      readonly ok: true;
      readonly pass: string;
      readonly passExpiresAt: string;
      readonly fence: number;
      readonly performanceId: string;
    }
  | {
      readonly ok: false;
      readonly reason: "NOT_FOUND" | "NO_TICKET" | "NOT_ADMITTED" | "ADMISSION_EXPIRED" | "REBUILDING";
    };
export type LeaveOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: "NOT_FOUND" | "PAYMENT_IN_PROGRESS" | "REBUILDING" };

export interface WaitingRoomDeps {
  readonly db: Database;
  readonly store: LineStore;
  readonly subscriber: RedisClient;
  readonly credentials: Credentials;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Each second. */
  onBeat(gatewayId: string): Promise<void>;
  /** Gives back what a fan holds who gives up the admission; refuses while a payment is being decided. */
  releaseHolds(
    userId: string,
    performanceId: string,
  ): Promise<{ readonly ok: true } | { readonly ok: false; readonly reason: "PAYMENT_IN_PROGRESS" }>;
}

export type WaitingRoom = ReturnType<typeof createWaitingRoom>;

const BEAT_MS = 1_000;
const HEARTBEAT_EVERY_BEATS = 2;
const IDLE_LINE_MS = 60_000;
const MAX_LINES = 1_000;
/** How long a join or a claim waits for an admission to be committed before it is answered without. */
const COMMIT_WAIT_MS = 700;
/** Memory older than this is not trusted to answer a poll. */
const FRESH_MS = 3_000;
const BATCH = 1_000;

const JOIN_REFUSALS: Partial<Record<Code, JoinRefusal>> = {
  [Code.rebuilding]: "REBUILDING",
  [Code.notOpen]: "QUEUE_NOT_OPEN",
  [Code.closed]: "QUEUE_CLOSED",
  [Code.soldOut]: "SOLD_OUT",
  [Code.removed]: "REMOVED",
  [Code.departing]: "REBUILDING",
  [Code.busy]: "BUSY",
  [Code.codeInvalid]: "CODE_INVALID",
  [Code.codeUsed]: "CODE_USED",
};

interface OpenLine {
  readonly line: LocalLine;
  usedAt: number;
  resyncing: boolean;
  /** Something was missed while ranks were being read. */
  resyncAgain: boolean;
  /** Accounts with a question under way, how many each: they are not absent, whatever memory says. */
  readonly asking: Map<string, number>;
}

export function createWaitingRoom(deps: WaitingRoomDeps) {
  const { db, store, subscriber, credentials, log } = deps;
  const gatewayId = randomBytes(6).toString("base64url").replaceAll("-", "x");
  const lines = new Map<string, Promise<OpenLine | null>>();
  const open = new Map<string, OpenLine>();
  const waiters = new Map<string, Set<() => void>>();
  const receipts = createReceipts(store);
  const streams = createPositionStreams({
    credentials,
    metrics: deps.metrics,
    onReceived({ queueId }, { userId, state }) {
      const opened = open.get(queueId);
      if (state === "A") receipts.note(queueId, userId);
      else if (opened && state === "D") void comeBack(opened, userId);
    },
  });
  let beats = 0;

  function lineOf(queueId: string): Promise<OpenLine | null> {
    const known = lines.get(queueId);
    if (known) return known;
    const opening = openLine(queueId);
    lines.set(queueId, opening);
    opening.then(
      (opened) => opened ?? lines.delete(queueId),
      () => lines.delete(queueId),
    );
    return opening;
  }

  async function openLine(queueId: string): Promise<OpenLine | null> {
    if (open.size >= MAX_LINES) await closeIdleLines(0);
    await subscriber.ssubscribe(keyOf(queueId, "channel"));
    const row = await readQueue(db, queueId);
    if (!row) {
      await subscriber.sunsubscribe(keyOf(queueId, "channel"));
      return null;
    }
    const opened: OpenLine = {
      line: createLocalLine(row),
      usedAt: Date.now(),
      resyncing: false,
      resyncAgain: false,
      asking: new Map(),
    };
    open.set(queueId, opened);
    return opened;
  }

  async function closeIdleLines(idleMs: number): Promise<void> {
    for (const [queueId, opened] of open) {
      if (opened.line.fans.size > 0 || Date.now() - opened.usedAt < idleMs) continue;
      open.delete(queueId);
      lines.delete(queueId);
      await subscriber.sunsubscribe(keyOf(queueId, "channel"));
    }
  }

  // Messages -----------------------------------------------------------------------------------------------------
  const onMessage = (channel: string, text: string) => {
    const queueId = /^\{q:([^}]+)\}:channel$/.exec(channel)?.[1];
    const opened = queueId === undefined ? undefined : open.get(queueId);
    if (!opened) return;
    const { gap, touched } = opened.line.apply(JSON.parse(text) as CommittedMessage);
    for (const change of touched) {
      streams.tell(opened.line, change);
      if (!change.fan) continue;
      wakeWaiters(change.fan.ticketId);
      // Passed over, yet here: this gateway was silent for a while, or the fan came back in the meantime. Whom a turn
      // did not reach has to be heard of first.
      if (change.kind === "defer" && !change.data.undelivered) void comeBack(opened, change.fan.userId);
    }
    wakeWaiters(opened.line.queueId);
    if (gap) void resync(opened);
  };
  // A subscription that was cut has missed messages, which only a reading of all ranks can make good.
  const onReconnect = () => {
    for (const opened of open.values()) void resync(opened);
  };
  subscriber.on("smessage", onMessage);
  subscriber.on("ready", onReconnect);

  async function resync(opened: OpenLine): Promise<void> {
    if (opened.resyncing) {
      opened.resyncAgain = true;
      return;
    }
    opened.resyncing = true;
    try {
      do {
        opened.resyncAgain = false;
        await readAgain(opened.line, [...opened.line.fans.keys()]);
      } while (opened.resyncAgain);
    } catch (fault) {
      log.warn("positions could not be read again", { queueId: opened.line.queueId, fault });
    } finally {
      opened.resyncing = false;
    }
  }

  async function readAgain(line: LocalLine, userIds: readonly string[]): Promise<void> {
    const lost: LocalFan[] = [];
    for (let start = 0; start < userIds.length; start += BATCH) {
      const batch = userIds.slice(start, start + BATCH);
      const views = await store.ranks(line.queueId, gatewayId, batch);
      views?.forEach((view, index) => {
        const userId = batch[index] as string;
        const before = line.fans.get(userId);
        if (!before) return;
        if (!view) {
          line.forget(userId);
          lost.push(before);
          return;
        }
        const state = before.state;
        const fan = line.observe(userId, view);
        if (fan.state !== state) streams.tellState(line, fan);
      });
    }
    if (lost.length > 0) await findAgain(line, lost);
  }

  /** Fans without a place whom this gateway knows to have had one. */
  async function findAgain(line: LocalLine, lost: readonly LocalFan[]): Promise<void> {
    const gone = new Map(lost.map((fan) => [fan.userId, fan]));
    const waited = lost.filter(({ state }): boolean => state === "W" || state === "L");
    try {
      await handIn({ db, store, gatewayId }, line.queueId, waited, (userId, view) => {
        const { streams: sockets = [], polledUntil = 0 } = gone.get(userId) ?? {};
        gone.delete(userId);
        const fan = line.observe(userId, view);
        Object.assign(fan, { streams: [...fan.streams, ...sockets], polledUntil });
        streams.tellState(line, fan);
      });
    } finally {
      // Also when a store failed: their pages have the tickets, and come back with them.
      for (const fan of gone.values()) streams.drop(fan);
    }
  }

  async function comeBack(opened: OpenLine, userId: string): Promise<void> {
    const fan = opened.line.fans.get(userId);
    if (!fan || (fan.streams.length === 0 && fan.polledUntil <= Date.now())) return;
    const back = await attach(opened, userId).catch(() => null);
    if (back && typeof back !== "number") streams.tellState(opened.line, back);
  }

  function wakeWaiters(id: string): void {
    for (const wake of waiters.get(id) ?? []) wake();
  }

  /** Resolves when something is heard of this ticket or queue, or after the wait. */
  function heardOf(id: string, waitMs = COMMIT_WAIT_MS): Promise<void> {
    return new Promise((resolve) => {
      const set = waiters.get(id) ?? new Set();
      waiters.set(id, set);
      const done = () => {
        clearTimeout(timer);
        set.delete(done);
        if (set.size === 0) waiters.delete(id);
        resolve();
      };
      const timer = setTimeout(done, waitMs);
      set.add(done);
    });
  }

  /** What is not committed yet is not told: a place at the last tick, an admission. Gives up after the wait. */
  async function untilCommitted({ line }: OpenLine, asked: LocalFan): Promise<LocalFan> {
    const deadline = Date.now() + COMMIT_WAIT_MS;
    for (let fan = asked; ; fan = line.fans.get(fan.userId) ?? fan) {
      const isTold = fan.number <= line.journalled && fan.rankTick <= line.committedTick;
      const left = deadline - Date.now();
      if (fan.state !== "W" || isTold || left <= 0) return fan;
      await heardOf(line.queueId, left);
    }
  }

  // The beat: heartbeats, polls that stopped, positions that are due ---------------------------------------------------
  async function upkeep(): Promise<void> {
    beats += 1;
    const now = Date.now();
    for (const opened of open.values()) {
      const { line } = opened;
      if (line.fans.size > 0 && beats % HEARTBEAT_EVERY_BEATS === 0)
        await store.heartbeat(line.queueId, gatewayId, true);
      await dropAbsent(opened, now);
    }
    await receipts.flush();
    await deps.onBeat(gatewayId);
    if (beats % 30 === 0) await closeIdleLines(IDLE_LINE_MS);
  }

  async function dropAbsent({ line, asking }: OpenLine, now: number): Promise<void> {
    const absent: string[] = [];
    for (const { userId, streams: sockets, polledUntil } of line.fans.values()) {
      if (sockets.length === 0 && polledUntil <= now && !asking.has(userId)) absent.push(userId);
    }
    for (let start = 0; start < absent.length; start += BATCH) {
      const batch = absent.slice(start, start + BATCH);
      for (const userId of batch) line.forget(userId);
      await store.detach(line.queueId, gatewayId, batch);
    }
  }

  let busy = false;
  const timer = setInterval(() => {
    const now = Date.now();
    for (const { line } of open.values()) streams.sendDue(line, now);
    // While Redis is away a round takes longer than a beat; rounds must not pile up.
    if (busy) return;
    busy = true;
    upkeep()
      .catch((fault) => log.debug("queue upkeep", { fault }))
      .finally(() => {
        busy = false;
      });
  }, BEAT_MS);

  // What fans ask ----------------------------------------------------------------------------------------------------
  function seen(line: LocalLine, fan: LocalFan): TicketView {
    const view = ticketView(line, fan, credentials);
    fan.polledUntil = Date.now() + (2 * view.pollAfterSeconds + 5) * 1_000;
    if (fan.state === "A") receipts.note(line.queueId, fan.userId);
    return view;
  }

  /** A question that marks its fan as present: until it is answered nothing may take the mark away again. */
  async function whileAsking<T>(opened: OpenLine, userId: string, ask: () => Promise<T>): Promise<T> {
    opened.usedAt = Date.now();
    const { asking } = opened;
    asking.set(userId, (asking.get(userId) ?? 0) + 1);
    try {
      return await ask();
    } finally {
      const left = (asking.get(userId) ?? 1) - 1;
      if (left > 0) asking.set(userId, left);
      else asking.delete(userId);
    }
  }

  async function attach(opened: OpenLine, userId: string): Promise<LocalFan | Code> {
    const outcome = await store.attach(opened.line.queueId, userId, gatewayId);
    return outcome.ok ? inKnownLane(opened, opened.line.observe(userId, outcome.view)) : outcome.code;
  }

  /** A new lane's code works as soon as the operator has it, which can be before this gateway hears of the lane. */
  async function inKnownLane({ line }: OpenLine, fan: LocalFan): Promise<LocalFan> {
    const isKnown = fan.lane === 0 || line.controls.lanes.some(({ index }) => index === fan.lane);
    const row = isKnown ? null : await readQueue(db, line.queueId);
    // The lanes alone: what else is new the streams hear of when it arrives.
    if (row) line.controls = { ...line.controls, lanes: row.lanes };
    return fan;
  }

  async function joinOnce(
    queueId: string,
    userId: string,
    codeHash: string,
    lost: LostTicket | null,
  ): Promise<ViewOutcome> {
    const ticketId = uuidv7();
    const outcome = await store.join(queueId, userId, ticketId, codeHash, gatewayId, lost);
    if (outcome.ok || outcome.code !== Code.departing) return outcome;
    // The place this account just left is still being taken out of the line; any process may do that.
    await store.tick(queueId, 0);
    return store.join(queueId, userId, ticketId, codeHash, gatewayId, lost);
  }

  /** The ticket that this account hands in, if its join may have been lost. */
  async function lostTicket(line: LocalLine, userId: string, token: string): Promise<LostTicket | null> {
    const ticket = credentials.verifyTicket(token, line.queueId);
    if (!ticket.ok || ticket.claims.userId !== userId) return null;
    // Of this very epoch, and a newer one would still be recovering, in which nobody gets another place: every page
    // that is loaded again hands in its ticket, and none of these must cost a query.
    const isFresh = Date.now() - line.heardAt < FRESH_MS;
    if (isFresh && ticket.claims.epoch >= line.epoch) return null;
    return (await unknownTickets(db, line.queueId, [ticket.claims]))[0] ?? null;
  }

  return {
    gatewayId,
    streams,

    /**
     * @param code opens a priority lane; null joins the general one.
     * @param ticket a signed ticket of an earlier epoch; worth nothing if the journal knows it.
     */
    async join(
      queueId: string,
      userId: string,
      code: string | null,
      ticket: string | null = null,
    ): Promise<JoinOutcome> {
      const opened = await lineOf(queueId);
      if (!opened) return { ok: false, reason: "NOT_FOUND" };
      return whileAsking(opened, userId, async () => {
        const lost = ticket === null ? null : await lostTicket(opened.line, userId, ticket);
        const outcome = await joinOnce(queueId, userId, code === null ? "" : hashCode(code), lost);
        if (!outcome.ok) return { ok: false, reason: JOIN_REFUSALS[outcome.code] ?? "REBUILDING" };
        const fan = await inKnownLane(opened, opened.line.observe(userId, outcome.view));
        return { ok: true, isNew: outcome.isNew, view: seen(opened.line, await untilCommitted(opened, fan)) };
      });
    },

    async view(queueId: string, userId: string): Promise<ViewResult> {
      const opened = open.get(queueId) ?? (await lineOf(queueId));
      if (!opened) return { ok: false, reason: "NOT_FOUND" };
      const known = opened.line.fans.get(userId);
      const fresh = Date.now() - opened.line.heardAt < FRESH_MS;
      if (known && fresh && known.state === "W" && known.number === 0)
        return { ok: true, view: seen(opened.line, known) };
      return whileAsking(opened, userId, async () => {
        const fan = await attach(opened, userId);
        if (typeof fan === "number")
          return { ok: false, reason: fan === Code.noTicket ? "NO_TICKET" : "REBUILDING" };
        return { ok: true, view: seen(opened.line, await untilCommitted(opened, fan)) };
      });
    },

    async claim(queueId: string, userId: string): Promise<ClaimOutcome> {
      const opened = await lineOf(queueId);
      if (!opened) return { ok: false, reason: "NOT_FOUND" };
      let claim = await store.claim(queueId, userId);
      if (claim.code === Code.uncommitted) {
        await heardOf(opened.line.fans.get(userId)?.ticketId ?? userId);
        claim = await store.claim(queueId, userId);
      }
      if (claim.code === Code.rebuilding) return { ok: false, reason: "REBUILDING" };
      if (claim.code === Code.noTicket) return { ok: false, reason: "NO_TICKET" };
      if (claim.code === Code.expired) return { ok: false, reason: "ADMISSION_EXPIRED" };
      if (claim.code !== Code.ok) return { ok: false, reason: "NOT_ADMITTED" };
      const { performanceId } = opened.line;
      const { ticketId, fence, endsMicros } = claim;
      // Rounded down: a pass must not outlive the session by the rest of a second.
      const expiresAt = Math.floor(endsMicros / 1_000_000);
      const signed =
        claim.pass || credentials.signPass(performanceId, { userId, ticketId, fence, expiresAt });
      const pass = claim.pass || (await store.keepPass(queueId, userId, ticketId, signed));
      if (pass === null) return { ok: false, reason: "ADMISSION_EXPIRED" };
      return {
        ok: true,
        pass,
        passExpiresAt: new Date(expiresAt * 1_000).toISOString(),
        fence,
        performanceId,
      };
    },

    async leave(queueId: string, userId: string): Promise<LeaveOutcome> {
      const opened = await lineOf(queueId);
      if (!opened) return { ok: false, reason: "NOT_FOUND" };
      const current = await store.attach(queueId, userId, "");
      if (!current.ok)
        return current.code === Code.noTicket ? { ok: true } : { ok: false, reason: "REBUILDING" };
      if (!isLive(current.view.state)) return { ok: true };
      if (current.view.state === "I") {
        const released = await deps.releaseHolds(userId, opened.line.performanceId);
        if (!released.ok) return released;
      }
      const { code } = await store.leave(queueId, userId, current.view.ticketId, "left", {});
      if (code === Code.rebuilding) return { ok: false, reason: "REBUILDING" };
      const fan = opened.line.fans.get(userId);
      // Until the journal's word of it arrives, this gateway must not answer from memory that the fan still waits.
      if (fan) fan.state = "G";
      return { ok: true };
    },

    /** Opens the position stream of a ticket. @returns false when there is no such ticket any more. */
    async openStream(queueId: string, userId: string, stream: Stream): Promise<boolean> {
      const opened = await lineOf(queueId);
      if (!opened) return false;
      return whileAsking(opened, userId, async () => {
        const fan = await attach(opened, userId);
        if (typeof fan === "number") return false;
        const settled = await untilCommitted(opened, fan);
        if (stream.isOpen) streams.add(opened.line, settled, stream);
        return true;
      });
    },

    close(): void {
      clearInterval(timer);
      subscriber.off("smessage", onMessage);
      subscriber.off("ready", onReconnect);
    },
  };
}
