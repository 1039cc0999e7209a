/**
 * The read side of the seats: a copy of every seat's state, made for being read a thousand times for each write.
 *
 * PostgreSQL decides; nothing here does. A worker's projection reads what changed and alone writes the copy in
 * Redis, a map of letters with an epoch and a seq, at most one delta each 250 ms. Gateways hold the copies they
 * are asked for in memory, follow the deltas, answer from there and hand each delta on to their sockets.
 */
import type { Route } from "../platform/http/route.ts";
import type { Logger } from "../platform/logger.ts";
import type { Database } from "../platform/postgres.ts";
import type { RedisClient } from "../platform/redis.ts";
import type { StreamRoute } from "../platform/sockets/index.ts";
import { createCopies } from "./copies.ts";
import { createCounts } from "./counts.ts";
import { createFollowing } from "./following.ts";
import { createGate } from "./gate.ts";
import { createLetters } from "./letters.ts";
import { createNotifier } from "./notify.ts";
import type { SeatCounts, SeatReads } from "./ports.ts";
import { availabilityRoutes } from "./routes.ts";
import { createSeatStore } from "./store.ts";
import { type PassPort, seatStreams } from "./streams.ts";

export { SEATS_CHANNEL } from "./notify.ts";
export type {
  AllSeatStates,
  LivePerformance,
  SeatChange,
  SeatCounts,
  SeatReads,
  SeatStatus,
} from "./ports.ts";
export {
  rebuildSeats,
  type SeatProjection,
  type SeatProjectionDeps,
  startSeatProjection,
} from "./projection.ts";

export interface SeatsDeps {
  readonly db: Database;
  readonly redis: RedisClient;
  readonly subscriber: RedisClient;
  readonly log: Logger;
  readonly reads: SeatReads;
  readonly passes: PassPort;
  /** Null when there is no such performance. */
  facts(performanceId: string): Promise<object | null>;
  /** Copies kept in memory; those that sockets follow are kept beyond it. */
  readonly maxCopies?: number;
}

export interface Seats {
  readonly routes: Route[];
  readonly streams: StreamRoute[];
  /** From memory or Redis, at most a second old there; from the database while there is no copy. */
  counts(performanceId: string): Promise<SeatCounts>;
  close(): void;
}

/** Reading a large hall from the database takes it tens of milliseconds: a few at a time. */
const READS_AT_ONCE = 2;

export function createSeats(deps: SeatsDeps): Seats {
  const { log, redis, reads } = deps;
  const store = createSeatStore(redis);
  const gate = createGate(READS_AT_ONCE);
  const readAllSeatStates = (performanceId: string) => gate(() => reads.readAllSeatStates(performanceId));
  const copies = createCopies({
    log,
    following: (onMessage) => createFollowing(deps.subscriber, onMessage),
    readCopy: store.readCopy,
    readAllSeatStates,
    wake: createNotifier(deps.db, log),
    maxCopies: deps.maxCopies,
  });
  return {
    routes: availabilityRoutes({ copies, facts: deps.facts }),
    streams: seatStreams(copies, deps.passes),
    counts: createCounts({
      peek: (performanceId) => copies.peek(performanceId)?.counts ?? null,
      read: async (performanceId) => (await store.readHead(performanceId))?.counts ?? null,
      readThrough: async (performanceId) =>
        createLetters((await readAllSeatStates(performanceId)).states).counts,
    }),
    close: copies.close,
  };
}
