/** Two ways to ask: as many as can be answered in a time, or a volley of one request a connection at one instant. */
import { type Connection, openConnection } from "./connection.ts";
import { countOf, type Requests, requestAt } from "./requests.ts";

export interface StreamOfRequests {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  readonly requests: Requests;
  /** Begin again when all have been sent; else the run ends there. */
  readonly repeat: boolean;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly seconds: number;
  /** Answers by status; 0 is a lost connection. */
  readonly statuses: Record<string, number>;
  /** Milliseconds, in the order of the answers, by status. */
  readonly latencies: Record<string, Float64Array>;
}

class Tally {
  readonly #byStatus = new Map<number, number[]>();
  answers = 0;

  add(status: number, milliseconds: number): void {
    const known = this.#byStatus.get(status);
    if (known) known.push(milliseconds);
    else this.#byStatus.set(status, [milliseconds]);
    this.answers += 1;
  }

  result(seconds: number): LoadResult {
    const all = [...this.#byStatus];
    return {
      perSecond: this.answers / seconds,
      seconds,
      statuses: Object.fromEntries(all.map(([status, times]) => [status, times.length])),
      latencies: Object.fromEntries(all.map(([status, times]) => [status, Float64Array.from(times)])),
    };
  }
}

/** Each connection sends its next request as soon as the last one was answered. */
export async function runStream(plan: StreamOfRequests): Promise<LoadResult> {
  const { requests, seconds, repeat } = plan;
  const count = countOf(requests);
  const tally = new Tally();
  let next = 0;
  let underWay = 0;
  let over = false;
  let done: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    done = resolve;
  });

  async function worker(): Promise<{ connection: Connection; step: () => void }> {
    let sentAt = 0;
    const connection = await openConnection(plan.port, (status) => {
      tally.add(status, performance.now() - sentAt);
      underWay -= 1;
      if (status === 0) over = true;
      step();
    });
    function step(): void {
      if (over || (next >= count && !repeat)) {
        if (underWay === 0) done();
        return;
      }
      const request = requestAt(requests, next % count);
      next += 1;
      underWay += 1;
      sentAt = performance.now();
      connection.send(request);
    }
    return { connection, step };
  }

  const workers = await Promise.all(Array.from({ length: plan.connections }, worker));
  const startedAt = performance.now();
  const timer = setTimeout(() => {
    over = true;
  }, seconds * 1_000);
  for (const { step } of workers) step();
  await finished;
  const took = (performance.now() - startedAt) / 1_000;
  clearTimeout(timer);
  for (const { connection } of workers) connection.close();
  return tally.result(took);
}

export interface Volleys {
  readonly port: number;
  readonly connections: number;
  /** `connections` requests a volley, one after the other. */
  readonly requests: Requests;
}

/** All connections send one request at the same instant; the next volley follows when all are answered. */
export async function runVolleys({ port, connections, requests }: Volleys): Promise<LoadResult> {
  const tally = new Tally();
  const sentAt = new Float64Array(connections);
  let left = 0;
  let volleyOver: () => void = () => undefined;
  const open = await Promise.all(
    Array.from({ length: connections }, (_, index) =>
      openConnection(port, (status) => {
        tally.add(status, performance.now() - (sentAt[index] as number));
        left -= 1;
        if (left === 0) volleyOver();
      }),
    ),
  );
  const startedAt = performance.now();
  for (let first = 0; first + connections <= countOf(requests); first += connections) {
    left = connections;
    const over = new Promise<void>((resolve) => {
      volleyOver = resolve;
    });
    open.forEach((connection, index) => {
      sentAt[index] = performance.now();
      connection.send(requestAt(requests, first + index));
    });
    await over;
  }
  const took = (performance.now() - startedAt) / 1_000;
  for (const connection of open) connection.close();
  return tally.result(took);
}
