/** The seat map on a fan's screen: the feed's snapshot, then its deltas, one number after the other. */
import type { Api } from "./api.ts";
import type { Ledger } from "./ledger.ts";
import { type ClientStream, RECONNECT, type Streams } from "./stream.ts";

export interface SeatView {
  /** A letter a seat; null before the snapshot, and once the feed is lost. */
  readonly letters: string | null;
  /** The next time one of these seats becomes free; null when it was not seen within the time. */
  freed(ordinals: readonly number[], withinMs: number): Promise<number | null>;
  close(): void;
}

export interface SeatViewDeps {
  readonly api: Api;
  readonly streams: Streams;
  readonly ledger: Ledger;
  complain(check: string, detail: string): void;
}

interface Watch {
  readonly ordinals: ReadonlySet<number>;
  readonly done: (at: number | null) => void;
}

export interface Admission {
  readonly performanceId: string;
  readonly pass: string;
  /** Whether the turn has ended or is about to: a purchase ends it too, and no feed is opened with its pass after that. */
  isOver(): boolean;
}

export function openSeatView(
  { api, streams, ledger, complain }: SeatViewDeps,
  { performanceId, pass, isOver }: Admission,
  gateway: number,
): SeatView {
  let letters: string[] | null = null;
  let epoch = 0;
  let seq = 0;
  const watches = new Set<Watch>();

  function tell(ordinal: number): void {
    for (const watch of watches) if (watch.ordinals.has(ordinal)) watch.done(Date.now());
  }

  function onFrame(frame: Record<string, unknown>): void {
    const before = letters;
    if (frame.type === "snapshot") {
      letters = [...(frame.seats as string)];
      epoch = frame.epoch as number;
      seq = frame.seq as number;
      for (const [ordinal, letter] of letters.entries())
        if (letter === "A" && before && before[ordinal] !== "A") tell(ordinal);
      return;
    }
    if (!letters || frame.epoch !== epoch || frame.seq !== seq + 1) {
      complain("seat feeds have no gap", `after ${epoch}/${seq} came ${frame.epoch}/${frame.seq}`);
      return;
    }
    seq = frame.seq as number;
    for (const [ordinal, letter] of frame.changes as [number, string][]) {
      letters[ordinal] = letter;
      if (letter === "A") tell(ordinal);
    }
  }

  const url = `${api.streamAddress(gateway)}/ws/v1/performances/${performanceId}/seats`;
  let closed = false;
  const stream: ClientStream = streams.open(url, pass, "seats", {
    onFrame,
    onClose(code, ours) {
      closed = true;
      letters = null;
      for (const watch of watches) watch.done(null);
      const tooLate = code === 4401 && isOver();
      if (ours || tooLate) return;
      if (RECONNECT.includes(code)) ledger.count("streams lost");
      else complain("streams stay open", `a seat feed was closed with ${code}`);
    },
  });

  return {
    get letters() {
      return letters?.join("") ?? null;
    },
    freed(ordinals, withinMs) {
      if (closed) return Promise.resolve(null);
      return new Promise((resolve) => {
        const finish = (at: number | null) => {
          clearTimeout(timer);
          watches.delete(watch);
          resolve(at);
        };
        const watch: Watch = { ordinals: new Set(ordinals), done: finish };
        const timer = setTimeout(finish, withinMs, null);
        watches.add(watch);
      });
    },
    close: () => stream.close(),
  };
}
