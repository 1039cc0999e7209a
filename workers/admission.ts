/** Admits fans: ticks every live queue and commits what the ticks decide. */
import type { AdvisoryLocks } from "../src/platform/advisory-locks.ts";
import type { AdmissionWorker, Queue } from "../src/queue/index.ts";

/** Any number of these may run; the queue's scripts and its journal keep them from doing anything twice. */
export function startAdmission(queue: Queue, locks: AdvisoryLocks): AdmissionWorker {
  return queue.startAdmission(locks);
}
