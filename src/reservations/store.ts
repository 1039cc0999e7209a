/**
 * Every statement of the room, typed. Locks are taken in one order everywhere: the fan's row, reservations by
 * id, seats by performance and ordinal. Each change names the state and the version it leaves.
 */
import type { Queryable, Transaction } from "../platform/postgres.ts";
import type { StatementRunner } from "../platform/statements.ts";
import { KEPT_HOURS } from "./idempotency.ts";
import type { SeatStatus } from "./seat-status.ts";

export type ReservationStatus =
  | "HELD"
  | "PAYING"
  | "CONFIRMED"
  | "EXPIRED"
  | "CANCELLED"
  | "PAID_LATE"
  | "REFUNDING"
  | "REFUNDED";

/** From here on a performance changes what the planner should think of the table. */
const SEATS_WORTH_ANALYZING = 1_000;

export interface ReservationRow {
  readonly id: string;
  readonly performanceId: string;
  readonly userId: string;
  readonly ticketId: string;
  readonly status: ReservationStatus;
  readonly version: number;
  readonly totalAmount: number;
  readonly currency: string;
  readonly expiresAt: Date;
  readonly extendedUntil: Date | null;
}

export interface ReservationRecord extends ReservationRow {
  /** HELD past its deadline, and nobody has ended it yet. */
  readonly lapsed: boolean;
  readonly seats: readonly { readonly ordinal: number; readonly amount: number }[];
  readonly tickets: readonly { readonly id: string; readonly ordinal: number }[] | null;
}

/** A row whose lock this transaction has, and the time when it got it. */
export type LockedReservation = ReservationRow & { readonly now: Date };

export interface SeatState {
  readonly ordinal: number;
  readonly status: SeatStatus;
  readonly version: number;
  readonly reservationId?: string | null;
}

export interface Named {
  readonly id: string;
  readonly version: number;
}

export interface TicketHolder {
  readonly performanceId: string;
  readonly userId: string;
  readonly ticketId: string;
}

/** A hold among others of its performance. */
export interface GroupedHold {
  readonly id: string;
  readonly userId: string;
  readonly ticketId: string;
  readonly maxSeatsPerFan: number;
  readonly holdSeconds: number;
  readonly currency: string;
  readonly claim: { readonly route: string; readonly key: string } | null;
  readonly seats: readonly { readonly ordinal: number; readonly amount: number }[];
}

export interface GroupedOutcome {
  readonly id: string;
  /** When the last lock was granted. */
  readonly now: Date;
  readonly made: boolean;
  readonly taken: number;
  /** The latest end of what else of its ticket lives. */
  readonly liveUntilBefore: Date | null;
  /** A seat of it is another's, and the deadline there is not over. */
  readonly gone: boolean;
}

export interface TicketRow {
  readonly id: string;
  readonly reservationId: string;
  readonly performanceId: string;
  readonly ordinal: number;
  /** Null: not used yet. */
  readonly checkedInAt: Date | null;
}

export interface Ended extends TicketHolder {
  readonly id: string;
  readonly expiresAt: Date;
  readonly endedAt: Date;
  readonly version: number;
  readonly letGo: number;
  readonly freed: readonly { readonly ordinal: number; readonly version: number }[];
}

/** What happened to a performance's seats in the last minute. */
export interface SeatActivity {
  readonly holdsPerMinute: number;
  readonly confirmationsPerMinute: number;
}

/** A fan with live reservations, and the latest end of them. */
export interface LiveHold {
  readonly userId: string;
  readonly until: Date;
}

/** Why a reservation or a seat changed, as its history tells it. */
export type Cause =
  | "hold"
  | "payment"
  | "payment_declined"
  | "payment_late"
  | "job"
  | "sweeper"
  | "takeover"
  | "cancel"
  | "left"
  | "removed"
  | "refund"
  | "block"
  | "unblock";

export interface Ending {
  readonly from: ReservationStatus;
  readonly to: ReservationStatus;
  readonly cause: Cause;
  readonly now: Date;
  /** Only those whose deadline is over by `now`. */
  readonly onlyLapsed?: boolean;
}

/** While a payment is undecided its slot is kept this long; the provider is told to cancel after 300 s. */
export const PAYING_SECONDS = 360;

export type Store = ReturnType<typeof createStore>;

export function createStore(run: StatementRunner) {
  const one = async <Row>(on: Queryable, name: string, bindings: Record<string, unknown>): Promise<Row> =>
    (await run<Row>(on, name, bindings))[0] as Row;

  return {
    surveyHold: (
      trx: Transaction,
      hold: { performanceId: string; userId: string; ordinals: readonly number[] },
    ) =>
      one<{ lapsed: Named[]; taken: { ordinal: number; status: SeatStatus }[]; owned: number }>(
        trx,
        "survey-hold",
        hold,
      ),

    lockSeats: (
      trx: Transaction,
      performanceId: string,
      ordinals: readonly number[],
      lapsed: readonly Named[],
    ) =>
      one<{ seats: SeatState[]; now: Date }>(trx, "lock-seats", {
        performanceId,
        ordinals,
        lapsed: lapsed.map(({ id }) => id),
      }),

    /** @param ordinals groups of `quantity`, one after the other. @returns undefined when none is wholly free. */
    pickSeats: (trx: Transaction, performanceId: string, ordinals: readonly number[], quantity: number) =>
      one<{ seats: SeatState[]; now: Date } | undefined>(trx, "pick-seats", {
        performanceId,
        ordinals,
        quantity,
      }),

    takeSeats: (trx: Transaction, take: Record<string, unknown>) =>
      one<{ taken: number; liveUntilBefore: Date | null }>(trx, "take-seats", {
        ...take,
        payingSeconds: PAYING_SECONDS,
      }),

    /** @returns a row for each hold, in no order. */
    takeGroup: (trx: Transaction, performanceId: string, holds: readonly GroupedHold[]) =>
      run<GroupedOutcome>(trx, "take-group", {
        performanceId,
        ids: holds.map(({ id }) => id),
        userIds: holds.map(({ userId }) => userId),
        ticketIds: holds.map(({ ticketId }) => ticketId),
        caps: holds.map(({ maxSeatsPerFan }) => maxSeatsPerFan),
        holdSeconds: holds.map(({ holdSeconds }) => holdSeconds),
        currencies: holds.map(({ currency }) => currency),
        routes: holds.map(({ claim }) => claim?.route ?? null),
        keys: holds.map(({ claim }) => claim?.key ?? null),
        holdIds: holds.flatMap(({ id, seats }) => seats.map(() => id)),
        ordinals: holds.flatMap(({ seats }) => seats.map(({ ordinal }) => ordinal)),
        amounts: holds.flatMap(({ seats }) => seats.map(({ amount }) => amount)),
        hours: KEPT_HOURS,
        payingSeconds: PAYING_SECONDS,
      }),

    /** @throws Error when a reservation's seats were not all its own: an invariant is broken, so nothing may commit. */
    async endReservations(trx: Transaction, named: readonly Named[], ending: Ending): Promise<Ended[]> {
      if (named.length === 0) return [];
      const ended = await run<Ended>(trx, "end-reservations", {
        ids: named.map(({ id }) => id),
        versions: named.map(({ version }) => version),
        from: ending.from,
        to: ending.to,
        cause: ending.cause,
        now: ending.now,
        onlyLapsed: ending.onlyLapsed ?? false,
        seatFrom: ending.from === "CONFIRMED" ? "OCCUPIED" : "HELD",
      });
      for (const { id, letGo, freed } of ended) {
        if (freed.length !== letGo)
          throw new Error(`reservation ${id} let go of ${letGo} seats and ${freed.length} became free`);
      }
      return ended;
    },

    lockReservation: (trx: Transaction, id: string, userId: string | null) =>
      one<LockedReservation | undefined>(trx, "lock-reservation", { id, userId }),
    /** @param which null for those of any performance; `ids` besides those up to the limit. */
    lockLapsed: (
      trx: Transaction,
      which: { limit: number; performanceId: string | null; ids: readonly string[] },
    ) => run<Named & { now: Date }>(trx, "lock-lapsed", which),
    readDue: (on: Queryable, ids: readonly string[]) =>
      run<{ id: string; expiresAt: Date; now: Date }>(on, "read-due", { ids }),
    lockLapsedOnSeats: (trx: Transaction, performanceId: string, ordinals: readonly number[]) =>
      run<Named>(trx, "lock-lapsed-on-seats", { performanceId, ordinals }),
    lockLiveOfFan: (trx: Transaction, performanceId: string, userId: string) =>
      run<Named & { status: ReservationStatus; now: Date }>(trx, "lock-live-of-fan", {
        performanceId,
        userId,
      }),

    /** @returns undefined when it is not HELD at that version, or its deadline is over. */
    beginPayment: (trx: Transaction, { id, version, now }: LockedReservation, extensionSeconds: number) =>
      one<{ version: number } | undefined>(trx, "begin-payment", { id, version, now, extensionSeconds }),
    move: (
      trx: Transaction,
      { id, version }: Named,
      move: { from: ReservationStatus; to: ReservationStatus; cause: Cause; now: Date },
    ) => one<{ version: number } | undefined>(trx, "move-reservation", { id, version, ...move }),
    confirm: (
      trx: Transaction,
      { id, version }: Named,
      confirm: { from: ReservationStatus; cause: Cause; now: Date; ticketIds: string[] },
    ) =>
      one<{ version: number; seats: number; occupied: number } | undefined>(trx, "confirm-reservation", {
        id,
        version,
        ...confirm,
      }),
    retakeSeats: (
      trx: Transaction,
      id: string,
      performanceId: string,
      seats: readonly SeatState[],
      now: Date,
    ) =>
      one<{ taken: number }>(trx, "retake-seats", {
        id,
        performanceId,
        ordinals: seats.map(({ ordinal }) => ordinal),
        versions: seats.map(({ version }) => version),
        now,
      }),
    countOwned: async (trx: Transaction, performanceId: string, userId: string, now: Date): Promise<number> =>
      (await one<{ owned: number }>(trx, "count-owned", { performanceId, userId, now })).owned,
    /** @param usedToo also those that were used at the gate. */
    voidTickets: (trx: Transaction, id: string, now: Date, usedToo: boolean) =>
      one<{ issued: number; voided: number }>(trx, "void-tickets", { id, now, usedToo }),

    /** @returns undefined when it was used before, voided, or never was. */
    checkIn: (trx: Transaction, id: string, by: string) =>
      one<(TicketRow & { checkedInAt: Date }) | undefined>(trx, "check-in", { id, by }),
    /** One that is good. @param userId its owner; null for anybody's. */
    readTicket: (on: Queryable, id: string, userId: string | null) =>
      one<TicketRow | undefined>(on, "read-ticket", { id, userId }),

    createSeatStates: async (trx: Transaction, performanceId: string, seatCount: number) => {
      await run(trx, "create-seat-states", { performanceId, seatCount });
      if (seatCount >= SEATS_WORTH_ANALYZING) await run(trx, "analyze-seat-states", {});
    },
    setSeatsBlocked: async (
      trx: Transaction,
      performanceId: string,
      change: {
        ordinals: readonly number[];
        from: SeatStatus;
        to: SeatStatus;
        cause: Cause;
        reason: string;
        now: Date;
      },
    ): Promise<number[]> =>
      (await run<{ ordinal: number }>(trx, "set-seats-blocked", { performanceId, ...change })).map(
        ({ ordinal }) => ordinal,
      ),

    blockFreeSeats: async (
      trx: Transaction,
      performanceId: string,
      reason: string,
      limit: number,
    ): Promise<number> =>
      (await one<{ blocked: number }>(trx, "block-free-seats", { performanceId, reason, limit })).blocked,
    countSellable: async (on: Queryable, performanceId: string): Promise<number> =>
      (await one<{ sellable: number }>(on, "count-sellable", { performanceId })).sellable,
    liveOfPerformance: (on: Queryable, performanceId: string, limit: number) =>
      run<{ id: string; status: "HELD" | "CONFIRMED" }>(on, "live-of-performance", { performanceId, limit }),

    activity: (on: Queryable, performanceId: string) => one<SeatActivity>(on, "activity", { performanceId }),
    liveHolds: (on: Queryable, performanceId: string) =>
      run<LiveHold>(on, "live-holds", { performanceId, payingSeconds: PAYING_SECONDS }),

    /** In the order of the holders; null for whoever has nothing live. */
    liveUntil: (on: Queryable, holders: readonly TicketHolder[]) =>
      run<{ liveUntil: Date | null }>(on, "live-until", {
        performanceIds: holders.map(({ performanceId }) => performanceId),
        userIds: holders.map(({ userId }) => userId),
        ticketIds: holders.map(({ ticketId }) => ticketId),
        payingSeconds: PAYING_SECONDS,
      }),
    readById: (on: Queryable, id: string, userId: string | null) =>
      one<ReservationRecord | undefined>(on, "read-reservation", { id, userId }),
    readPage: (on: Queryable, userId: string, before: string | null, limit: number) =>
      run<ReservationRecord>(on, "read-reservations-of-fan", { userId, before, limit }),

    readSeats: (on: Queryable, performanceId: string, ordinals: readonly number[]) =>
      run<SeatState>(on, "read-seats", { performanceId, ordinals }),

    /** Wakes whoever reads the seats' history; delivered when the transaction commits. */
    notifySeats: (on: Queryable, performanceId: string) => run(on, "notify-seats", { performanceId }),
  };
}
