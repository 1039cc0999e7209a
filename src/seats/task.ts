/**
 * When the copy of one performance is looked at.
 *
 * A notice that seats changed is followed at once, but never sooner than 250 ms after the last step: that bounds
 * the deltas. Without one, a performance that matters now (fans in its queue, gateways that follow it, a change
 * within the last minute) is looked at every second, in case a notice was lost, and any other once a minute.
 * Each 30 s a step becomes a full check of the copy against the database; of a performance that does not matter
 * now, each hour.
 */
import type { Logger } from "../platform/logger.ts";
import type { Counter, Histogram } from "../platform/metrics.ts";
import type { Gate } from "./gate.ts";
import type { LivePerformance, SeatCounts } from "./ports.ts";
import type { Projector, Step } from "./projector.ts";

export interface TaskOptions {
  readonly performance: LivePerformance;
  readonly projector: Projector;
  /** Bounds how many tasks are at PostgreSQL and Redis at once. */
  readonly gate: Gate;
  readonly log: Logger;
  readonly lagSeconds: Histogram;
  readonly feedMessages: Counter;
  /** Labelled `cause`: absent, wrong. */
  readonly repairs: Counter<"cause">;
  /** Called after each delta and about each second while the performance matters; must not throw. */
  report(counts: SeatCounts): void;
  /** A step failed; it will be tried again. */
  onFault(fault: unknown): void;
  readonly timing?: Partial<TaskTiming>;
}

export interface TaskTiming {
  readonly deltaEveryMs: number;
  readonly pollMs: number;
  readonly restingPollMs: number;
  readonly checkMs: number;
  readonly restingCheckMs: number;
}

export interface Task {
  /** Its seats changed, or may have. */
  wake(): void;
  update(performance: LivePerformance): void;
  /** Resolves when the step that is running is over. */
  stop(): Promise<void>;
}

const TIMING: TaskTiming = {
  deltaEveryMs: 250,
  pollMs: 1_000,
  restingPollMs: 60_000,
  checkMs: 30_000,
  restingCheckMs: 3_600_000,
};
const MATTERS_FOR_MS = 60_000;
const FORGET_AFTER_MS = 5 * 60_000;

export function startTask(options: TaskOptions): Task {
  const { projector, gate, log } = options;
  const timing = { ...TIMING, ...options.timing };
  let { performance: subject } = options;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | null = null;
  let stopped = false;
  let woken = false;
  let lastRunAt = Number.NEGATIVE_INFINITY;
  let lastNewsAt = Number.NEGATIVE_INFINITY;
  let followed = false;
  let lastCheckAt = performance.now();
  /** Spreads the checks of performances that began together. */
  let checkJitter = Math.random();

  function schedule(delayMs: number): void {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(begin, Math.max(0, delayMs));
  }

  function begin(): void {
    running = run().finally(() => {
      running = null;
      schedule(delay());
    });
  }

  async function run(): Promise<void> {
    try {
      await gate(async () => {
        if (stopped) return;
        woken = false;
        lastRunAt = performance.now();
        digest(await look());
      });
    } catch (fault) {
      options.onFault(fault);
    }
  }

  async function look(): Promise<Step | null> {
    const now = performance.now();
    const checkMs = matters() ? timing.checkMs : timing.restingCheckMs;
    if (now - lastCheckAt < checkMs * checkJitter) {
      if (!matters() && now - lastNewsAt > FORGET_AFTER_MS) projector.forget();
      return projector.step();
    }
    lastCheckAt = now;
    checkJitter = 0.8 + Math.random() / 5;
    const checked = await projector.check();
    if (checked && checked.wrong.length > 0) tellWrong(checked.wrong);
    return checked?.step ?? null;
  }

  function tellWrong(ordinals: readonly number[]): void {
    options.repairs.inc({ cause: "wrong" });
    log.warn("availability copy differed from the database and was put right", {
      performanceId: subject.performanceId,
      seats: ordinals.length,
      ordinals: ordinals.slice(0, 20),
    });
  }

  function digest(step: Step | null): void {
    // The copy moved under us, or there is none yet: look again as soon as may be.
    if (!step) {
      lastNewsAt = performance.now();
      return;
    }
    followed = step.followers > 0;
    if (step.rebuilt) {
      options.repairs.inc({ cause: "absent" });
      log.info("availability copy built", { performanceId: subject.performanceId });
    }
    if (step.moved) options.feedMessages.inc();
    for (const { at } of step.changes) {
      if (at) options.lagSeconds.observe(Math.max(0, Date.now() - at.getTime()) / 1_000);
    }
    if (step.changes.length > 0 || step.moved) lastNewsAt = performance.now();
    if (subject.queueActive || step.moved || step.rebuilt) options.report(step.counts);
  }

  function matters(): boolean {
    return subject.queueActive || followed || performance.now() - lastNewsAt < MATTERS_FOR_MS;
  }

  function delay(): number {
    const sinceRun = performance.now() - lastRunAt;
    if (woken) return timing.deltaEveryMs - sinceRun;
    if (matters()) return timing.pollMs - sinceRun;
    return timing.restingPollMs * (0.8 + Math.random() / 5);
  }

  schedule(0);

  return {
    wake() {
      woken = true;
      if (!running) schedule(delay());
    },
    update(next) {
      const begins = next.queueActive && !subject.queueActive;
      subject = next;
      if (begins && !running) schedule(delay());
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
