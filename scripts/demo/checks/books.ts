/** What must hold in the books: seats, reservations and money in the database, and the tickets in the fans' hands. */
import type { Database } from "../../../src/platform/postgres.ts";
import { runInvariants } from "../../../src/reservations/index.ts";
import type { Purchase } from "../world.ts";
import { type Check, check } from "./check.ts";

/** How long a hold may lie past its deadline: the sweeper comes each second. */
const GRACE_SECONDS = 5;

export async function checkBooks(
  db: Database,
  performanceId: string,
  /** Null when the run was stopped: then fans may have paid without hearing of it. */
  purchases: readonly Purchase[] | null,
): Promise<Check[]> {
  const violations = await runInvariants(db, { graceSeconds: GRACE_SECONDS });
  const money = await readMoney(db, performanceId);
  const paidByFans = purchases?.reduce((sum, { totalAmount }) => sum + totalAmount, 0) ?? money.tickets;
  return [
    check(
      "INV: seats, reservations, history and money agree",
      violations.map(({ invariant, subject, detail }) => `${invariant}: ${subject} ${detail}`),
    ),
    check(
      "payments = tickets + refunds",
      [
        ...differ("captured payments", money.captured, "tickets + refunds", money.tickets + money.refunded),
        ...differ("captured payments", money.captured, "the provider's books", money.charged),
        ...differ("tickets", money.tickets, "what fans were told they paid", paidByFans),
      ],
      `${money.captured.toLocaleString("en")} ${money.currency ?? ""}`.trim(),
    ),
  ];
}

function differ(what: string, amount: number, otherwise: string, other: number): string[] {
  return amount === other ? [] : [`${what}: ${amount}, ${otherwise}: ${other}`];
}

interface Money {
  readonly currency: string | null;
  readonly captured: number;
  readonly refunded: number;
  /** The seats of good tickets at their prices. */
  readonly tickets: number;
  /** By the provider. */
  readonly charged: number;
}

async function readMoney(db: Database, performanceId: string): Promise<Money> {
  const { rows } = await db.raw(
    `WITH paid AS (
       SELECT p.* FROM payments p JOIN reservations r ON r.id = p.reservation_id
       WHERE r.performance_id = :performanceId AND p.status = 'succeeded'
     )
     SELECT (SELECT max(currency) FROM paid) AS currency,
       (SELECT coalesce(sum(amount), 0)::bigint FROM paid) AS captured,
       (SELECT coalesce(sum(f.amount), 0)::bigint FROM refunds f JOIN paid ON paid.id = f.payment_id) AS refunded,
       (SELECT coalesce(sum(s.amount), 0)::bigint
          FROM tickets t
          JOIN seats a ON a.performance_id = t.performance_id AND a.ordinal = t.ordinal
          JOIN sections s ON s.id = a.section_id
        WHERE t.performance_id = :performanceId AND t.voided_at IS NULL) AS tickets,
       (SELECT coalesce(sum(c.amount), 0)::bigint
          FROM sandbox_charges c JOIN payments p ON p.id = c.payment_id
          JOIN reservations r ON r.id = p.reservation_id
        WHERE r.performance_id = :performanceId AND c.status = 'succeeded') AS charged`,
    { performanceId },
  );
  return rows[0];
}
