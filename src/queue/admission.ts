/**
 * The worker's side of the queues: the beat that admits, and the journal behind it.
 *
 * Every worker beats every live queue; the script itself leaves alone what was just ticked. Journalling belongs to
 * the one that holds the queue's advisory lock, fenced by the journal's own position.
 */
import type { AdvisoryLocks } from "../platform/advisory-locks.ts";
import type { Logger } from "../platform/logger.ts";
import { type Metrics, NO_LABELS } from "../platform/metrics.ts";
import type { Database } from "../platform/postgres.ts";
import { isRedisAway, type RedisClient } from "../platform/redis.ts";
import { Code } from "./codes.ts";
import { applyRow } from "./controls.ts";
import type { Credentials } from "./credentials.ts";
import type { Conductor } from "./draw/conductor.ts";
import { createDrawRunner } from "./draw/runner.ts";
import type { Batch, TickSummary } from "./journal.ts";
import { createJournaller } from "./journaller.ts";
import { WAKE_CHANNEL } from "./keys.ts";
import type { LineStore } from "./line-store.ts";
import { createHeadSigner } from "./log-head.ts";
import { markEnded, readQueue, readVersions } from "./queue-store.ts";
import type { LiveHold } from "./rebuild.ts";

export interface AdmissionDeps {
  readonly db: Database;
  readonly subscriber: RedisClient;
  readonly store: LineStore;
  readonly locks: AdvisoryLocks;
  readonly conductor: Conductor;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly credentials: Credentials;
  liveHolds(performanceId: string): Promise<readonly LiveHold[]>;
}

export interface AdmissionWorker {
  close(): Promise<void>;
}

export const TICK_MS = 250;
/** A freed slot may wake a tick this soon after the last one. */
const WAKE_MIN_MS = 50;
const REFRESH_MS = 1_000;
const IDLE_EVERY_MS = 1_000;
/** Queues worked on at once by one process, and how many of those may have failed before. */
const CONCURRENCY = 16;
const MOST_FAILING = 8;
const MOST_RECALLED = 1_000;
const RECALL_TICKS = 5;

interface Watched {
  readonly queueId: string;
  dueAt: number;
  busy: boolean;
  wakeAgain: boolean;
  /** Of the settings in force in Redis, as far as it said so since it was last away; else 0. */
  version: number;
  /** Of the settings as PostgreSQL last had them; 0 for a queue that is not looked after, or not yet. */
  wanted: number;
  hasDraw: boolean;
  /** Its part of Redis was away at the last try to serve it. */
  isFailing: boolean;
  isOver: boolean;
  isRecalled: boolean;
  /** What the last tick that this process journalled left; null while another one journals. */
  left: Pick<TickSummary, "waiting" | "active" | "limitedBy"> | null;
}

export function startAdmission(deps: AdmissionDeps): AdmissionWorker {
  const { db, subscriber, store, locks, conductor, log, metrics } = deps;
  const watched = new Map<string, Watched>();
  const recalled = new Set<string>();
  let running = 0;
  let failing = 0;
  let closed = false;
  let refreshedAt = 0;
  const journaller = createJournaller({
    db,
    store,
    log,
    metrics,
    liveHolds: deps.liveHolds,
    onCommitted: (queueId, batch) => count(watch(queueId), batch),
  });

  const heads = createHeadSigner(db, deps.credentials);
  const draws = createDrawRunner(conductor, (queueId) => locks.tryHold(lockName(queueId)), log);
  const sum = (of: "waiting" | "active") => () => {
    const values = [...watched.values()].map(({ left }) => left?.[of] ?? 0);
    return [[NO_LABELS, values.reduce((total, value) => total + value, 0)]] as const;
  };
  const unwatch = [
    metrics.queue.waiting.watch(sum("waiting")),
    metrics.queue.active.watch(sum("active")),
    metrics.queue.limited.watch(() =>
      [...watched.values()].flatMap(({ left }) => (left ? [[{ by: left.limitedBy }, 1] as const] : [])),
    ),
  ];

  function watch(queueId: string): Watched {
    const known = watched.get(queueId);
    if (known) return known;
    const fresh: Watched = {
      queueId,
      dueAt: 0,
      busy: false,
      wakeAgain: false,
      version: 0,
      wanted: 0,
      hasDraw: false,
      isFailing: false,
      isOver: false,
      isRecalled: false,
      left: null,
    };
    watched.set(queueId, fresh);
    return fresh;
  }

  /** Finds new queues and new settings, and forgets queues that ended. */
  async function refresh(): Promise<void> {
    const versions = await readVersions(db);
    for (const [queueId, { isRecalled, busy }] of watched) {
      if (versions.has(queueId) || isRecalled || busy) continue;
      watched.delete(queueId);
      journaller.forget(queueId);
      heads.forget(queueId);
      await locks.release(lockName(queueId));
    }
    for (const [queueId, version] of versions) watch(queueId).wanted = version;
  }

  /** Brings settings into Redis that a gateway could not bring there, or that Redis lost. */
  async function heal(queue: Watched): Promise<void> {
    const { queueId } = queue;
    // First, so that an outage of Redis costs PostgreSQL nothing.
    await store.time(queueId);
    if (!queue.hasDraw) await conductor.commit(queueId);
    queue.hasDraw = true;
    const row = await readQueue(db, queueId);
    if (row) await applyRow(db, store, row, "heal");
  }

  async function serve(queue: Watched, minIntervalMs: number): Promise<void> {
    if (queue.busy) {
      queue.wakeAgain = true;
      return;
    }
    queue.busy = true;
    running += 1;
    const wasFailing = queue.isFailing;
    if (wasFailing) failing += 1;
    try {
      await work(queue, minIntervalMs);
      queue.isFailing = false;
    } catch (fault) {
      queue.dueAt = Date.now() + TICK_MS;
      // Not for a PostgreSQL that is away from all of them.
      queue.isFailing = isRedisAway(fault);
      // What was decided meanwhile did not reach it.
      if (queue.isFailing) queue.version = 0;
      log.warn("queue could not be served", { queueId: queue.queueId, fault });
    } finally {
      queue.busy = false;
      running -= 1;
      if (wasFailing) failing -= 1;
    }
    if (!queue.wakeAgain || closed) return;
    queue.wakeAgain = false;
    await serve(queue, WAKE_MIN_MS);
  }

  async function work(queue: Watched, minIntervalMs: number): Promise<void> {
    const { queueId } = queue;
    // Before the tick, which may end everybody by a time that an operator has put off.
    if (queue.version < queue.wanted) await heal(queue);
    const startedAt = performance.now();
    const tick = await store.tick(queueId, minIntervalMs);
    // Whoever makes a queue anew brings in its settings.
    queue.version = tick.code === Code.rebuilding ? queue.wanted : tick.version;
    metrics.queue.tickSeconds.observe((performance.now() - startedAt) / 1_000);
    queue.dueAt = Date.now() + (tick.code === Code.idle ? IDLE_EVERY_MS : tick.more ? 0 : TICK_MS);
    if (!(await locks.tryHold(lockName(queueId)))) {
      journaller.forget(queueId);
      queue.left = null;
      return;
    }
    await journaller.follow(queueId, tick);
    const { epoch, drawing, version, isOver, number: journalLength } = tick;
    queue.isOver = isOver && drawing === 0;
    await heads.sign(queueId, queue.isOver);
    if (drawing > 0) draws.due(queueId, { epoch, closedNumber: drawing });
    // Such a queue needs no more ticks.
    if (queue.isOver) await markEnded(db, queueId, { version, epoch, tick: tick.tick, journalLength });
  }

  function count(queue: Watched, batch: Batch): void {
    queue.left = batch.ticks.at(-1) ?? queue.left;
    for (const { kind, data } of batch.entries) {
      if (kind === "admit") metrics.queue.admitted.inc();
      else if (kind === "leave" || kind === "remove")
        metrics.queue.left.inc({ reason: kind === "leave" ? "left" : "removed" });
      else if (kind === "expire" || kind === "end")
        metrics.queue.left.inc({ reason: String(JSON.parse(data).reason) });
    }
  }

  async function beat(): Promise<void> {
    if (Date.now() - refreshedAt >= REFRESH_MS) {
      refreshedAt = Date.now();
      await refresh();
    }
    const now = Date.now();
    const due = [...watched.values()].filter(
      ({ dueAt, busy, wanted }) => dueAt <= now && !busy && wanted > 0,
    );
    for (const queue of due.sort((a, b) => a.dueAt - b.dueAt)) {
      if (running >= CONCURRENCY) return;
      if (!queue.isFailing || failing < MOST_FAILING) void serve(queue, TICK_MS / 2);
    }
  }

  /** Queues that somebody wakes and nobody looks after yet, or any more: one by one, as they come. */
  async function recall(queueId: string): Promise<void> {
    if (recalled.has(queueId) || recalled.size >= MOST_RECALLED) return;
    recalled.add(queueId);
    if (recalled.size > 1) return;
    for (const next of recalled) {
      try {
        const row = await readQueue(db, next);
        if (row?.ended) await bringBack(watch(next));
        else if (row && !closed) void takeUp(next, row.version);
      } catch (fault) {
        log.warn("queue could not be looked up", { queueId: next, fault });
      }
      recalled.delete(next);
    }
  }

  /** It was only just made: fans may be there before the next refresh. */
  function takeUp(queueId: string, version: number): Promise<void> {
    const queue = watch(queueId);
    queue.wanted = Math.max(queue.wanted, version);
    return serve(queue, WAKE_MIN_MS);
  }

  /**
   * It has ended, and Redis may have lost it. Never beside others of its kind: anybody can ask for them, they may be many
   * and large, and nobody waits in them.
   */
  async function bringBack(queue: Watched): Promise<void> {
    queue.isRecalled = true;
    // Until its settings are in the journal again, too.
    for (let left = RECALL_TICKS; left > 0 && !queue.isOver && !closed; left -= 1) await serve(queue, 0);
    queue.isRecalled = false;
  }

  const onWake = (channel: string, queueId: string) => {
    if (channel !== WAKE_CHANNEL || closed) return;
    const queue = watched.get(queueId);
    void (queue && queue.wanted > 0 ? serve(queue, WAKE_MIN_MS) : recall(queueId));
  };
  subscriber.on("message", onWake);
  const subscribed = subscriber.subscribe(WAKE_CHANNEL);
  subscribed.catch((fault) => log.warn("no wake-ups", { fault }));

  let beating = false;
  const timer = setInterval(() => {
    if (beating) return;
    beating = true;
    beat()
      .catch((fault) => log.warn("admission beat", { fault }))
      .finally(() => {
        beating = false;
      });
  }, TICK_MS / 5);

  return {
    async close() {
      closed = true;
      for (const stop of unwatch) stop();
      clearInterval(timer);
      subscriber.off("message", onWake);
      const deadline = Date.now() + 3_000;
      while ((running > 0 || beating) && Date.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 10));
      await draws.close();
    },
  };
}

export const lockName = (queueId: string): string => `queue:${queueId}`;
