/**
 * Which sessions were ended: a copy in memory of what PostgreSQL knows, so that checking a token asks nobody.
 *
 * It is loaded whole at start and followed by a poll twice a second. Each poll looks back further than the last
 * one that succeeded, because a revocation becomes visible only some time after the moment it carries. An entry is
 * dropped once no access token of its session can live, so the memory is bounded by the logouts of 16 minutes.
 *
 * While PostgreSQL is away the copy stands still and tokens go on being accepted: nothing they could change works.
 */
import type { Logger } from "../platform/logger.ts";
import type { Revocation, Store } from "./store.ts";

const POLL_EVERY_MS = 500;
const POLL_TIMEOUT_MS = 2_000;
/** Longer than any revoking statement can take from its timestamp to its commit. */
const OVERLAP_SECONDS = 10;
/** The longest-lived access tokens are good for a day. */
const LOAD_WINDOW_SECONDS = 25 * 60 * 60;
const SWEEP_EVERY_MS = 60_000;

export interface Revocations {
  has(sessionId: string): boolean;
  add(revocation: Revocation): void;
  /** Loads all and begins to follow. @throws when the database can't be read. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function createRevocations(store: Store, log: Logger): Revocations {
  const forgetAt = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  let polling: Promise<void> | undefined;
  let stopped = false;
  let failing = false;
  let readAt = readClocks();
  let sweptAt = Date.now();

  const add = ({ sessionId, rememberSeconds }: Revocation) =>
    void forgetAt.set(sessionId, Date.now() + rememberSeconds * 1_000);

  async function load(windowSeconds: number): Promise<void> {
    const now = readClocks();
    for (const revocation of await store.listRevocations(windowSeconds, POLL_TIMEOUT_MS)) add(revocation);
    readAt = now;
  }

  async function poll(): Promise<void> {
    try {
      await load(secondsSince(readAt) + OVERLAP_SECONDS);
      failing = false;
    } catch (fault) {
      if (!failing) log.warn("revoked sessions can't be read; will keep trying", { fault });
      failing = true;
    }
    sweep();
    schedule();
  }

  function sweep(): void {
    const now = Date.now();
    if (Math.abs(now - sweptAt) < SWEEP_EVERY_MS) return;
    sweptAt = now;
    for (const [sessionId, until] of forgetAt) if (until < now) forgetAt.delete(sessionId);
  }

  function schedule(): void {
    if (stopped) return;
    timer = setTimeout(() => {
      polling = poll();
    }, POLL_EVERY_MS);
  }

  return {
    has: (sessionId) => forgetAt.has(sessionId),
    add,
    async start() {
      await load(LOAD_WINDOW_SECONDS);
      schedule();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await polling;
    },
  };
}

interface Clocks {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

function readClocks(): Clocks {
  return { monotonicMs: performance.now(), wallMs: Date.now() };
}

/** The larger of both: the wall clock can be set back, and the monotonic one stands still while a machine sleeps. */
function secondsSince({ monotonicMs, wallMs }: Clocks): number {
  return Math.max(performance.now() - monotonicMs, Date.now() - wallMs) / 1_000;
}
