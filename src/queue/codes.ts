/** What the queue's scripts answer; the same numbers stand in lua/includes/codes.lua. */
export const Code = {
  rebuilding: -1,
  ok: 1,
  existing: 2,
  notOpen: 3,
  closed: 4,
  soldOut: 5,
  removed: 6,
  departing: 7,
  noTicket: 8,
  notAdmitted: 9,
  expired: 10,
  uncommitted: 11,
  revoked: 12,
  skipped: 13,
  idle: 14,
  stale: 15,
  busy: 16,
  codeInvalid: 17,
  codeUsed: 18,
} as const;
export type Code = (typeof Code)[keyof typeof Code];
