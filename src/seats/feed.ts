/**
 * The streams that follow one performance's seats.
 *
 * Each follower has a position of its own. A pass over all of them brings each from where it stands to where the
 * copy stands: by the deltas in between while we still have them, else by a snapshot. So a client that was too
 * slow for one frame, and one that was there before the copy was rebuilt, need no case of their own, and a pass
 * can be cut into slices while new deltas come in. Every frame is encoded once for all.
 */
import type { Stream } from "../platform/sockets/index.ts";
import type { Copy } from "./copy.ts";

export interface Feed {
  readonly size: number;
  /** Sends the snapshot first, as soon as there is a copy. */
  add(stream: Stream): void;
  /** The copy took this delta and stands at `seq` now. */
  changed(seq: number, delta: string): void;
  /** The copy was replaced, and positions may mean something else. */
  replaced(): void;
  /** Brings everybody up to the copy who is not there; those who are cost nothing. */
  deliver(): void;
}

interface Follower {
  readonly stream: Stream;
  /** Null until it has had a whole snapshot and every delta after it. */
  at: { readonly copy: Copy; seq: number } | null;
}

const SLICE = 500;
const KEPT_DELTAS = 8;
/** A longer delta is not sent: the snapshot says the same in less. */
const MAX_DELTA_CHARS = 24 * 1024;

/** @param current the performance's copy as it is now; null before the first load. */
export function createFeed(current: () => Copy | null): Feed {
  const followers = new Set<Follower>();
  /** The newest deltas, without a gap, up to where the copy stands. */
  let recent: { readonly seq: number; readonly frame: Buffer }[] = [];
  let passing = false;
  let again = false;

  function bring(follower: Follower, copy: Copy): void {
    const { at, stream } = follower;
    const deltas = at?.copy === copy ? deltasBetween(at.seq, copy.seq) : null;
    if (!at || !deltas) {
      sendSnapshot(follower, copy);
      return;
    }
    for (const { seq, frame } of deltas) {
      if (!stream.send(frame)) {
        follower.at = null;
        return;
      }
      at.seq = seq;
    }
  }

  /** Null when we no longer have all of them. */
  function deltasBetween(from: number, to: number): typeof recent | null {
    if (from === to) return [];
    const first = recent.findIndex(({ seq }) => seq === from + 1);
    return first < 0 ? null : recent.slice(first);
  }

  function sendSnapshot(follower: Follower, copy: Copy): void {
    follower.at = follower.stream.send(copy.snapshotFrame()) ? { copy, seq: copy.seq } : null;
  }

  function pass(rest: Follower[]): void {
    const copy = current();
    if (copy) for (const follower of rest.slice(0, SLICE)) if (followers.has(follower)) bring(follower, copy);
    if (copy && rest.length > SLICE) {
      setImmediate(pass, rest.slice(SLICE));
      return;
    }
    passing = false;
    if (!again) return;
    again = false;
    deliver();
  }

  function deliver(): void {
    if (passing) {
      again = true;
      return;
    }
    if (followers.size === 0) return;
    passing = true;
    pass([...followers]);
  }

  return {
    get size() {
      return followers.size;
    },
    add(stream) {
      const follower: Follower = { stream, at: null };
      followers.add(follower);
      stream.onClose(() => followers.delete(follower));
      const copy = current();
      if (copy) sendSnapshot(follower, copy);
    },
    changed(seq, delta) {
      if (delta.length > MAX_DELTA_CHARS) recent = [];
      else recent = [...recent, { seq, frame: Buffer.from(delta) }].slice(-KEPT_DELTAS);
      deliver();
    },
    replaced() {
      recent = [];
      deliver();
    },
    deliver,
  };
}
