/**
 * Finds out what became of undecided payments, sends refunds, works off cancelled performances, and plays the sandbox provider's side: its charges
 * settle and its webhooks are delivered from here, by real HTTP. Any number of workers may run it.
 */
import type { Payments, SandboxDeliveries } from "../src/payments/index.ts";
import type { Logger } from "../src/platform/logger.ts";
import { type Rounds, startRounds } from "./rounds.ts";

export interface PaymentReconciliationDeps {
  readonly log: Logger;
  readonly payments: Pick<Payments, "reconcile" | "cancellations">;
  readonly sandbox: SandboxDeliveries;
}

const BATCH = 20;
const EVERY_MS = 500;

export function startPaymentReconciliation({ log, payments, sandbox }: PaymentReconciliationDeps): Rounds {
  const questions = startRounds({
    name: "payment reconciliation",
    log,
    pauseMs: EVERY_MS,
    round: async () => (await payments.reconcile(BATCH)) >= BATCH,
  });
  const deliveries = startRounds({
    name: "sandbox deliveries",
    log,
    pauseMs: EVERY_MS,
    round: async () => (await sandbox.deliver(BATCH)) >= BATCH,
  });
  const cancellations = startRounds({
    name: "cancellations",
    log,
    pauseMs: EVERY_MS,
    round: () => payments.cancellations.workOff(BATCH),
  });
  return {
    async close() {
      await Promise.all([questions.close(), deliveries.close(), cancellations.close()]);
    },
  };
}
