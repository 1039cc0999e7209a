/** Something a page has to ask for before it can be shown. */
import { useCallback, useEffect, useState } from "preact/hooks";

export interface Loaded<T> {
  readonly value: T | null;
  readonly error: unknown;
  again(): void;
}

/**
 * @param load asked again whenever `keys` change.
 * @param initial what is known already; with it nothing is asked.
 */
export function useLoaded<T>(
  load: () => Promise<T>,
  keys: readonly unknown[],
  initial: T | null = null,
): Loaded<T> {
  const [value, setValue] = useState(initial);
  const [error, setError] = useState<unknown>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (initial !== null && round === 0) return;
    let current = true;
    setError(null);
    load().then(
      (loaded) => current && setValue(() => loaded),
      (fault) => current && setError(fault),
    );
    return () => {
      current = false;
    };
  }, [...keys, round]);
  const again = useCallback(() => setRound((count) => count + 1), []);
  return { value, error, again };
}
