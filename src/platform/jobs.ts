/**
 * Delayed jobs by BullMQ. A job is a hint that something is due; the row it names decides.
 *
 * Jobs can come twice, late, early or never, so every handler must be idempotent and something else (a sweeper)
 * must find what a lost job would have found.
 */
import { DelayedError, type Job, Queue, Worker } from "bullmq";
import { Cluster, Redis, type RedisOptions } from "ioredis";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";
import { COMMAND_TIMEOUT_MS, followSlots, limitCommands, type RedisSettings, SILENCE_MS } from "./redis.ts";
import { continued, span, traceparent } from "./tracing/index.ts";

/** On a Cluster all keys of BullMQ's queues must share a slot. */
const PREFIX = "{fastpass}:jobs";
const CLOSE_DEADLINE_MS = 5_000;
/** An idle worker asks again after this. BullMQ's watchdog of that call is a second longer and outlives a forced close. */
const IDLE_WAIT_SECONDS = 2;

export interface JobQueue<Data> {
  /** @param jobId letters, digits and `-`, not all digits; while such a job exists a second one is not added. */
  /** @param requestId of the request that makes it; the lines of its run carry it. */
  add(jobId: string, data: Data, delayMs: number, requestId?: string): Promise<void>;
  close(): Promise<void>;
}

export interface JobContext {
  readonly jobId: string;
  /** Absent when no request made it. */
  readonly requestId?: string;
}

/** What a job is in Redis. */
interface Payload<Data> {
  readonly data: Data;
  readonly requestId?: string;
  /** Joins its run to the trace of that request. */
  readonly traceparent?: string;
}

/** What a handler says of the job: it is done, or it came too early and is due again at that time. */
export type JobOutcome = { readonly done: true } | { readonly done: false; readonly dueAt: Date };

export interface JobWorkerOptions {
  /** Hear how long after its time each job began, and how it ended. */
  readonly metrics?: Metrics["jobs"] | undefined;
  /** How long `close` waits for running jobs; 5 s when absent. */
  readonly closeDeadlineMs?: number;
}

export interface JobWorker {
  /** Waits for running jobs, up to a deadline; BullMQ itself would wait without limit. */
  close(): Promise<void>;
}

export function openJobQueue<Data extends object>(
  name: string,
  settings: RedisSettings,
  log: Logger,
): JobQueue<Data> {
  const connection = openConnection(settings, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    socketTimeout: SILENCE_MS,
  });
  if (connection instanceof Cluster) followSlots(connection);
  limitCommands(connection, COMMAND_TIMEOUT_MS);
  const queue = new Queue(name, {
    connection,
    prefix: PREFIX,
    // BullMQ asks for it once, and if that fails it refuses every job that this process ever adds. It would need it for
    // questions about the states of jobs, of which we have none.
    skipVersionCheck: true,
    defaultJobOptions: {
      removeOnComplete: true,
      removeOnFail: 1_000,
      attempts: 5,
      backoff: { type: "exponential", delay: 200 },
    },
  });
  queue.on("error", (fault) => log.debug("job queue", { queue: name, fault: fault.message }));
  return {
    async add(jobId, data, delayMs, requestId) {
      const delay = Math.max(0, Math.round(delayMs));
      await span("job added", async () => {
        const payload: Payload<Data> = { data, requestId, traceparent: traceparent() };
        await queue.add(name, payload, { jobId, delay });
      });
    },
    async close() {
      await queue.close();
      connection.disconnect();
    },
  };
}

export function startJobWorker<Data extends object>(
  name: string,
  settings: RedisSettings,
  log: Logger,
  concurrency: number,
  handle: (data: Data, context: JobContext) => Promise<JobOutcome>,
  { metrics, closeDeadlineMs = CLOSE_DEADLINE_MS }: JobWorkerOptions = {},
): JobWorker {
  const connection = openConnection(settings, { maxRetriesPerRequest: null });
  const running = new Set<Promise<JobOutcome>>();
  const count = (outcome: "done" | "put_off" | "failed") => metrics?.outcomes.inc({ queue: name, outcome });
  const worker = new Worker<Payload<Data>>(
    name,
    async (job: Job<Payload<Data>>, token?: string) => {
      // Of its first run: one that put itself off is due at another time than it was made for.
      if (job.attemptsStarted === 1)
        metrics?.latenessSeconds.observe(
          { queue: name },
          Math.max(0, Date.now() - job.timestamp - (job.opts.delay ?? 0)) / 1_000,
        );
      const { data, requestId, traceparent: parent } = job.data;
      const context = { jobId: job.id ?? "", ...(requestId ? { requestId } : {}) };
      const work = continued(parent, `job ${name}`, () => handle(data, context));
      running.add(work);
      const outcome = await work.finally(() => running.delete(work));
      count(outcome.done ? "done" : "put_off");
      if (log.enabled("debug")) log.debug("job", { queue: name, ...context, ...outcome });
      if (outcome.done) return;
      await job.moveToDelayed(Math.max(Date.now() + 1, outcome.dueAt.getTime()), token);
      throw new DelayedError();
    },
    { connection, prefix: PREFIX, concurrency, drainDelay: IDLE_WAIT_SECONDS },
  );
  worker.on("error", (fault) => log.warn("job worker", { queue: name, fault: fault.message }));
  worker.on("failed", (job, fault) => {
    count("failed");
    const { requestId } = job?.data ?? {};
    log.warn("job failed", { queue: name, jobId: job?.id, requestId, fault: fault.message });
  });
  return {
    async close() {
      await worker.pause(true);
      const idle = await endsWithin(closeDeadlineMs, Promise.allSettled(running));
      // BullMQ waits without limit for a job that does not end and for a Redis that does not answer. A job that is
      // left behind comes again, on another worker, when its lock has lapsed.
      const force = !idle || connection.status !== "ready";
      await endsWithin(closeDeadlineMs, worker.close(force));
      connection.disconnect();
    },
  };
}

async function endsWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  const ended = await Promise.race([work.then(() => true), deadline]);
  clearTimeout(timer);
  return ended;
}

function openConnection(settings: RedisSettings, options: RedisOptions): Redis | Cluster {
  const retryStrategy = (attempt: number) => Math.min(1_000, 50 * attempt);
  const client =
    settings.redisCluster.length > 0
      ? new Cluster([...settings.redisCluster], {
          // Among those of its nodes it says nothing about what waits for a node to be chosen.
          enableOfflineQueue: options.enableOfflineQueue ?? true,
          redisOptions: options,
          clusterRetryStrategy: retryStrategy,
        })
      : new Redis(settings.redisUrl, { ...options, retryStrategy });
  client.on("error", () => undefined); // BullMQ re-emits it on the queue or the worker, where it is logged
  return client;
}
