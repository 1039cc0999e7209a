/**
 * Payments that were begun and of which the end is not known yet, one a reservation.
 *
 * Each new try to pay has an Idempotency-Key of its own. A double click, a reload and a lost answer are the same try:
 * its key and its card are kept for as long as the tab lives, so that asking again pays nothing twice.
 */

export interface Try {
  readonly key: string;
  readonly card: string;
}

export interface Tries {
  /** The try that is under way, or a new one with this card. */
  begin(reservationId: string, card: string): Try;
  underWay(reservationId: string): Try | null;
  /** Its end is known: the next try is a new one. */
  end(reservationId: string): void;
}

export type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

interface Storage {
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
  removeItem(name: string): void;
}

const nameOf = (reservationId: string) => `fastpass.try.${reservationId}`;

/** @param store sessionStorage; one that refuses (a private window, no room) is done without. */
export function createTries(store: Store, newKey: () => string): Tries {
  const memory = new Map<string, Try>();

  function underWay(reservationId: string): Try | null {
    return memory.get(reservationId) ?? attempt(() => read(store.getItem(nameOf(reservationId)))) ?? null;
  }

  return {
    underWay,
    begin(reservationId, card) {
      const begun = underWay(reservationId) ?? { key: newKey(), card };
      memory.set(reservationId, begun);
      attempt(() => store.setItem(nameOf(reservationId), JSON.stringify(begun)));
      return begun;
    },
    end(reservationId) {
      memory.delete(reservationId);
      attempt(() => store.removeItem(nameOf(reservationId)));
    },
  };
}

function read(text: string | null): Try | null {
  const { key, card } = JSON.parse(text ?? "{}") as Partial<Try>;
  return typeof key === "string" && typeof card === "string" ? { key, card } : null;
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
