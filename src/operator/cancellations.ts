/**
 * Calling a performance off. The decision, the close of the queue and the record of both are one transaction; what
 * follows from it (seats off sale, holds ended, everybody's money back) is worked off by the workers.
 */
import type { Logger } from "../platform/logger.ts";
import { type Database, DEFAULT_LIMITS, inTransaction } from "../platform/postgres.ts";
import type { Actor, AuditLog } from "./audit.ts";
import type { CancellationProgress, CancellationsPort, CatalogPort, QueuePort } from "./ports.ts";

export interface PerformanceCancellations {
  /** Asked again, it answers how far it has come; the first reason stands. @returns null: no such performance. */
  cancel(actor: Actor, performanceId: string, reason: string): Promise<CancellationProgress | null>;
  /** @returns null when it was never called off. */
  progress(performanceId: string): Promise<CancellationProgress | null>;
}

export interface CancellationsDeps {
  readonly db: Database;
  readonly log: Logger;
  readonly audit: AuditLog;
  readonly catalog: Pick<CatalogPort, "facts">;
  readonly queue: Pick<QueuePort, "close" | "apply">;
  readonly cancellations: CancellationsPort;
}

export function createCancellations({
  db,
  log,
  audit,
  catalog,
  queue,
  cancellations,
}: CancellationsDeps): PerformanceCancellations {
  return {
    progress: (performanceId) => cancellations.progress(performanceId),
    async cancel(actor, performanceId, reason) {
      const facts = await catalog.facts(performanceId);
      if (!facts) return null;
      await inTransaction(db, DEFAULT_LIMITS, async (trx) => {
        if (!(await cancellations.request(trx, performanceId, reason, actor.id))) return;
        await queue.close(trx, facts.queueId, actor.id);
        await audit.record(trx, actor, {
          action: "performance.cancel",
          subject: "performance",
          subjectId: performanceId,
          before: null,
          after: { cancelled: true, queueId: facts.queueId },
          reason,
        });
      });
      await queue.apply(facts.queueId).catch((fault) => {
        log.warn("queue not closed at once", { queueId: facts.queueId, fault });
      });
      return cancellations.progress(performanceId);
    },
  };
}
