/** INV: the SQL sweep that says whether seats, money and history agree. Tests run it after every fault. */
import { readFileSync } from "node:fs";
import type { Queryable } from "../platform/postgres.ts";

export interface Violation {
  /** Its number and name. */
  readonly invariant: string;
  /** The id of the seat, reservation or refund. */
  readonly subject: string;
  readonly detail: string;
}

const SQL = readFileSync(new URL("./invariants.sql", import.meta.url), "utf8").replace(/--.*$/gm, "");

/** Every rule, by its number and name, as `Violation.invariant` says it. */
export const INVARIANTS: readonly string[] = [
  ...new Set([...SQL.matchAll(/'(I\d+ [^']+)'/g)].map(([, name]) => name as string)),
];

/**
 * @param graceSeconds how long a hold may lie past its deadline, the sweeper's period included.
 * @returns one entry for each violation.
 */
export async function runInvariants(db: Queryable, { graceSeconds = 5 } = {}): Promise<Violation[]> {
  const { rows } = await db.raw(SQL, { graceSeconds });
  return rows;
}
