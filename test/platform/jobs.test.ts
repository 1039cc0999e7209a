import { Queue } from "bullmq";
import { expect } from "chai";
import {
  type JobContext,
  type JobOutcome,
  type JobQueue,
  type JobWorker,
  type JobWorkerOptions,
  openJobQueue,
  startJobWorker,
} from "../../src/platform/jobs.ts";
import { closeRedis, openRedis } from "../../src/platform/redis.ts";
import { eventually } from "../support/wait.ts";
import { type PrivateRedis, privateRedis, randomName, recordingLogger } from "./support.ts";

interface Data {
  readonly n: number;
}
type Run = Data & JobContext & { readonly at: number };

describe("jobs", () => {
  let server: PrivateRedis;
  let name: string;
  let queue: JobQueue<Data>;
  const workers: JobWorker[] = [];
  let log: ReturnType<typeof recordingLogger>;

  before(async () => {
    server = await privateRedis();
  });
  after(() => server.remove());
  beforeEach(() => {
    name = randomName("jobs");
    log = recordingLogger();
    queue = openJobQueue<Data>(name, server.settings, log);
  });
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.close()));
    await queue.close();
  });

  function work(
    handle: (run: Run) => JobOutcome | Promise<JobOutcome>,
    concurrency = 5,
    options: JobWorkerOptions = {},
  ): Run[] {
    const runs: Run[] = [];
    const noted = async (data: Data, context: JobContext) => {
      const run = { ...data, ...context, at: Date.now() };
      runs.push(run);
      return handle(run);
    };
    workers.push(startJobWorker<Data>(name, server.settings, log, concurrency, noted, options));
    return runs;
  }
  const done = (): JobOutcome => ({ done: true });

  it("a delayed job · runs once, not before its delay is over", async () => {
    const runs = work(done);
    const addedAt = Date.now();
    await queue.add("hold-1", { n: 1 }, 300);
    await eventually(() => runs.length === 1, { what: "the job" });
    expect(runs[0]).to.include({ n: 1, jobId: "hold-1" });
    expect(runs[0]?.at).to.be.at.least(addedAt + 300);
  });

  it("a job that a request made · runs under that request's id, and one that fails is logged with it", async () => {
    const runs = work(({ requestId }) => {
      if (requestId) throw new Error("no");
      return { done: true };
    });
    await queue.add("hold-1", { n: 1 }, 0, "request-1");
    await queue.add("hold-2", { n: 2 }, 0);
    await eventually(() => runs.length >= 2 && log.lines.length > 0, { what: "both jobs" });
    expect(runs.find(({ n }) => n === 1)).to.include({ requestId: "request-1" });
    expect(runs.find(({ n }) => n === 2)).to.not.have.property("requestId");
    const failed = await eventually(() => log.lines.find(({ message }) => message === "job failed"), {
      what: "the line",
    });
    expect(failed.fields).to.include({ jobId: "hold-1", requestId: "request-1" });
  });

  it("jobs of several delays · run in the order they are due", async () => {
    const runs = work(done, 1);
    /** Between which times each is due: a delay counts from a moment within the call. */
    const due = new Map<number, readonly [from: number, to: number]>();
    for (const delay of [400, 0, 200]) {
      const before = Date.now();
      await queue.add(`hold-${delay}`, { n: delay }, delay);
      due.set(delay, [before + delay, Date.now() + delay]);
    }
    await eventually(() => runs.length === 3, { what: "all three" });
    const windows = runs.map(({ n }) => due.get(n) ?? [Number.NaN, Number.NaN]);
    for (const [index, [, to]] of windows.entries())
      for (const [from] of windows.slice(0, index)) expect(to).to.be.at.least(from);
  });

  it("a negative delay · means at once", async () => {
    const runs = work(done);
    await queue.add("hold-1", { n: 1 }, -5_000);
    await eventually(() => runs.length === 1, { what: "the job" });
  });

  it("the same id while the job exists · is not added a second time, afterwards it is", async () => {
    await queue.add("hold-1", { n: 1 }, 200);
    await queue.add("hold-1", { n: 2 }, 0);
    const runs = work(done);
    await queue.add("hold-2", { n: 3 }, 250);
    await eventually(() => runs.length === 2, { what: "both jobs" });
    expect(runs.map(({ n }) => n)).to.deep.equal([1, 3]);
    await eventually(
      async () => {
        await queue.add("hold-1", { n: 4 }, 0);
        return runs.length === 3;
      },
      { what: "the id to be free again" },
    );
    expect(runs[2]?.n).to.equal(4);
  });

  it("a handler that says it is too early · runs again at the time it names, however often", async () => {
    const runs = work(({ at }) =>
      runs.length < 3 ? { done: false, dueAt: new Date(at + 120) } : { done: true },
    );
    await queue.add("hold-1", { n: 1 }, 0);
    await eventually(() => runs.length === 3, { what: "three runs" });
    const [first, second, third] = runs.map(({ at }) => at) as [number, number, number];
    expect([second - first >= 120, third - second >= 120]).to.deep.equal([true, true]);
    expect(log.lines.filter(({ message }) => message === "job failed")).to.deep.equal([]);
  });

  it("a time that has passed already · means again, at once", async () => {
    const runs = work(() => (runs.length < 2 ? { done: false, dueAt: new Date(0) } : { done: true }));
    await queue.add("hold-1", { n: 1 }, 0);
    await eventually(() => runs.length === 2, { what: "two runs" });
  });

  it("a handler that throws · is tried again, and told in the log", async () => {
    const runs = work(() => {
      if (runs.length === 1) throw new Error("the database is away");
      return done();
    });
    await queue.add("hold-1", { n: 1 }, 0);
    await eventually(() => runs.length === 2, { what: "the second try" });
    const [line] = log.lines.filter(({ message }) => message === "job failed");
    expect(line?.fields).to.include({ queue: name, jobId: "hold-1", fault: "the database is away" });
  });

  it("done · leaves nothing in Redis", async () => {
    const runs = work(done);
    await queue.add("hold-1", { n: 1 }, 0);
    await eventually(() => runs.length === 1, { what: "the job" });
    const redis = await openRedis(server.settings, log);
    const key = new Queue(name, { connection: { url: server.url }, prefix: "{fastpass}:jobs" });
    await eventually(async () => !(await redis.exists(key.toKey("hold-1"))), { what: "its key to go" });
    await key.close();
    await closeRedis(redis);
  });

  it("two workers · share the jobs, each runs once", async () => {
    const [first, second] = [work(done, 1), work(done, 1)];
    await Promise.all(Array.from({ length: 30 }, (_, n) => queue.add(`hold-${n}`, { n }, 0)));
    await eventually(() => first.length + second.length === 30, { what: "all jobs" });
    expect(new Set([...first, ...second].map(({ n }) => n)).size).to.equal(30);
  });

  describe("close", () => {
    it("of a worker · waits for the job that runs", async () => {
      let finish: (() => void) | undefined;
      let finished = false;
      const runs = work(
        () =>
          new Promise<JobOutcome>((resolve) => {
            finish = () => {
              finished = true;
              resolve({ done: true });
            };
          }),
      );
      await queue.add("hold-1", { n: 1 }, 0);
      await eventually(() => runs.length === 1, { what: "the job" });
      const closed = workers[0]?.close().then(() => finished);
      finish?.();
      expect(await closed).to.equal(true);
      workers.length = 0;
    });

    it("of a worker · with a job that never ends · ends all the same, and nothing stays open", async () => {
      const runs = work(() => new Promise<JobOutcome>(() => undefined), 5, { closeDeadlineMs: 500 });
      await queue.add("hold-1", { n: 1 }, 0);
      await eventually(() => runs.length === 1, { what: "the job" });
      await workers.pop()?.close();
      await onlyTheQueueIsConnected();
    }).timeout(15_000);

    it("of a worker · while Redis is away · ends all the same", async () => {
      const runs = work(done);
      await queue.add("hold-1", { n: 1 }, 0);
      await eventually(() => runs.length === 1, { what: "the job" });
      await server.stop();
      await workers.pop()?.close();
      await server.restart();
    }).timeout(15_000);

    it("of a queue · while Redis is away · ends all the same", async () => {
      const other = openJobQueue<Data>(name, server.settings, log);
      await other.add("hold-1", { n: 1 }, 60_000);
      await server.stop();
      await other.close();
      await server.restart();
    });
  });

  describe("with Redis away", () => {
    it("add · fails soon instead of waiting, and works again by itself", async () => {
      await queue.add("hold-1", { n: 1 }, 60_000);
      await server.stop();
      const outcome = await queue.add("hold-2", { n: 2 }, 0).then(
        () => "added",
        () => "refused",
      );
      expect(outcome).to.equal("refused");
      await server.restart();
      await eventually(() => queue.add("hold-3", { n: 3 }, 60_000).then(() => true), { what: "its return" });
    });

    it("add · to a Redis that does not answer · is given up", async () => {
      await queue.add("hold-1", { n: 1 }, 60_000);
      server.hang();
      const outcome = await queue.add("hold-2", { n: 2 }, 60_000).catch(String);
      server.goOn();
      expect(outcome).to.equal("Error: Command timed out");
    });

    it("a worker · goes on by itself when Redis is back", async () => {
      const runs = work(done);
      await queue.add("hold-1", { n: 1 }, 0);
      await eventually(() => runs.length === 1, { what: "the first job" });
      await server.stop();
      await server.restart();
      await eventually(() => queue.add("hold-2", { n: 2 }, 0).then(() => true), {
        what: "the queue's return",
      });
      await eventually(() => runs.length === 2, { what: "the second job", timeoutMs: 10_000 });
    }).timeout(30_000);
  });

  /** The queue's one connection and the one that asks. */
  async function onlyTheQueueIsConnected(): Promise<void> {
    const redis = await openRedis(server.settings, log);
    await eventually(
      async () =>
        String(await redis.client("LIST"))
          .trim()
          .split("\n").length === 2,
      {
        what: "the worker's connections to go",
      },
    );
    await closeRedis(redis);
  }
});
