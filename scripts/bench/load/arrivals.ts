/**
 * Fans who wait on their sockets and claim as soon as they are told that it is their turn; and what happens when
 * places come free at once.
 */
import { type Connection, openConnection } from "./connection.ts";
import { type Requests, requestAt } from "./requests.ts";
import { listenTo } from "./sockets.ts";

export interface Turnover {
  readonly port: number;
  readonly crowd: number;
  /** The claim of each socket's fan, in the order of the crowd. */
  readonly claims: Requests;
  /** Sockets whose fans are gone without a word: told, they do nothing. */
  readonly silent: readonly number[];
  /** Each gives a place inside back. */
  readonly leaves: Requests;
  readonly leaving: number;
  /** It is over when so many have arrived. */
  readonly arrivals: number;
  readonly timeoutMs: number;
}

export interface TurnedOver {
  /** From the first leave to the last arrival; null when time ran out. */
  readonly milliseconds: number | null;
  readonly arrived: number;
}

const ADMITTED = '"type":"admitted"';
const OK = 200;

export async function turnOver(plan: Turnover): Promise<TurnedOver> {
  const silent = new Set(plan.silent);
  const claimed = new Set<number>();
  const connections: Connection[] = [];
  let arrived = 0;
  let over: (milliseconds: number | null) => void = () => undefined;
  const result = new Promise<number | null>((resolve) => {
    over = resolve;
  });
  const ask = async (request: Buffer, answered: (status: number) => void) => {
    const connection = await openConnection(plan.port, answered);
    connections.push(connection);
    return () => connection.send(request);
  };

  const leave = await Promise.all(
    Array.from({ length: plan.leaving }, (_, index) => ask(requestAt(plan.leaves, index), () => undefined)),
  );
  const startedAt = performance.now();
  listenTo(plan.crowd, (index, payload) => {
    if (silent.has(index) || claimed.has(index) || !payload.includes(ADMITTED)) return;
    claimed.add(index);
    void ask(requestAt(plan.claims, index), (status) => {
      if (status !== OK) return;
      arrived += 1;
      if (arrived === plan.arrivals) over(performance.now() - startedAt);
    }).then((send) => send());
  });
  const timer = setTimeout(() => over(null), plan.timeoutMs);
  for (const send of leave) send();
  const milliseconds = await result;
  clearTimeout(timer);
  for (const connection of connections) connection.close();
  return { milliseconds, arrived };
}
