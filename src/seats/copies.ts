/**
 * A gateway's copies of availability, one for each performance it was asked about lately.
 *
 * A copy is loaded from Redis once, however many ask, and then follows the feed; subscribing comes before
 * reading, so no delta falls in between. A gap, a new epoch or a silence of five seconds (the projector speaks
 * each second to those who follow) loads it anew. Where Redis has no copy yet or is away, the seats are read from the
 * database instead, under an epoch that no copy has, and again every two seconds until there is one.
 */
import type { Logger } from "../platform/logger.ts";
import type { Stream } from "../platform/sockets/index.ts";
import { type Copy, createCopy, NO_EPOCH } from "./copy.ts";
import type { FeedMessage } from "./delta.ts";
import { createFeed, type Feed } from "./feed.ts";
import type { Following } from "./following.ts";
import type { AllSeatStates } from "./ports.ts";
import type { StoredCopy } from "./store.ts";

export interface CopiesOptions {
  readonly log: Logger;
  readonly following: (onMessage: (performanceId: string, message: FeedMessage) => void) => Following;
  readCopy(performanceId: string): Promise<StoredCopy | null>;
  /** Bounded by its giver. */
  readAllSeatStates(performanceId: string): Promise<AllSeatStates>;
  /** Asks the projector to look at a performance; must not throw. */
  wake(performanceId: string): void;
  readonly maxCopies?: number;
  readonly idleMs?: number;
}

export interface Copies {
  /** The copy if it is here and fresh. */
  peek(performanceId: string): Copy | null;
  /** Loads the copy if need be; a stale one is better than none. @throws the fault of both stores. */
  get(performanceId: string): Promise<Copy>;
  /** The same, but waits a moment for a copy that a stream can follow: a new performance's is still being made. */
  settled(performanceId: string): Promise<Copy>;
  /** Sends the snapshot and then the deltas until the stream ends. */
  attach(performanceId: string, stream: Stream): void;
  readonly size: number;
  close(): void;
}

interface Entry {
  readonly performanceId: string;
  readonly feed: Feed;
  copy: Copy | null;
  loading: Promise<void> | null;
  /** What came in while loading; null otherwise. */
  missed: FeedMessage[] | null;
  usedAt: number;
  /** When the copy is to be loaded anew unless the projector is heard before. */
  staleAt: number;
  /** Grows while nobody is heard. */
  patienceMs: number;
}

const MAX_COPIES = 200;
const IDLE_MS = 120_000;
const SILENCE_MS = 5_000;
const MAX_SILENCE_MS = 30_000;
const WITHOUT_COPY_MS = 2_000;
const SUBSCRIBE_WAIT_MS = 500;
const SETTLE_MS = 1_500;
const SETTLE_ROUND_MS = 50;
const MAX_MISSED = 256;
const MAX_ATTEMPTS = 3;
const ROUND_MS = 1_000;

export function createCopies(options: CopiesOptions): Copies {
  const { log, maxCopies = MAX_COPIES, idleMs = IDLE_MS } = options;
  const entries = new Map<string, Entry>();
  const following = options.following(receive);

  function receive(performanceId: string, message: FeedMessage): void {
    const entry = entries.get(performanceId);
    if (!entry) return;
    if (entry.missed) {
      // Too many to keep: leaving the last out makes a gap, and a gap loads again.
      if (entry.missed.length < MAX_MISSED) entry.missed.push(message);
      return;
    }
    if (!take(entry, message)) void reload(entry);
  }

  /** @returns false when the copy must be loaded anew. */
  function take(entry: Entry, message: FeedMessage): boolean {
    const taken = entry.copy?.take(message) ?? "gap";
    if (taken === "gap") return false;
    if (taken === "changed") entry.feed.changed(message.seq, message.delta ?? "");
    // Those who missed a frame get the snapshot now, though nothing new came.
    else entry.feed.deliver();
    heard(entry);
    return true;
  }

  function heard(entry: Entry): void {
    entry.patienceMs = SILENCE_MS;
    entry.staleAt = performance.now() + SILENCE_MS;
  }

  function entryOf(performanceId: string): Entry {
    let entry = entries.get(performanceId);
    if (!entry) {
      const made: Entry = {
        performanceId,
        feed: createFeed(() => made.copy),
        copy: null,
        loading: null,
        missed: null,
        usedAt: 0,
        staleAt: 0,
        patienceMs: SILENCE_MS,
      };
      entry = made;
      entries.set(performanceId, made);
      makeRoom(made);
    }
    entry.usedAt = performance.now();
    return entry;
  }

  function makeRoom(newcomer: Entry): void {
    if (entries.size <= maxCopies) return;
    let oldest: Entry | null = null;
    for (const entry of entries.values()) {
      if (entry === newcomer || entry.loading || entry.feed.size > 0) continue;
      if (!oldest || entry.usedAt < oldest.usedAt) oldest = entry;
    }
    if (oldest) drop(oldest);
  }

  function drop(entry: Entry): void {
    entries.delete(entry.performanceId);
    following.unfollow(entry.performanceId);
  }

  function load(entry: Entry): Promise<void> {
    entry.loading ??= replace(entry).finally(() => {
      entry.loading = null;
    });
    return entry.loading;
  }

  async function replace(entry: Entry): Promise<void> {
    try {
      for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
        const missed: FeedMessage[] = [];
        entry.missed = missed;
        await within(SUBSCRIBE_WAIT_MS, following.follow(entry.performanceId));
        await fill(entry);
        if (missed.every((message) => take(entry, message))) return;
      }
      entry.staleAt = 0;
    } finally {
      entry.missed = null;
    }
  }

  async function fill(entry: Entry): Promise<void> {
    const { performanceId } = entry;
    let stored: StoredCopy | null = null;
    try {
      stored = await options.readCopy(performanceId);
    } catch (fault) {
      log.debug("availability copy not read", { performanceId, fault });
      if (entry.copy) return rest(entry);
    }
    if (stored) adopt(entry, stored);
    else await readThrough(entry);
  }

  function adopt(entry: Entry, stored: StoredCopy): void {
    const { copy } = entry;
    const isNews = stored.asOf !== copy?.asOf;
    // The same position is the same map: nobody who follows needs it again.
    if (copy?.epoch === stored.epoch && copy.seq === stored.seq) copy.take({ ...stored, delta: null });
    else {
      entry.copy = createCopy(stored);
      entry.feed.replaced();
    }
    if (isNews) heard(entry);
    else rest(entry);
    if (Date.now() - stored.asOf > SILENCE_MS) options.wake(entry.performanceId);
  }

  async function readThrough(entry: Entry): Promise<void> {
    const { states } = await options.readAllSeatStates(entry.performanceId);
    if (!(entry.copy?.epoch === NO_EPOCH && entry.copy.isOf(states))) {
      entry.copy = createCopy({ epoch: NO_EPOCH, seq: 0, asOf: Date.now(), letters: states });
      entry.feed.replaced();
    }
    entry.staleAt = performance.now() + WITHOUT_COPY_MS;
    options.wake(entry.performanceId);
  }

  /** Nobody was heard: the copy stays as it is for a while. */
  function rest(entry: Entry): void {
    entry.patienceMs = Math.min(MAX_SILENCE_MS, entry.patienceMs * 2);
    entry.staleAt = performance.now() + entry.patienceMs;
  }

  async function reload(entry: Entry): Promise<void> {
    try {
      await load(entry);
    } catch (fault) {
      log.debug("availability copy not loaded", { performanceId: entry.performanceId, fault });
      rest(entry);
    }
  }

  const isStale = (entry: Entry) => performance.now() >= entry.staleAt;

  const timer = setInterval(() => {
    const now = performance.now();
    for (const entry of entries.values()) {
      if (entry.loading) continue;
      if (entry.feed.size > 0) {
        if (isStale(entry)) void reload(entry);
      } else if (now - entry.usedAt > idleMs) drop(entry);
    }
  }, ROUND_MS);

  async function get(performanceId: string): Promise<Copy> {
    const entry = entryOf(performanceId);
    if (entry.copy && !isStale(entry)) return entry.copy;
    try {
      await load(entry);
    } catch (fault) {
      if (!entry.copy) {
        if (entry.feed.size === 0) drop(entry);
        throw fault;
      }
      rest(entry);
    }
    return entry.copy as Copy;
  }

  return {
    peek(performanceId) {
      const entry = entries.get(performanceId);
      if (!entry?.copy || isStale(entry)) return null;
      entry.usedAt = performance.now();
      return entry.copy;
    },
    get,
    async settled(performanceId) {
      const deadline = performance.now() + SETTLE_MS;
      for (;;) {
        const copy = await get(performanceId);
        if (copy.epoch !== NO_EPOCH || performance.now() >= deadline) return copy;
        await new Promise((resolve) => setTimeout(resolve, SETTLE_ROUND_MS));
      }
    },
    attach(performanceId, stream) {
      const entry = entryOf(performanceId);
      entry.feed.add(stream);
      if (!entry.copy) void reload(entry);
    },
    get size() {
      return entries.size;
    },
    close() {
      clearInterval(timer);
      following.close();
      entries.clear();
    },
  };
}

/** Resolves when `work` is done or failed, or the time is up. */
async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([work.catch(() => undefined), deadline]);
  clearTimeout(timer);
}
