/**
 * The queue: who is next, who is inside.
 *
 * Redis decides, by scripts on one hash slot a queue; PostgreSQL keeps the journal that makes an admission count and
 * from which everything can be made again. Gateways keep copies of their own fans' places.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import type { Config } from "../config.ts";
import type { AdvisoryLocks } from "../platform/advisory-locks.ts";
import { lockKey } from "../platform/advisory-locks.ts";
import type { Route } from "../platform/http/route.ts";
import type { Logger } from "../platform/logger.ts";
import type { Metrics } from "../platform/metrics.ts";
import {
  type Database,
  inTransaction,
  isPoolExhausted,
  PATIENT_LIMITS,
  type Transaction,
} from "../platform/postgres.ts";
import type { RedisClient } from "../platform/redis.ts";
import { loadScripts, type ScriptFolder } from "../platform/scripts.ts";
import { CloseCode, type StreamRoute } from "../platform/sockets/index.ts";
import { type AdmissionWorker, lockName, startAdmission } from "./admission.ts";
import { createCheckoutHealth, type TriedHold } from "./checkout-health.ts";
import { Code } from "./codes.ts";
import { applyRow } from "./controls.ts";
import { createCredentials, type PassOutcome } from "./credentials.ts";
import { createConductor } from "./draw/conductor.ts";
import { insertDraw } from "./draw/draw-store.ts";
import { createDraws } from "./draw/proofs.ts";
import { drawRoutes } from "./draw/routes.ts";
import { sealSeed } from "./draw/seal.ts";
import { findJoin } from "./journal.ts";
import { hashCode, newCode, withLane } from "./lanes.ts";
import { createLineStore } from "./line-store.ts";
import { verifyLog } from "./log-verify.ts";
import {
  changeQueue,
  insertCodes,
  insertQueue,
  lockQueue,
  type Notice,
  readLivePerformances,
  readQueue,
} from "./queue-store.ts";
import { type LiveHold, rebuild } from "./rebuild.ts";
import { keyRoute, queueRoutes } from "./routes.ts";
import { applyPatch, type QueuePatch, type QueueSettings } from "./settings.ts";
import { createStatus, type QueueStats } from "./status.ts";
import { createWaitingRoom, type WaitingRoomDeps } from "./waiting-room.ts";

export type { AdmissionWorker } from "./admission.ts";
export { checkJournal, type Observation, type Violation } from "./checker.ts";
export type { PassOutcome } from "./credentials.ts";
export { type JournalEntry, readJournal } from "./journal.ts";
export type { LogReport } from "./log-verify.ts";
export type { LiveHold } from "./rebuild.ts";
export type { QueueStats, QueueStatus } from "./status.ts";
export type { TicketView } from "./view.ts";

export const LUA_FOLDER = fileURLToPath(new URL("lua", import.meta.url));

/** Joins reach the journal within a few ticks. */
const JOURNAL_LAG_MS = 600;
/** How long whoever makes a queue waits for a worker that loads it, and how often it looks. */
const LOADED_WITHIN_MS = 2_000;
const LOADED_LOOK_MS = 20;

export interface QueueDeps {
  readonly db: Database;
  readonly redis: RedisClient;
  readonly subscriber: RedisClient;
  readonly config: Pick<
    Config,
    "ticketKey" | "passPrivateKey" | "drawKey" | "drawBeacon" | "drawBeaconSeconds"
  >;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly releaseHolds: WaitingRoomDeps["releaseHolds"];
  /** Reservations that keep a slot open, asked when a queue is rebuilt. */
  readonly liveHolds: (performanceId: string) => Promise<readonly LiveHold[]>;
  /** The queue's own when absent. */
  readonly scripts?: ScriptFolder;
}

export interface NewQueue {
  readonly queueId: string;
  readonly performanceId: string;
  readonly settings: QueueSettings;
  /** Random when absent; only tests, which tell a story twice, say which. */
  readonly drawSeed?: Buffer;
}

export interface NewLane {
  readonly name: string;
  /** Part of each tick, above 0 and below 1. */
  readonly share: number;
  readonly codes: { readonly count: number; readonly uses: number };
}

export interface SlotHolder {
  readonly queueId: string;
  readonly userId: string;
  readonly ticketId: string;
}

/** The admission log for whoever checks it, without a queue's Redis. */
export function openLog(db: Database, config: QueueDeps["config"]) {
  const credentials = createCredentials(config.ticketKey, config.passPrivateKey);
  return {
    verify: (queueId: string, noted: string | null) => verifyLog(db, credentials, queueId, noted),
  };
}

export type Queue = ReturnType<typeof createQueue>;

export function createQueue(deps: QueueDeps) {
  const { db, redis, subscriber, config, log, metrics, liveHolds } = deps;
  const store = createLineStore(
    redis,
    deps.scripts ?? loadScripts(LUA_FOLDER),
    deps.metrics.redis.scriptSeconds,
  );
  const credentials = createCredentials(config.ticketKey, config.passPrivateKey);
  const health = createCheckoutHealth(store, () => isPoolExhausted(db));
  const room = createWaitingRoom({
    db,
    store,
    subscriber,
    credentials,
    log,
    metrics,
    releaseHolds: deps.releaseHolds,
    onBeat: (gatewayId) => health.report(gatewayId),
  });
  const status = createStatus(db, store);
  const conductor = createConductor({
    db,
    store,
    drawKey: config.drawKey,
    beaconSource: config.drawBeacon,
    beaconSeconds: config.drawBeaconSeconds,
    log,
  });

  const positionStream: StreamRoute = {
    name: "position",
    path: /^\/ws\/v1\/queues\/(?<queueId>[0-9a-f-]{36})$/,
    open({ params, token }) {
      const queueId = params.queueId ?? "";
      const ticket = token === null ? null : credentials.verifyTicket(token, queueId);
      if (!ticket?.ok) {
        return ticket?.reason === "OTHER_QUEUE"
          ? { ok: false, code: CloseCode.wrongQueue, reason: "the ticket is of another queue" }
          : { ok: false, code: CloseCode.badToken, reason: "a ticket of this queue is needed" };
      }
      const { claims } = ticket;
      const shown = token === null ? null : { token, claims };
      return {
        ok: true,
        start(stream) {
          return room.openStream(queueId, claims.userId, stream, shown).then(
            (found) => {
              if (!found) stream.close(CloseCode.badToken, "there is no such ticket");
            },
            (fault) => {
              log.warn("position stream could not be opened", { queueId, fault });
              stream.close(CloseCode.tryAgainLater, "try again later");
            },
          );
        },
      };
    },
  };

  async function changeControl(
    trx: Transaction,
    queueId: string,
    change: { paused?: boolean; closed?: true; notice?: Notice | null },
    by: string,
  ) {
    const row = await lockQueue(trx, queueId);
    if (!row) return null;
    const [field] = Object.keys(change) as (keyof typeof change)[];
    const before = row[field as "paused" | "closed" | "notice"];
    const after = change[field as "paused" | "closed" | "notice"];
    const changed = !isDeepStrictEqual(before, after);
    if (changed) await changeQueue(trx, queueId, change, by);
    return { changed, before: { [field as string]: before }, after: { [field as string]: after } };
  }

  /** @returns whether it is loaded; not yet, while another process is at it. */
  async function loadUnlessLoaded(queueId: string): Promise<boolean> {
    await inTransaction(db, PATIENT_LIMITS, async (trx) => {
      const { rows } = await trx.raw("SELECT pg_try_advisory_xact_lock(?::bigint) AS locked", [
        lockKey(lockName(queueId)),
      ]);
      if (rows[0].locked) await rebuild(trx, store, queueId, 0, liveHolds);
    });
    return store.isLoaded(queueId);
  }

  /** The account of a ticket. A join of this moment may still be on its way to the journal, hence the second look. */
  async function ownerOf(queueId: string, ticketId: string): Promise<string | null> {
    const known = await findJoin(db, queueId, ticketId);
    if (known) return known;
    await sleep(JOURNAL_LAG_MS);
    return findJoin(db, queueId, ticketId);
  }

  return {
    room,
    routes: [...queueRoutes(room, status), ...drawRoutes(createDraws(db, store))] as Route[],
    sockets: [positionStream],
    /** Outside the base path: the keys that verify passes. */
    publicRoutes: [keyRoute(credentials.jwks)] as Route[],

    /** The performances whose queue has not ended; `queueActive` while fans may be in it. */
    livePerformances: () => readLivePerformances(db),

    /** Writes the rows of a new queue and of its draw; `initialise` brings it into Redis after the commit. */
    async createQueue(trx: Transaction, queue: NewQueue, by = "operator"): Promise<void> {
      const { queueId, performanceId, settings, drawSeed } = queue;
      await insertQueue(trx, { id: queueId, performanceId, settings, by });
      await insertDraw(trx, queueId, sealSeed(config.drawKey, queueId, drawSeed), config.drawBeacon);
    },

    /** Loads a new queue into Redis. A worker may be at it: it is waited for, since fans may join as soon as this is over. */
    async initialise(queueId: string): Promise<void> {
      const deadline = performance.now() + LOADED_WITHIN_MS;
      while (!(await loadUnlessLoaded(queueId)) && performance.now() < deadline) await sleep(LOADED_LOOK_MS);
    },

    async settingsOf(queueId: string) {
      const row = await readQueue(db, queueId);
      if (!row) return null;
      const { performanceId, settings, version, paused, closed, notice } = row;
      return { performanceId, settings, version, paused, closed, notice };
    },

    async changeSettings(
      trx: Transaction,
      queueId: string,
      patch: QueuePatch,
      ifVersion?: number,
      by = "operator",
    ) {
      const row = await lockQueue(trx, queueId);
      if (!row) return { ok: false, reason: "NOT_FOUND" } as const;
      if (ifVersion !== undefined && ifVersion !== row.version)
        return { ok: false, reason: "VERSION_MISMATCH" } as const;
      const patched = applyPatch(row.settings, patch);
      if (!patched.ok) return { ok: false, reason: "VALIDATION_FAILED", errors: patched.errors } as const;
      const same = isDeepStrictEqual(patched.settings, row.settings);
      const version = same
        ? row.version
        : await changeQueue(trx, queueId, { settings: patched.settings }, by);
      return { ok: true, before: row.settings, after: patched.settings, version } as const;
    },

    setPaused: (trx: Transaction, queueId: string, paused: boolean, by: string) =>
      changeControl(trx, queueId, { paused }, by),
    close: (trx: Transaction, queueId: string, by: string) =>
      changeControl(trx, queueId, { closed: true }, by),
    setNotice: (trx: Transaction, queueId: string, notice: Notice | null, by: string) =>
      changeControl(trx, queueId, { notice }, by),

    /** Makes a lane, or gives an existing one another share and more codes. @returns the codes, which are kept only as hashes. */
    async addLane(
      trx: Transaction,
      queueId: string,
      { name, share, codes: { count, uses } }: NewLane,
      by: string,
    ) {
      const row = await lockQueue(trx, queueId);
      if (!row) return { ok: false, reason: "NOT_FOUND" } as const;
      const added = withLane(row.lanes, name, share);
      if (!added.ok) {
        const { path, message } = added;
        return { ok: false, reason: "VALIDATION_FAILED", errors: [{ path, message }] } as const;
      }
      const codes = Array.from({ length: count }, newCode);
      await changeQueue(trx, queueId, { lanes: added.lanes }, by);
      await insertCodes(
        trx,
        queueId,
        codes.map((code) => ({ hash: hashCode(code), lane: added.lane.index, uses })),
      );
      return { ok: true, before: row.lanes, after: added.lanes, codes } as const;
    },

    /** Brings the row into force; workers do the same when this fails. */
    async apply(queueId: string): Promise<void> {
      const row = await readQueue(db, queueId);
      if (row) await applyRow(db, store, row, "settings");
    },

    /** Bars the account, and gives back what it holds and is not paying for. */
    async removeTicket(queueId: string, ticketId: string, by: string, reason: string) {
      const userId = await ownerOf(queueId, ticketId);
      if (!userId) return { ok: false, reason: "NOT_FOUND" } as const;
      const { code } = await store.leave(queueId, userId, ticketId, "removed", { by, reason });
      if (code === Code.noTicket || code === Code.rebuilding) return refused(code);
      // Also of one who was removed before: that call may have ended here. What a provider is deciding stays.
      const row = await readQueue(db, queueId);
      if (row) await deps.releaseHolds(userId, row.performanceId, "removed");
      return { ok: true, userId } as const;
    },

    async readmit(queueId: string, ticketId: string, by: string) {
      const userId = await ownerOf(queueId, ticketId);
      if (!userId) return { ok: false, reason: "NOT_FOUND" } as const;
      const code = await store.readmit(queueId, userId, ticketId, { by });
      if (code === Code.noTicket || code === Code.rebuilding) return refused(code);
      return { ok: true, userId } as const;
    },

    status: (queueId: string) => status.status(queueId),
    turn: (queueId: string) => status.turn(queueId),
    stats: (queueId: string): Promise<QueueStats | null> => status.stats(queueId),

    verifyPass: (token: string, performanceId: string): PassOutcome =>
      credentials.verifyPass(token, performanceId),

    /** May this pass hold seats now? If so the slot lives at least as long as the hold would. */
    async useSlot({
      queueId,
      userId,
      ticketId,
      fence,
      holdSeconds,
    }: SlotHolder & { fence: number; holdSeconds: number }) {
      const code = await store.useSlot(queueId, userId, ticketId, fence, holdSeconds);
      if (code === Code.ok) return { ok: true } as const;
      // Its slot is not lost: it comes back with the line.
      if (code === Code.rebuilding) return { ok: false, reason: "REBUILDING" } as const;
      return { ok: false, reason: code === Code.expired ? "PASS_EXPIRED" : "PASS_REVOKED" } as const;
    },

    /** A hold was tried, whatever became of it: the automatic rate follows how that goes. */
    holdTried: (tried: TriedHold): void => health.note(tried),

    async holdsChanged({ queueId, userId, ticketId, liveUntil }: SlotHolder & { liveUntil: Date | null }) {
      const code = await store.setHold(queueId, userId, ticketId, liveUntil);
      return { removed: code === Code.removed };
    },

    endSession: ({ queueId, userId, ticketId }: SlotHolder) =>
      store.endSession(queueId, userId, ticketId, "purchased"),

    reportSeats: (
      queueId: string,
      counts: { available: number; held: number; occupied: number; blocked: number },
    ) => store.reportSeats(queueId, counts),

    /** Starts the admissions of this process; for workers. */
    startAdmission: (locks: AdvisoryLocks): AdmissionWorker =>
      startAdmission({ db, subscriber, store, locks, conductor, log, metrics, credentials, liveHolds }),

    /** Stops this process's beat; its fans' places stay. */
    stop: () => room.close(),
  };
}

function refused(code: typeof Code.noTicket | typeof Code.rebuilding) {
  return { ok: false, reason: code === Code.noTicket ? "NOT_FOUND" : "REBUILDING" } as const;
}
