/**
 * One timer for everything that must happen to many sockets later.
 *
 * A hashed timer wheel (Varghese & Lauck, 1987, scheme 6): a slot is a set of entries, an entry further away
 * than one turn carries the number of turns left. Scheduling and cancelling cost O(1) and no timer of Node's.
 */
export interface WheelEntry {
  /** @internal */ slot: number;
  /** @internal */ turns: number;
  /** @internal */ readonly run: () => void;
}

export interface TimerWheel {
  /** Runs `run` once, between `delayMs` and `delayMs` + one slot from now. */
  schedule(delayMs: number, run: () => void): WheelEntry;
  /** Harmless when the entry has run or was cancelled before. */
  cancel(entry: WheelEntry): void;
  readonly size: number;
  stop(): void;
}

const SLOTS = 512;

/** @param slotMs the resolution; delays are rounded up to it. */
export function createTimerWheel(slotMs = 100): TimerWheel {
  const slots = Array.from({ length: SLOTS }, () => new Set<WheelEntry>());
  let cursor = 0;
  let size = 0;
  let lastTurnAt = performance.now();

  function advance(): void {
    cursor = (cursor + 1) % SLOTS;
    const slot = slots[cursor] as Set<WheelEntry>;
    // A copy: an entry that schedules one exactly a turn away would otherwise meet it in this very loop.
    for (const entry of [...slot]) {
      if (!slot.has(entry)) continue; // cancelled by one that ran before it
      if (entry.turns > 0) {
        entry.turns -= 1;
        continue;
      }
      slot.delete(entry);
      entry.slot = -1;
      size -= 1;
      entry.run();
    }
  }

  // A blocked event loop swallows intervals; catching up by the clock keeps delays honest.
  const timer = setInterval(() => {
    const now = performance.now();
    while (lastTurnAt + slotMs <= now) {
      lastTurnAt += slotMs;
      advance();
    }
  }, slotMs);

  return {
    schedule(delayMs, run) {
      // Counted from the last turn, not from now, or it would run early by what has passed since.
      const sinceTurn = performance.now() - lastTurnAt;
      const distance = Math.max(1, Math.ceil((delayMs + sinceTurn) / slotMs));
      const entry: WheelEntry = {
        slot: (cursor + distance) % SLOTS,
        turns: Math.floor((distance - 1) / SLOTS),
        run,
      };
      (slots[entry.slot] as Set<WheelEntry>).add(entry);
      size += 1;
      return entry;
    },
    cancel(entry) {
      if (entry.slot >= 0 && slots[entry.slot]?.delete(entry)) size -= 1;
      entry.slot = -1;
    },
    get size() {
      return size;
    },
    stop: () => clearInterval(timer),
  };
}
