/**
 * The lines in which a gateway's fans wait: their memory, what is heard of them, and the beat that keeps both right.
 *
 * A queue's memory is opened by the first fan and dropped a minute after the last. It subscribes before it reads, so
 * no message falls between the two.
 */
import { randomBytes } from "node:crypto";
import type { Logger } from "../platform/logger.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Database } from "../platform/postgres.ts";
import type { RedisClient } from "../platform/redis.ts";
import { createAttachments, RANKS_BATCH } from "./attachments.ts";
import type { Code } from "./codes.ts";
import type { Credentials } from "./credentials.ts";
import { keyOf } from "./keys.ts";
import type { LineStore } from "./line-store.ts";
import { type CommittedMessage, createLocalLine, type LocalFan, type LocalLine } from "./local-line.ts";
import { handIn } from "./lost-tickets.ts";
import { createPositionStreams } from "./position-stream.ts";
import { readQueue } from "./queue-store.ts";
import { createReceipts } from "./receipts.ts";
import { createWaiters } from "./waiters.ts";

export interface GatewayLinesDeps {
  readonly db: Database;
  readonly store: LineStore;
  readonly subscriber: RedisClient;
  readonly credentials: Credentials;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Each second. */
  onBeat(gatewayId: string): Promise<void>;
}

const BEAT_MS = 1_000;
const HEARTBEAT_EVERY_BEATS = 2;
const IDLE_LINE_MS = 60_000;
const MAX_LINES = 1_000;
/** How long a join or a claim waits for an admission to be committed before it is answered without. */
const COMMIT_WAIT_MS = 700;
const BATCH = 1_000;

export interface OpenLine {
  readonly line: LocalLine;
  usedAt: number;
  resyncing: boolean;
  /** Something was missed while ranks were being read. */
  resyncAgain: boolean;
  /** Accounts with a question under way, how many each: they are not absent, whatever memory says. */
  readonly asking: Map<string, number>;
}

export function createGatewayLines(deps: GatewayLinesDeps) {
  const { db, store, subscriber, credentials, log } = deps;
  const gatewayId = randomBytes(6).toString("base64url").replaceAll("-", "x");
  const lines = new Map<string, Promise<OpenLine | null>>();
  const open = new Map<string, OpenLine>();
  const { wakeWaiters, heardOf, untilCommitted } = createWaiters(COMMIT_WAIT_MS);
  const receipts = createReceipts(store);
  const lookUp = createAttachments(store, gatewayId);
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
    for (let start = 0; start < userIds.length; start += RANKS_BATCH) {
      const batch = userIds.slice(start, start + RANKS_BATCH);
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
    const found = await lookUp(opened.line.queueId, userId);
    return typeof found === "number" ? found : inKnownLane(opened, opened.line.observe(userId, found));
  }

  /** A new lane's code works as soon as the operator has it, which can be before this gateway hears of the lane. */
  function inKnownLane({ line }: OpenLine, fan: LocalFan): LocalFan | Promise<LocalFan> {
    const isKnown = fan.lane === 0 || line.controls.lanes.some(({ index }) => index === fan.lane);
    return isKnown ? fan : withLanes(line, fan);
  }

  async function withLanes(line: LocalLine, fan: LocalFan): Promise<LocalFan> {
    const row = await readQueue(db, line.queueId);
    // The lanes alone: what else is new the streams hear of when it arrives.
    if (row) line.controls = { ...line.controls, lanes: row.lanes };
    return fan;
  }

  return {
    gatewayId,
    streams,
    lineOf,
    /** The memory of a queue that is open already. */
    openedLine: (queueId: string): OpenLine | undefined => open.get(queueId),
    whileAsking,
    attach,
    inKnownLane,
    heardOf,
    untilCommitted,
    /** The fan has been told of an admission. */
    received: (queueId: string, userId: string): void => receipts.note(queueId, userId),

    close(): void {
      clearInterval(timer);
      subscriber.off("smessage", onMessage);
      subscriber.off("ready", onReconnect);
    },
  };
}
