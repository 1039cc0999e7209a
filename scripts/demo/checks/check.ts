/** One thing that must hold, and what spoke against it. */
export interface Check {
  readonly name: string;
  /** Empty when it holds. */
  readonly violations: readonly string[];
  /** What it was found out from, in a few words. */
  readonly note?: string;
}

export function check(name: string, violations: readonly string[], note?: string): Check {
  return note === undefined ? { name, violations } : { name, violations, note };
}
