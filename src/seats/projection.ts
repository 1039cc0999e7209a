/**
 * The worker's part of the seats: which performances it projects, and until when.
 *
 * Each second it renews its shards, asks which performances are live, and starts and ends tasks accordingly. A
 * notice about a performance of ours that is not known yet brings that round forward, so that a new performance
 * has its copy at once.
 */
import type { Logger } from "../platform/logger.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { RedisClient } from "../platform/redis.ts";
import { createGate } from "./gate.ts";
import { createLetters } from "./letters.ts";
import type { LivePerformance, SeatCounts, SeatReads } from "./ports.ts";
import { createProjector } from "./projector.ts";
import { createSession } from "./session.ts";
import { createSeatStore, type SeatStore } from "./store.ts";
import { startTask, type Task, type TaskTiming } from "./task.ts";

export interface SeatProjectionDeps {
  /** For one connection beside the pool, which listens and holds the locks. */
  readonly databaseUrl: string;
  readonly redis: RedisClient;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly reads: SeatReads;
  /** Every performance whose availability is to be kept up to date. Asked each second. */
  livePerformances(): Promise<readonly LivePerformance[]>;
  /** Tells the queue how many seats there are to admit for. */
  reportSeats(queueId: string, counts: SeatCounts): Promise<void>;
  /** Other times than the usual ones; only tests use it. */
  readonly timing?: Partial<TaskTiming>;
}

export interface SeatProjection {
  /**
   * Makes a performance's copy anew from the database, under a new epoch, whoever projects it.
   * @returns null when it has no seats.
   */
  rebuild(performanceId: string): Promise<{ readonly epoch: number } | null>;
  /** Ends running steps, then gives the shards to the other workers. */
  close(): Promise<void>;
}

const ROUND_MS = 1_000;
const SOONEST_ROUND_MS = 100;
const FAULTS_LOGGED_EVERY_MS = 5_000;
/** Well below the pool's size: the other parts of a worker need connections too. */
const TASKS_AT_ONCE = 3;

export function startSeatProjection(deps: SeatProjectionDeps): SeatProjection {
  const { log, reads, metrics } = deps;
  const store = createSeatStore(deps.redis, metrics.redis.scriptSeconds);
  const gate = createGate(TASKS_AT_ONCE);
  const tasks = new Map<string, Task>();
  const reporting = new Set<string>();
  const known = new Map<string, SeatCounts>();
  const unwatch = metrics.seats.states.watch(() =>
    [...known.values()].flatMap((counts) =>
      Object.entries(counts).map(([state, seats]) => [{ state }, seats] as const),
    ),
  );
  const faults = countFaults(log);
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> | null = null;
  let soon = false;
  let closed = false;

  const session = createSession({
    databaseUrl: deps.databaseUrl,
    log,
    onChange(performanceId) {
      const task = tasks.get(performanceId);
      if (task) task.wake();
      else if (session.holds(performanceId)) hurry();
    },
    onShards: hurry,
    onLost: () => void stopTasks(() => true),
    leave: () => stopTasks((performanceId) => !session.holds(performanceId)),
  });

  /** Brings the next round forward. */
  function hurry(): void {
    if (soon || closed) return;
    soon = true;
    if (!round) plan(SOONEST_ROUND_MS);
  }

  function plan(delayMs: number): void {
    clearTimeout(timer);
    if (closed) return;
    timer = setTimeout(() => {
      soon = false;
      round = tend()
        .catch((fault) => faults.add(fault))
        .finally(() => {
          round = null;
          // Workers that lost the same server must not come back as one.
          plan(soon ? SOONEST_ROUND_MS : ROUND_MS * (0.8 + Math.random() / 5));
        });
    }, delayMs);
  }

  async function tend(): Promise<void> {
    await session.renew();
    if (session.shards.size === 0) return;
    const live = await deps.livePerformances();
    if (closed) return;
    const ours = new Map(
      live
        .filter(({ performanceId }) => session.holds(performanceId))
        .map((each) => [each.performanceId, each]),
    );
    await stopTasks((performanceId) => !ours.has(performanceId));
    for (const [performanceId, each] of ours) {
      const task = tasks.get(performanceId);
      if (task) task.update(each);
      else if (!closed && session.holds(performanceId)) tasks.set(performanceId, begin(each));
    }
  }

  function begin(live: LivePerformance): Task {
    return startTask({
      performance: live,
      projector: createProjector(live.performanceId, store, reads),
      gate,
      log,
      lagSeconds: metrics.seats.projectionLagSeconds,
      feedMessages: metrics.seats.feedMessages,
      repairs: metrics.seats.repairs,
      report(counts) {
        if (tasks.has(live.performanceId)) known.set(live.performanceId, counts);
        void report(live.queueId, counts);
      },
      onFault: faults.add,
      timing: deps.timing,
    });
  }

  async function stopTasks(which: (performanceId: string) => boolean): Promise<void> {
    const ending = [...tasks].filter(([performanceId]) => which(performanceId));
    for (const [performanceId] of ending) {
      tasks.delete(performanceId);
      known.delete(performanceId);
    }
    await Promise.all(ending.map(([, task]) => task.stop()));
  }

  /** Not awaited by the task: a queue whose store is slow must not hold up the map. */
  async function report(queueId: string, counts: SeatCounts): Promise<void> {
    if (reporting.has(queueId)) return;
    reporting.add(queueId);
    try {
      await deps.reportSeats(queueId, counts);
    } catch (fault) {
      faults.add(fault);
    } finally {
      reporting.delete(queueId);
    }
  }

  plan(0);

  return {
    rebuild: (performanceId) => rebuild(store, reads, performanceId),
    async close() {
      closed = true;
      clearTimeout(timer);
      await round;
      await stopTasks(() => true);
      unwatch();
      await session.close();
    },
  };
}

/** The same as a projection's `rebuild`, for a command that runs none. */
export function rebuildSeats(
  redis: RedisClient,
  reads: SeatReads,
  performanceId: string,
): Promise<{ readonly epoch: number } | null> {
  return rebuild(createSeatStore(redis), reads, performanceId);
}

async function rebuild(store: SeatStore, reads: SeatReads, performanceId: string) {
  const { states, watermark } = await reads.readAllSeatStates(performanceId);
  if (states.length === 0) return null;
  const { counts } = createLetters(states);
  const { epoch } = await store.rebuild(performanceId, { letters: states, counts, watermark, aboveEpoch: 0 });
  return { epoch };
}

/** A store that is away fails every task each second; one line in five seconds tells it. */
function countFaults(log: Logger) {
  let silentUntil = 0;
  let suppressed = 0;
  return {
    add(fault: unknown): void {
      const now = performance.now();
      if (now < silentUntil) {
        suppressed += 1;
        return;
      }
      silentUntil = now + FAULTS_LOGGED_EVERY_MS;
      log.warn("seat projection", { fault, suppressed });
      suppressed = 0;
    },
  };
}
