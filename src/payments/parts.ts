/** What the use cases of the room share. */
import type { Logger } from "../platform/logger.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Database } from "../platform/postgres.ts";
import type { Reservations } from "../reservations/index.ts";
import type { PaymentProvider } from "./provider.ts";
import type { Store } from "./store.ts";

export interface PaymentsDeps {
  readonly db: Database;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, "payments">;
  readonly reservations: Pick<
    Reservations,
    | "transitions"
    | "idempotency"
    | "expireAlone"
    | "cancel"
    | "blockFreeSeats"
    | "liveReservations"
    | "sellableSeats"
  >;
  /** Those that a fan may pay by. */
  readonly providers: readonly PaymentProvider[];
  /** Those that take no new payment, and are still asked about their old ones. */
  readonly retired?: readonly PaymentProvider[];
  readonly timing?: Partial<PaymentTiming>;
}

export interface PaymentTiming {
  /** How long a provider may take to answer. */
  readonly callTimeoutMs: number;
  /** An undecided payment is cancelled at the provider this long after it began. */
  readonly undecidedSeconds: number;
  /** The reconciliation asks about a payment first after this, then at doubling intervals. */
  readonly firstCheckSeconds: number;
  readonly longestCheckSeconds: number;
}

export const DEFAULT_TIMING: PaymentTiming = {
  callTimeoutMs: 3_000,
  undecidedSeconds: 300,
  firstCheckSeconds: 4,
  longestCheckSeconds: 30,
};

export interface Parts extends Omit<PaymentsDeps, "metrics" | "timing" | "providers" | "retired"> {
  readonly metrics: PaymentsDeps["metrics"]["payments"];
  readonly timing: PaymentTiming;
  readonly store: Store;
  providerOf(name: string): PaymentProvider | undefined;
  /** Calls a provider, for at most `callTimeoutMs`. @throws when it failed or did not answer in time. */
  call<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T>;
}
