/**
 * A recent picture of a performance's seats, for choosing the best ones. Only a hint: it may be a little old, and
 * the database decides. It is kept up to date by what changed since, which costs next to nothing, and seats that
 * requests of this process are taking right now are marked, so that a herd does not choose the same ones.
 */
import type { SeatFeed } from "./feed.ts";

export interface Picture {
  isFree(ordinal: number): boolean;
  /** Free, and no request of this process is about to take it. */
  isUnclaimed(ordinal: number): boolean;
  /** Marks seats as about to be taken. @returns what unmarks them; the next picture is read anew. */
  claim(ordinals: readonly number[]): () => void;
}

export interface Pictures {
  /** @param maxAgeMs 0 for a picture read now. */
  read(performanceId: string, maxAgeMs: number): Promise<Picture>;
}

interface Entry {
  readonly letters: Buffer;
  readonly versions: Int32Array;
  readonly claimed: Set<number>;
  watermark: string;
  readAt: number;
  /** A picture from before this time lacks something this process did. */
  changedAt: number;
  refreshing: Promise<void> | null;
}

const KEPT = 16;
const FREE = "A".charCodeAt(0);

export function createPictures(feed: SeatFeed): Pictures {
  const entries = new Map<string, Promise<Entry>>();

  async function load(performanceId: string): Promise<Entry> {
    const readAt = performance.now();
    const { states, versions, watermark } = await feed.readAllSeatStates(performanceId);
    return {
      letters: Buffer.from(states, "latin1"),
      versions: Int32Array.from(versions),
      claimed: new Set(),
      watermark,
      readAt,
      changedAt: 0,
      refreshing: null,
    };
  }

  function entryOf(performanceId: string): Promise<Entry> {
    const known = entries.get(performanceId);
    entries.delete(performanceId);
    const entry = known ?? load(performanceId);
    entries.set(performanceId, entry);
    if (!known) entry.catch(() => entries.delete(performanceId));
    const [oldest] = entries.keys();
    if (entries.size > KEPT && oldest !== undefined) entries.delete(oldest);
    return entry;
  }

  async function refresh(performanceId: string, entry: Entry): Promise<void> {
    const readAt = performance.now();
    const { changes, nextWatermark } = await feed.readSeatChanges(performanceId, entry.watermark);
    for (const { ordinal, status, version } of changes) {
      if (version <= (entry.versions[ordinal] ?? 0)) continue;
      entry.versions[ordinal] = version;
      entry.letters[ordinal] = status.charCodeAt(0);
    }
    entry.watermark = nextWatermark;
    entry.readAt = readAt;
  }

  return {
    async read(performanceId, maxAgeMs) {
      const startedAt = performance.now();
      const entry = await entryOf(performanceId);
      // Fixed now: measured against a mark that moves on with every change, a busy picture would never be new enough.
      const wanted = Math.max(startedAt - maxAgeMs, entry.changedAt);
      while (entry.readAt < wanted) {
        entry.refreshing ??= refresh(performanceId, entry).finally(() => {
          entry.refreshing = null;
        });
        await entry.refreshing;
      }
      return toPicture(entry);
    },
  };
}

function toPicture(entry: Entry): Picture {
  const isFree = (ordinal: number) => entry.letters[ordinal] === FREE;
  return {
    isFree,
    isUnclaimed: (ordinal) => isFree(ordinal) && !entry.claimed.has(ordinal),
    claim(ordinals) {
      for (const ordinal of ordinals) entry.claimed.add(ordinal);
      return () => {
        for (const ordinal of ordinals) entry.claimed.delete(ordinal);
        entry.changedAt = performance.now();
      };
    },
  };
}
