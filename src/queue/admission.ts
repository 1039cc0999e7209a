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
/** Queues worked on at once by one process. */
const CONCURRENCY = 16;

interface Watched {
  readonly queueId: string;
  dueAt: number;
  busy: boolean;
  wakeAgain: boolean;
  /** Of the settings in force in Redis, as far as it said so since it was last away; else 0. */
  version: number;
  /** Of the settings as PostgreSQL last had them. */
  wanted: number;
  hasDraw: boolean;
  /** What the last tick that this process journalled left; null while another one journals. */
  left: Pick<TickSummary, "waiting" | "active" | "limitedBy"> | null;
}

export function startAdmission(deps: AdmissionDeps): AdmissionWorker {
  const { db, subscriber, store, locks, conductor, log, metrics } = deps;
  const watched = new Map<string, Watched>();
  let running = 0;
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
      left: null,
    };
    watched.set(queueId, fresh);
    return fresh;
  }

  /** Finds new queues and new settings, and forgets queues that ended. */
  async function refresh(): Promise<void> {
    const versions = await readVersions(db);
    for (const [queueId, { busy }] of watched) {
      // One that ended long ago may be on its way back into Redis, under its lock.
      if (versions.has(queueId) || busy) continue;
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
    try {
      await work(queue, minIntervalMs);
    } catch (fault) {
      // What was decided meanwhile did not reach it.
      if (isRedisAway(fault)) queue.version = 0;
      log.warn("queue could not be served", { queueId: queue.queueId, fault });
    } finally {
      queue.busy = false;
      running -= 1;
    }
    if (!queue.wakeAgain || closed) return;
    queue.wakeAgain = false;
    await serve(queue, WAKE_MIN_MS);
  }

  async function work(queue: Watched, minIntervalMs: number): Promise<void> {
    const { queueId } = queue;
    // Should it fail, others come first.
    queue.dueAt = Date.now() + TICK_MS;
    // Before the tick, which may end everybody by a time that an operator has put off.
    if (queue.version < queue.wanted) await heal(queue);
    const startedAt = performance.now();
    const tick = await store.tick(queueId, minIntervalMs);
    queue.version = tick.version;
    metrics.queue.tickSeconds.observe((performance.now() - startedAt) / 1_000);
    queue.dueAt = Date.now() + (tick.code === Code.idle ? IDLE_EVERY_MS : tick.more ? 0 : TICK_MS);
    if (!(await locks.tryHold(lockName(queueId)))) {
      journaller.forget(queueId);
      queue.left = null;
      return;
    }
    await journaller.follow(queueId, tick);
    const { epoch, drawing, version, isOver, number: journalLength } = tick;
    const isDone = isOver && drawing === 0;
    await heads.sign(queueId, isDone);
    if (drawing > 0) draws.due(queueId, { epoch, closedNumber: drawing });
    // Such a queue needs no more ticks.
    if (isDone) await markEnded(db, queueId, { version, epoch, tick: tick.tick, journalLength });
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
    for (const queue of watched.values()) {
      if (running >= CONCURRENCY) return;
      if (queue.dueAt <= now && !queue.busy) void serve(queue, TICK_MS / 2);
    }
  }

  const onWake = (channel: string, queueId: string) => {
    if (channel === WAKE_CHANNEL && !closed) void serve(watch(queueId), WAKE_MIN_MS);
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
