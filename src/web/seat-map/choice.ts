/** The seats a fan has picked and does not hold yet: a value, so that a page shows exactly one of them. */

export interface Choice {
  /** In the order in which they were picked. */
  readonly seats: readonly number[];
  /** How many more may still be held; what the fan holds and has bought is already taken off. */
  readonly limit: number;
}

export type Picked =
  | { readonly ok: true; readonly choice: Choice }
  | { readonly ok: false; readonly reason: "taken" | "limit" };

export function toggle(choice: Choice, ordinal: number, isFree: (ordinal: number) => boolean): Picked {
  const { seats, limit } = choice;
  if (seats.includes(ordinal))
    return { ok: true, choice: { limit, seats: seats.filter((seat) => seat !== ordinal) } };
  if (!isFree(ordinal)) return { ok: false, reason: "taken" };
  if (seats.length >= limit) return { ok: false, reason: "limit" };
  return { ok: true, choice: { limit, seats: [...seats, ordinal] } };
}

/** @returns what is left, and what somebody else has now. */
export function withoutLost(
  choice: Choice,
  isFree: (ordinal: number) => boolean,
): { readonly choice: Choice; readonly lost: readonly number[] } {
  const lost = choice.seats.filter((ordinal) => !isFree(ordinal));
  if (lost.length === 0) return { choice, lost };
  return { choice: { ...choice, seats: choice.seats.filter(isFree) }, lost };
}
