/** Everything that runs behind the gateways, on one platform; any number of these may run side by side. */
import type { Rooms } from "../src/app.ts";
import { createAdvisoryLocks } from "../src/platform/advisory-locks.ts";
import type { Platform } from "../src/platform/index.ts";
import { startAdmission } from "./admission.ts";
import { startHoldExpiry } from "./hold-expiry.ts";
import { startPaymentReconciliation } from "./payment-reconciliation.ts";
import { startSeatProjectionWorker } from "./seat-projection.ts";
import { startSweeper } from "./sweeper.ts";

export function startWorkers(platform: Platform, rooms: Rooms): void {
  const { config, log, metrics, releaser } = platform;
  const { queue, reservations, payments, sandbox } = rooms;
  const locks = createAdvisoryLocks(config.databaseUrl, log);
  releaser.add("advisory locks", () => locks.close());
  const workers = {
    admission: startAdmission(queue, locks),
    "hold expiry": startHoldExpiry({ settings: config, log, reservations, metrics }),
    sweeper: startSweeper({ log, reservations }),
    "payment reconciliation": startPaymentReconciliation({ log, payments, sandbox }),
  };
  for (const [name, worker] of Object.entries(workers)) releaser.add(name, () => worker.close());
  const { livePerformances, reportSeats } = queue;
  startSeatProjectionWorker(platform, { reads: reservations, livePerformances, reportSeats });
}
