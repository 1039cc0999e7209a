/**
 * Keeps the availability copy of one performance equal to the database.
 *
 * A step reads what changed since the copy's watermark, applies greater versions only, and moves the copy from
 * the position it was computed against; a copy that stands elsewhere refuses (another projector, a Redis that
 * lost writes), and the next step starts from what is there. The watermark travels with the copy, so a new
 * projector goes on where the last one stopped: it looks at the seats only when something has changed, which
 * makes a thousand quiet performances cost a thousand short queries and not their millions of seats.
 *
 * Steps and checks of one projector must not overlap.
 */
import { writeDelta } from "./delta.ts";
import { createLetters, differences, LETTER_OF, type Letters, toRuns } from "./letters.ts";
import type { SeatChange, SeatCounts, SeatReads } from "./ports.ts";
import type { CopyHead, FlushOutcome, Position, SeatStore } from "./store.ts";

/** What a step came to. Null in place of it: there are no seats, or the copy had moved under it. */
export interface Step {
  /** The counts of the copy as it stands now. */
  readonly counts: SeatCounts;
  /** Gateways that follow the copy, as far as one node of Redis knows. */
  readonly followers: number;
  /** The transitions it brought in. */
  readonly changes: readonly SeatChange[];
  /** Whether a delta went out. */
  readonly moved: boolean;
  readonly rebuilt: boolean;
}

export interface Projector {
  step(): Promise<Step | null>;
  /** Reads everything, from both sides. @returns the ordinals that were wrong, by now put right; null as above. */
  check(): Promise<{ readonly step: Step; readonly wrong: readonly number[] } | null>;
  /** Forgets the seats; the next change reads them again. */
  forget(): void;
}

/** The seats as last flushed. Forgotten as soon as that is in doubt. */
interface Held extends Position {
  readonly letters: Letters;
  readonly versions: Int32Array;
  readonly watermark: string;
}

export function createProjector(performanceId: string, store: SeatStore, reads: SeatReads): Projector {
  let held: Held | null = null;
  /** The furthest position seen: a copy behind it has lost writes. */
  let furthest: Position = { epoch: 0, seq: 0 };

  /** Takes over what `work` leaves held; whatever fails in between leaves nothing held. */
  async function holding<T>(work: (before: Held | null) => Promise<T>): Promise<T> {
    const before = held;
    held = null;
    return work(before);
  }

  function keep(next: Held): void {
    held = next;
    furthest = { epoch: next.epoch, seq: next.seq };
  }

  async function advance(before: Held): Promise<Step | null> {
    const { changes, nextWatermark } = await reads.readSeatChanges(performanceId, before.watermark);
    const { letters, versions } = before;
    const newer = changes
      .filter(({ ordinal, version }) => version > (versions[ordinal] ?? Number.POSITIVE_INFINITY))
      .sort((one, other) => one.ordinal - other.ordinal || one.version - other.version);
    const changed = new Set<number>();
    for (const { ordinal, status, version } of newer) {
      versions[ordinal] = version;
      if (letters.set(ordinal, LETTER_OF[status])) changed.add(ordinal);
    }
    return flush({ ...before, watermark: nextWatermark }, [...changed], newer);
  }

  /** Goes on from the copy that is there. */
  async function resume(): Promise<Step | null> {
    const head = await store.readHead(performanceId);
    if (!head || isBehind(head, furthest)) return rebuild();
    const { changes, nextWatermark } = await reads.readSeatChanges(performanceId, head.watermark);
    if (changes.length === 0) return confirm(head, nextWatermark);
    const reconciled = await reconcile(null);
    return reconciled && { ...reconciled.step, changes };
  }

  async function confirm(head: CopyHead, watermark: string): Promise<Step | null> {
    const outcome = await store.flush(performanceId, {
      from: head,
      seatCount: sum(head.counts),
      watermark,
      counts: head.counts,
      delta: "",
      runs: [],
    });
    if (outcome.ok) furthest = { epoch: head.epoch, seq: head.seq };
    return settle(outcome, { counts: head.counts, changes: [], moved: false });
  }

  async function flush(
    next: Held,
    changed: readonly number[],
    changes: readonly SeatChange[],
  ): Promise<Step | null> {
    const { letters, watermark } = next;
    const counts = { ...letters.counts };
    const seq = changed.length > 0 ? next.seq + 1 : next.seq;
    const outcome = await store.flush(performanceId, {
      from: next,
      seatCount: letters.length,
      watermark,
      counts,
      delta: changed.length > 0 ? writeDelta({ epoch: next.epoch, seq }, letters, changed) : "",
      runs: toRuns(letters, changed),
    });
    if (outcome.ok) keep({ ...next, seq });
    return settle(outcome, { counts, changes, moved: changed.length > 0 });
  }

  async function settle(
    outcome: FlushOutcome,
    done: Pick<Step, "counts" | "changes" | "moved">,
  ): Promise<Step | null> {
    if (outcome.ok) return { ...done, followers: outcome.followers, rebuilt: false };
    return outcome.reason === "ABSENT" ? rebuild() : null;
  }

  async function rebuild(): Promise<Step | null> {
    const all = await reads.readAllSeatStates(performanceId);
    if (all.states.length === 0) return null;
    const letters = createLetters(all.states);
    const counts = { ...letters.counts };
    const { epoch, seq, followers } = await store.rebuild(performanceId, {
      letters: all.states,
      counts,
      watermark: all.watermark,
      aboveEpoch: furthest.epoch,
    });
    keep({ epoch, seq, letters, versions: Int32Array.from(all.versions), watermark: all.watermark });
    return { counts, followers, changes: [], moved: false, rebuilt: true };
  }

  /** Makes the copy what the database is, seat by seat. A seat that no change explains was wrong. */
  async function reconcile(before: Held | null) {
    const copy = await store.readCopy(performanceId);
    const all = await reads.readAllSeatStates(performanceId);
    if (!copy || isBehind(copy, furthest) || copy.letters.length !== all.states.length) {
      const step = await rebuild();
      return step && { step, wrong: [] };
    }
    const changed = differences(copy.letters, all.states);
    const explained = before ?? (changed.length > 0 ? await changedSince(copy.watermark) : null);
    const wrong = changed.filter((ordinal) => !isExplained(ordinal, explained, all.versions));
    const letters = createLetters(all.states);
    const versions = Int32Array.from(all.versions);
    const step = await flush(
      { epoch: copy.epoch, seq: copy.seq, letters, versions, watermark: all.watermark },
      changed,
      [],
    );
    return step && { step, wrong };
  }

  async function changedSince(watermark: string): Promise<ReadonlySet<number>> {
    const { changes } = await reads.readSeatChanges(performanceId, watermark);
    return new Set(changes.map(({ ordinal }) => ordinal));
  }

  return {
    step: () => holding((before) => (before ? advance(before) : resume())),
    check: () => holding(reconcile),
    forget() {
      held = null;
    },
  };
}

/** A change that simply was not flushed yet has a version that we did not hold, or came after the watermark. */
function isExplained(
  ordinal: number,
  by: Held | ReadonlySet<number> | null,
  versions: ArrayLike<number>,
): boolean {
  if (!by) return false;
  if ("versions" in by) return (versions[ordinal] ?? 0) > (by.versions[ordinal] ?? 0);
  return by.has(ordinal);
}

function isBehind(copy: Position, furthest: Position): boolean {
  return copy.epoch < furthest.epoch || (copy.epoch === furthest.epoch && copy.seq < furthest.seq);
}

function sum({ available, held, occupied, blocked }: SeatCounts): number {
  return available + held + occupied + blocked;
}
