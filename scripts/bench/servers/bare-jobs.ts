/** Baseline: a BullMQ worker with nothing to do, and how late each of its jobs ran. */
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { answerQuestions } from "../frame/child.ts";

const NAME = "bare";
let queue: Queue;
let lateness: number[] = [];
let wanted = 0;
let finished: (late: number[]) => void = () => undefined;

answerQuestions({
  start({ redisUrl, concurrency }: { redisUrl: string; concurrency: number }): void {
    queue = new Queue(NAME, {
      connection: new Redis(redisUrl),
      defaultJobOptions: { removeOnComplete: true },
    });
    const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
    new Worker(
      NAME,
      async ({ data }) => {
        lateness.push(Date.now() - data.dueAt);
        if (lateness.length === wanted) finished(lateness);
      },
      { connection, concurrency },
    );
  },
  /** @returns milliseconds, one a job. */
  async "run at one instant"({ count, inMs }: { count: number; inMs: number }): Promise<number[]> {
    const dueAt = Date.now() + inMs;
    lateness = [];
    wanted = count;
    const all = new Promise<number[]>((resolve) => {
      finished = resolve;
    });
    await Promise.all(
      Array.from({ length: count }, () =>
        queue.add(NAME, { dueAt }, { delay: Math.max(0, dueAt - Date.now()) }),
      ),
    );
    return all;
  },
});
