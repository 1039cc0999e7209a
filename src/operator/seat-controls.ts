/** Taking seats off sale and putting them back, all or none. */
import type { SeatMap } from "../catalog/index.ts";
import type { FieldError } from "../platform/errors.ts";
import { type Database, DEFAULT_LIMITS, inTransaction } from "../platform/postgres.ts";
import type { Actor, AuditLog } from "./audit.ts";
import type { CatalogPort, ReservationsPort, SeatBlockOutcome } from "./ports.ts";

/** A seat as an operator is answered: which, and in what state. */
export interface SeatInState {
  readonly id: string;
  readonly ordinal: number;
  readonly state: string;
}

export type SeatsOutcome =
  | { readonly ok: true; readonly seats: readonly SeatInState[] }
  | { readonly ok: false; readonly reason: "NOT_FOUND" }
  | { readonly ok: false; readonly reason: "VALIDATION_FAILED"; readonly errors: readonly FieldError[] }
  | { readonly ok: false; readonly reason: "SEATS_IN_USE"; readonly seats: readonly SeatInState[] };

export interface SeatControls {
  /** @param block true: AVAILABLE becomes BLOCKED; false: the way back. */
  change(
    actor: Actor,
    performanceId: string,
    change: { readonly block: boolean; readonly seatIds: readonly string[]; readonly reason: string },
  ): Promise<SeatsOutcome>;
}

export interface SeatControlsDeps {
  readonly db: Database;
  readonly audit: AuditLog;
  readonly catalog: Pick<CatalogPort, "seatMap">;
  readonly reservations: Pick<ReservationsPort, "blockSeats" | "unblockSeats">;
}

export function createSeatControls({ db, audit, catalog, reservations }: SeatControlsDeps): SeatControls {
  return {
    async change(actor, performanceId, { block, seatIds, reason }) {
      const map = await catalog.seatMap(performanceId);
      if (!map) return { ok: false, reason: "NOT_FOUND" };
      const errors = foreignSeats(map, seatIds);
      if (errors.length > 0) return { ok: false, reason: "VALIDATION_FAILED", errors };
      const ordinals = seatIds.map((id) => map.ordinalOf(id) as number).sort((a, b) => a - b);
      const [from, to] = block ? ["AVAILABLE", "BLOCKED"] : ["BLOCKED", "AVAILABLE"];

      const outcome = await inTransaction(db, DEFAULT_LIMITS, async (trx) => {
        const made = block
          ? await reservations.blockSeats(trx, performanceId, ordinals, reason)
          : await reservations.unblockSeats(trx, performanceId, ordinals, reason);
        if (!made.ok) throw new Refused(made);
        if (made.changed.length > 0) {
          await audit.record(trx, actor, {
            action: block ? "seats.block" : "seats.unblock",
            subject: "performance",
            subjectId: performanceId,
            before: { state: from, ordinals: made.changed },
            after: { state: to, ordinals: made.changed },
            reason,
          });
        }
        return made;
      }).catch(refusalIn);
      const named = (ordinal: number, state: string) => ({ id: map.ids[ordinal] as string, ordinal, state });
      if (outcome.ok) return { ok: true, seats: ordinals.map((ordinal) => named(ordinal, to as string)) };
      return { ...outcome, seats: outcome.seats.map(({ ordinal, state }) => named(ordinal, state)) };
    },
  };
}

/** Thrown, so that whatever was done on the way to a refusal is rolled back with it. */
class Refused extends Error {
  readonly outcome: SeatBlockOutcome;

  constructor(outcome: SeatBlockOutcome) {
    super("refused");
    this.outcome = outcome;
  }
}

function refusalIn(fault: unknown): SeatBlockOutcome {
  if (fault instanceof Refused) return fault.outcome;
  throw fault;
}

function foreignSeats(map: SeatMap, seatIds: readonly string[]): FieldError[] {
  return seatIds.flatMap((id, index) =>
    map.ordinalOf(id) === undefined
      ? [{ path: `seatIds.${index}`, message: `${id} is not a seat of this performance` }]
      : [],
  );
}
