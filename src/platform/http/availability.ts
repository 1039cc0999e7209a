/**
 * Whether PostgreSQL and Redis answer, found out by asking them, not by waiting for a request to time out.
 *
 * A refused connection fails a request at once; a store that hangs does not. So each store is pinged on a fixed
 * beat, and while one does not answer, every request that has waited too long is answered 503. Requests that
 * need only the other store finish in time and never notice.
 */
import { startDeadline } from "../deadline.ts";
import { Problem } from "../errors.ts";

export type Dependency = "database" | "queue";

export interface Availability {
  /** Null when all answer, else the part that does not. */
  failing(): Dependency | null;
  /** Resolves as `work` does, or rejects with a 503 Problem when it waits while a dependency does not answer. */
  race<T>(work: Promise<T>): Promise<T>;
  /** Asks all now, once for all who ask at the same time; for `/readyz`. Takes as long as a ping may. */
  check(): Promise<Record<Dependency, boolean>>;
  stop(): void;
}

interface Waiter {
  readonly since: number;
  readonly reject: (problem: Problem) => void;
}

export interface AvailabilityTiming {
  readonly pingEveryMs: number;
  readonly pingTimeoutMs: number;
  /** How long a request may wait on a store that does not answer. */
  readonly patienceMs: number;
}

const TIMING: AvailabilityTiming = { pingEveryMs: 500, pingTimeoutMs: 1_000, patienceMs: 1_000 };
/** A ping that hangs is not sent again beside itself, or the pings would use up the pool; after this it is lost. */
const PING_LOST_MS = 10_000;
const RETRY_AFTER_SECONDS = 2;

export function watchAvailability(
  pings: Readonly<Record<Dependency, () => PromiseLike<unknown>>>,
  { pingEveryMs, pingTimeoutMs, patienceMs }: AvailabilityTiming = TIMING,
): Availability {
  const ask = { database: pinger(pings.database, pingTimeoutMs), queue: pinger(pings.queue, pingTimeoutMs) };
  const answers: Record<Dependency, boolean> = { database: true, queue: true };
  const waiting = new Set<Waiter>();
  let round: Promise<Record<Dependency, boolean>> | null = null;

  const failing = () => (answers.database ? (answers.queue ? null : "queue") : "database");

  async function askAll(): Promise<Record<Dependency, boolean>> {
    [answers.database, answers.queue] = await Promise.all([ask.database(), ask.queue()]);
    refuseOverdue();
    round = null;
    return { ...answers };
  }

  function check(): Promise<Record<Dependency, boolean>> {
    round ??= askAll();
    return round;
  }

  function refuseOverdue(): void {
    const name = failing();
    if (name === null) return;
    const overdue = performance.now() - patienceMs;
    for (const waiter of waiting) {
      if (waiter.since > overdue) break; // a Set keeps the order of arrival
      waiting.delete(waiter);
      waiter.reject(unavailable(name));
    }
  }

  const timer = setInterval(() => {
    // After this turn of the event loop has read what it has received, which may be answers to those who wait.
    setImmediate(refuseOverdue);
    void check();
  }, pingEveryMs);

  return {
    failing,
    race(work) {
      return new Promise((resolve, reject) => {
        const waiter: Waiter = { since: performance.now(), reject };
        waiting.add(waiter);
        work.then(resolve, reject).finally(() => waiting.delete(waiter));
      });
    },
    check,
    stop: () => clearInterval(timer),
  };
}

export function unavailable(name: Dependency, cause?: unknown): Problem {
  const code = name === "database" ? "DATABASE_UNAVAILABLE" : "QUEUE_UNAVAILABLE";
  return new Problem(code, { retryAfterSeconds: RETRY_AFTER_SECONDS, cause });
}

/** A question that is answered in time: did the ping, this one or the one still under way, come back? */
function pinger(ping: () => PromiseLike<unknown>, timeoutMs: number): () => Promise<boolean> {
  let underWay: { readonly answer: Promise<boolean>; readonly since: number } | null = null;

  async function send(): Promise<boolean> {
    try {
      await ping();
      return true;
    } catch {
      return false;
    }
  }

  return () => {
    if (underWay === null || performance.now() - underWay.since > PING_LOST_MS) {
      const sent = { answer: send(), since: performance.now() };
      underWay = sent;
      void sent.answer.then(() => {
        if (underWay === sent) underWay = null;
      });
    }
    const { answer } = underWay;
    return new Promise((resolve) => {
      const cancel = startDeadline(timeoutMs, () => resolve(false));
      void answer.then((isThere) => {
        cancel();
        resolve(isThere);
      });
    });
  };
}
