/**
 * Delayed jobs by BullMQ. A job is a hint that something is due; the row it names decides.
 *
 * Jobs can come twice, late, early or never, so every handler must be idempotent and something else (a sweeper)
 * must find what a lost job would have found.
 */
import { DelayedError, type Job, Queue, Worker } from "bullmq";
import { Cluster, Redis } from "ioredis";
import type { Logger } from "./logger.ts";
import type { RedisSettings } from "./redis.ts";

/** On a Cluster all keys of BullMQ's queues must share a slot. */
const PREFIX = "{fastpass}:jobs";
const CLOSE_DEADLINE_MS = 5_000;
/** An idle worker asks again after this. BullMQ's watchdog of that call is a second longer and outlives a forced close. */
const IDLE_WAIT_SECONDS = 2;

export interface JobQueue<Data> {
  /** @param jobId letters, digits and `-`, not all digits; while such a job exists a second one is not added. */
  add(jobId: string, data: Data, delayMs: number): Promise<void>;
  close(): Promise<void>;
}

export interface JobContext {
  readonly jobId: string;
}

/** What a handler says of the job: it is done, or it came too early and is due again at that time. */
export type JobOutcome = { readonly done: true } | { readonly done: false; readonly dueAt: Date };

export interface JobWorkerOptions {
  /** Hears how long after its time each job began, in seconds. */
  readonly lateness?: { observe(seconds: number): void };
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
    commandTimeout: 1_500,
  });
  const queue = new Queue(name, {
    connection,
    prefix: PREFIX,
    defaultJobOptions: {
      removeOnComplete: true,
      removeOnFail: 1_000,
      attempts: 5,
      backoff: { type: "exponential", delay: 200 },
    },
  });
  queue.on("error", (fault) => log.debug("job queue", { queue: name, fault: fault.message }));
  return {
    async add(jobId, data, delayMs) {
      await queue.add(name, data, { jobId, delay: Math.max(0, Math.round(delayMs)) });
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
  { lateness, closeDeadlineMs = CLOSE_DEADLINE_MS }: JobWorkerOptions = {},
): JobWorker {
  const connection = openConnection(settings, { maxRetriesPerRequest: null });
  const running = new Set<Promise<JobOutcome>>();
  const worker = new Worker<Data>(
    name,
    async (job: Job<Data>, token?: string) => {
      // Of its first run: one that put itself off is due at another time than it was made for.
      if (job.attemptsStarted === 1)
        lateness?.observe(Math.max(0, Date.now() - job.timestamp - (job.opts.delay ?? 0)) / 1_000);
      const work = handle(job.data, { jobId: job.id ?? "" });
      running.add(work);
      const outcome = await work.finally(() => running.delete(work));
      if (outcome.done) return;
      await job.moveToDelayed(Math.max(Date.now() + 1, outcome.dueAt.getTime()), token);
      throw new DelayedError();
    },
    { connection, prefix: PREFIX, concurrency, drainDelay: IDLE_WAIT_SECONDS },
  );
  worker.on("error", (fault) => log.warn("job worker", { queue: name, fault: fault.message }));
  worker.on("failed", (job, fault) =>
    log.warn("job failed", { queue: name, jobId: job?.id, fault: fault.message }),
  );
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

function openConnection(settings: RedisSettings, options: object): Redis | Cluster {
  const retryStrategy = (attempt: number) => Math.min(1_000, 50 * attempt);
  const client =
    settings.redisCluster.length > 0
      ? new Cluster([...settings.redisCluster], {
          redisOptions: options,
          clusterRetryStrategy: retryStrategy,
        })
      : new Redis(settings.redisUrl, { ...options, retryStrategy });
  client.on("error", () => undefined); // BullMQ re-emits it on the queue or the worker, where it is logged
  return client;
}
