/**
 * One transaction around a use case whose outcome is a value: a refusal rolls back, so that it leaves no trace
 * and costs no flush of the log; a deadlock or a serialization failure is retried once.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Problem } from "./errors.ts";
import {
  boundTransaction,
  type Database,
  DEFAULT_LIMITS,
  sqlState,
  type Transaction,
  type TransactionLimits,
} from "./postgres.ts";
import { span } from "./tracing/index.ts";

/** What is refused when another transaction has the claim. */
export type ClaimRefused = { readonly ok: false; readonly reason: "IDEMPOTENCY_IN_PROGRESS" };

type Outcome = { readonly ok: boolean };
type Work<T extends Outcome> = (trx: Transaction) => Promise<T>;

const CLAIM = "SELECT pg_try_advisory_xact_lock(:claim::bigint) AS claimed";

const LOCK_NOT_AVAILABLE = "55P03";
const RETRIED = new Set(["40P01", "40001"]);
const RETRY_AFTER_MS = 20;

/** Not a fault: it carries a refusal past knex, which rolls back for nothing less than a throw. */
class RolledBack {
  readonly outcome: unknown;
  constructor(outcome: unknown) {
    this.outcome = outcome;
  }
}

/** @throws Problem BUSY when a row stayed locked by others for longer than the limit; nothing was changed then. */
export function transact<T extends Outcome>(db: Database, work: Work<T>): Promise<T> {
  return transactClaiming(db, null, work) as Promise<T>;
}

/**
 * As `transact`, under a claim: a 64-bit number as text, locked for the length of the transaction by its first
 * statement. When another transaction has it, the outcome is IDEMPOTENCY_IN_PROGRESS at once.
 */
export async function transactClaiming<T extends Outcome>(
  db: Database,
  claim: string | null,
  work: Work<T>,
  limits: TransactionLimits = DEFAULT_LIMITS,
): Promise<T | ClaimRefused> {
  try {
    return await span("transaction", () => attempt(db, claim, work, limits));
  } catch (fault) {
    if (sqlState(fault) === LOCK_NOT_AVAILABLE) throw new Problem("BUSY", { cause: fault });
    if (!RETRIED.has(sqlState(fault) ?? "")) throw fault;
    await sleep(RETRY_AFTER_MS * (0.5 + Math.random()));
    return span("transaction again", () => attempt(db, claim, work, limits));
  }
}

async function attempt<T extends Outcome>(
  db: Database,
  claim: string | null,
  work: Work<T>,
  limits: TransactionLimits,
): Promise<T | ClaimRefused> {
  try {
    return await db.transaction(async (trx) => {
      await boundTransaction(trx, limits);
      if (claim !== null) {
        const { rows } = await trx.raw(CLAIM, { claim }).options({ name: "transact_claim" });
        if (!rows[0].claimed) throw new RolledBack({ ok: false, reason: "IDEMPOTENCY_IN_PROGRESS" });
      }
      const outcome = await work(trx);
      if (!outcome.ok) throw new RolledBack(outcome);
      return outcome;
    });
  } catch (fault) {
    if (fault instanceof RolledBack) return fault.outcome as T | ClaimRefused;
    throw fault;
  }
}
