/**
 * The reservations room: the write side of the seats.
 *
 * It owns the tables seat_states, seat_history, reservations, reservation_seats, reservation_history, tickets and
 * idempotency_keys, the lock keys `{perf:<id>}:lock:seat:<ordinal>` and `{perf:<id>}:lock:claim:<number>`, and the job queue `hold-expiry`. A seat's
 * owner is decided here and only here, by one versioned UPDATE in one transaction.
 */
export type { SeatChange, SeatChanges, SeatFeed, SeatStates } from "./feed.ts";
export { createSeatFeed } from "./feed.ts";
export type { CheckInOutcome } from "./gate.ts";
export type { HoldOutcome, HoldRequest, SeatReport } from "./hold.ts";
export type { Idempotency, IdempotencyClaim, StoredReply } from "./idempotency.ts";
export { INVARIANTS, runInvariants, type Violation } from "./invariants.ts";
export type { Payable, PaymentTransitions } from "./payment-transitions.ts";
export type { AdmissionPort, CatalogPort, FansPort, HoldExpiryJob, ReservationsDeps } from "./ports.ts";
export type { CancelOutcome, LeaveOutcome } from "./releases.ts";
export { createReservations, type Reservations } from "./reservations.ts";
export { readClaim, sendStored } from "./routes.ts";
export { idempotencyKey, reservationSchema } from "./schemas.ts";
export type { SeatLetter, SeatStatus } from "./seat-status.ts";
export { SEAT_LETTERS } from "./seat-status.ts";
export type { BlockOutcome } from "./seats.ts";
export type { LiveHold, LockedReservation, ReservationStatus, SeatActivity, TicketRow } from "./store.ts";
export { ticketCode, verifyTicketCode } from "./tickets.ts";
export type { ReservationView } from "./views.ts";
export { jsonReply, reservationPath } from "./views.ts";

/** The job queue whose jobs end holds at their deadline. */
export const HOLD_EXPIRY_QUEUE = "hold-expiry";
