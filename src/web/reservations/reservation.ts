/** A reservation as the API answers it. */

export type Status =
  | "HELD"
  | "PAYING"
  | "CONFIRMED"
  | "EXPIRED"
  | "CANCELLED"
  | "PAID_LATE"
  | "REFUNDING"
  | "REFUNDED";

export interface ReservedSeat {
  readonly id: string;
  readonly ordinal: number;
  readonly section: string;
  readonly row: string;
  readonly number: number;
  readonly amount: number;
}

export interface Reservation {
  readonly id: string;
  readonly performanceId: string;
  readonly status: Status;
  readonly version: number;
  readonly seats: readonly ReservedSeat[];
  readonly totalAmount: number;
  readonly currency: string;
  readonly expiresAt: string;
  readonly tickets?: readonly { readonly id: string; readonly seatId: string }[];
}

/** Somebody else still decides: the state changes without the fan doing anything. */
export function isUndecided(status: Status): boolean {
  return status === "PAYING" || status === "PAID_LATE" || status === "REFUNDING";
}
