/** The sandbox's books, which it keeps apart from ours as a real provider would. */
import { fileURLToPath } from "node:url";
import type { Database } from "../../platform/postgres.ts";
import { loadStatements } from "../../platform/statements.ts";
import type { ChargeStatus } from "../provider.ts";

export interface BookedCharge {
  readonly id: string;
  readonly status: ChargeStatus;
}

export interface DueWebhook {
  readonly eventId: string;
  readonly type: string;
  readonly paymentId: string;
}

export interface NewCharge {
  readonly id: string;
  readonly paymentId: string;
  readonly amount: number;
  readonly currency: string;
  readonly card: string;
}

export type SandboxStore = ReturnType<typeof createSandboxStore>;

export function createSandboxStore(db: Database) {
  const run = loadStatements(fileURLToPath(new URL("./sql", import.meta.url)));
  const query = async (paymentId: string) => (await run<BookedCharge>(db, "query", { paymentId }))[0] ?? null;

  return {
    query,
    /** @returns the charge as it is booked, which the first of several equal requests decides. */
    async charge(charge: NewCharge, status: ChargeStatus, settleAfterSeconds: number): Promise<BookedCharge> {
      const [booked] = await run<BookedCharge>(db, "charge", { ...charge, status, settleAfterSeconds });
      // Nothing comes back when an equal request committed while this one waited for it.
      const answer = booked ?? (await query(charge.paymentId));
      if (!answer) throw new Error(`charge ${charge.paymentId} is not in the books`);
      return answer;
    },
    async cancel(charge: NewCharge): Promise<BookedCharge> {
      const [booked] = await run<BookedCharge>(db, "cancel", { ...charge });
      return booked as BookedCharge;
    },
    /** @returns null when there is no such charge. */
    async refund(paymentId: string, refundId: string): Promise<string | null> {
      const [booked] = await run<{ refundId: string }>(db, "refund", { paymentId, refundId });
      return booked?.refundId ?? null;
    },
    /** @param paymentId null: all that are due. */
    settleDue: (paymentId: string | null, limit: number) => run(db, "settle-due", { paymentId, limit }),
    claimWebhooks: (limit: number) => run<DueWebhook>(db, "claim-webhooks", { limit }),
    delivered: (eventId: string) => run(db, "delivered", { eventId }),
  };
}
