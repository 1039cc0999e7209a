/**
 * A bounded cache of what never changes, loaded once however many ask at the same time.
 *
 * Bounded by weight, not by count: a hall of 50,000 seats weighs as much as fifty of 1,000. The least recently
 * used goes first. What does not exist is not remembered, since it may exist a moment later; a failed load is
 * told to all who waited for it, and the next one tries again.
 */
export interface LoadingCache<V> {
  /** The value, or null when there is none. */
  get(key: string): Promise<V | null>;
  /** The value if it is here now. */
  peek(key: string): V | undefined;
  readonly weight: number;
}

export interface LoadingCacheOptions<V> {
  readonly maxWeight: number;
  weigh(value: V): number;
  load(key: string): Promise<V | null>;
}

export function createLoadingCache<V>({ maxWeight, weigh, load }: LoadingCacheOptions<V>): LoadingCache<V> {
  // A Map iterates in the order of insertion: the first entry is the one that was used longest ago.
  const kept = new Map<string, V>();
  const loading = new Map<string, Promise<V | null>>();
  let weight = 0;

  function keep(key: string, value: V): void {
    kept.set(key, value);
    weight += weigh(value);
    for (const [oldest, old] of kept) {
      if (weight <= maxWeight || oldest === key) break;
      kept.delete(oldest);
      weight -= weigh(old);
    }
  }

  function peek(key: string): V | undefined {
    const value = kept.get(key);
    if (value === undefined) return undefined;
    kept.delete(key);
    kept.set(key, value);
    return value;
  }

  function loadOnce(key: string): Promise<V | null> {
    const running = Promise.resolve(key)
      .then(load)
      .then((value) => {
        if (value !== null) keep(key, value);
        return value;
      })
      .finally(() => loading.delete(key));
    loading.set(key, running);
    return running;
  }

  return {
    async get(key) {
      return peek(key) ?? loading.get(key) ?? loadOnce(key);
    },
    peek,
    get weight() {
      return weight;
    },
  };
}
