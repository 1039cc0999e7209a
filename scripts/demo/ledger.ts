/** What happened in a run, counted: the picture and the report read it, the fans and the operator write it. */

export interface Unexpected {
  /** An error code, or what else should not have been. */
  readonly what: string;
  readonly where: string;
  readonly detail: string;
}

export interface Ledger {
  count(name: string, by?: number): void;
  total(name: string): number;
  /** Milliseconds or seconds, as the name says. */
  sample(name: string, value: number): void;
  samples(name: string): readonly number[];
  /** The names that were counted or sampled under a prefix, without it, in order. */
  names(prefix: string): string[];
  /** Something that no fan may ever meet. */
  unexpected(found: Unexpected): void;
  readonly surprises: readonly Unexpected[];
}

/** @param onSurprise hears of the unexpected as it happens. */
export function createLedger(onSurprise: (found: Unexpected) => void = () => undefined): Ledger {
  const totals = new Map<string, number>();
  const samples = new Map<string, number[]>();
  const surprises: Unexpected[] = [];
  return {
    count: (name, by = 1) => void totals.set(name, (totals.get(name) ?? 0) + by),
    total: (name) => totals.get(name) ?? 0,
    sample(name, value) {
      const list = samples.get(name);
      if (list) list.push(value);
      else samples.set(name, [value]);
    },
    samples: (name) => samples.get(name) ?? [],
    names: (prefix) =>
      [...totals.keys(), ...samples.keys()]
        .filter((name) => name.startsWith(prefix))
        .map((name) => name.slice(prefix.length))
        .sort(),
    unexpected(found) {
      surprises.push(found);
      onSurprise(found);
    },
    surprises,
  };
}

/** @param p from 0 to 1. @returns null without values. */
export function percentile(values: readonly number[], p: number): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] as number;
}
