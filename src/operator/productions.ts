/** Putting an event and its performances on sale. */
import { v7 } from "uuid";
import {
  checkLook,
  checkSections,
  type EventView,
  type LookRequest,
  type NewEvent,
  type PerformanceFacts,
  type SectionPlan,
} from "../catalog/index.ts";
import type { FieldError } from "../platform/errors.ts";
import { isInstant } from "../platform/http/schemas.ts";
import type { Logger } from "../platform/logger.ts";
import { type Database, DEFAULT_LIMITS, inTransaction } from "../platform/postgres.ts";
import { type NewQueueSettings, newSettings, type QueueSettings } from "../queue/settings.ts";
import type { Actor, AuditLog } from "./audit.ts";
import type { CatalogPort, QueuePort, ReservationsPort } from "./ports.ts";

export interface PerformanceRequest {
  readonly startsAt: string;
  readonly currency: string;
  readonly holdSeconds: number;
  readonly maxSeatsPerFan: number;
  readonly sections: readonly SectionPlan[];
  readonly queue: NewQueueSettings;
}

export type PerformanceOutcome =
  | { readonly ok: true; readonly performance: PerformanceFacts; readonly settings: QueueSettings }
  | { readonly ok: false; readonly reason: "NOT_FOUND" }
  | { readonly ok: false; readonly reason: "VALIDATION_FAILED"; readonly errors: readonly FieldError[] };

export type LookOutcome =
  | { readonly ok: true; readonly event: EventView }
  | { readonly ok: false; readonly reason: "NOT_FOUND" }
  | { readonly ok: false; readonly reason: "VALIDATION_FAILED"; readonly errors: readonly FieldError[] };

export interface Productions {
  createEvent(actor: Actor, event: NewEvent): Promise<EventView>;
  setLook(actor: Actor, eventId: string, look: LookRequest): Promise<LookOutcome>;
  createPerformance(actor: Actor, eventId: string, request: PerformanceRequest): Promise<PerformanceOutcome>;
}

export interface ProductionsDeps {
  readonly db: Database;
  readonly log: Logger;
  readonly audit: AuditLog;
  readonly catalog: CatalogPort;
  readonly reservations: Pick<ReservationsPort, "createSeatStates">;
  readonly queue: Pick<QueuePort, "createQueue" | "initialise">;
}

export function createProductions(deps: ProductionsDeps): Productions {
  const { db, log, audit, catalog, reservations, queue } = deps;

  /** One transaction: a performance without its seats, their states or its queue must never be seen. */
  function write(
    actor: Actor,
    eventId: string,
    request: PerformanceRequest,
    settings: QueueSettings,
  ): Promise<PerformanceFacts | null> {
    const { sections, currency, holdSeconds, maxSeatsPerFan } = request;
    const startsAt = new Date(request.startsAt);
    const queueId = v7();
    return inTransaction(db, DEFAULT_LIMITS, async (trx) => {
      const input = { startsAt, currency, holdSeconds, maxSeatsPerFan, sections, queueId };
      const performance = await catalog.createPerformance(trx, eventId, input);
      if (!performance) return null;
      await reservations.createSeatStates(trx, performance.id, performance.seatCount);
      await queue.createQueue(trx, { queueId, performanceId: performance.id, settings }, actor.id);
      await audit.record(trx, actor, {
        action: "performance.create",
        subject: "performance",
        subjectId: performance.id,
        before: null,
        after: { ...performance, sections, queue: settings },
      });
      return performance;
    });
  }

  return {
    createEvent: (actor, event) =>
      inTransaction(db, DEFAULT_LIMITS, async (trx) => {
        const created = await catalog.createEvent(trx, event);
        const { id, title, venue, description } = created;
        await audit.record(trx, actor, {
          action: "event.create",
          subject: "event",
          subjectId: id,
          before: null,
          after: { title, venue, description },
        });
        return created;
      }),

    async setLook(actor, eventId, look) {
      const errors = checkLook(look);
      if (errors.length > 0) return { ok: false, reason: "VALIDATION_FAILED", errors };
      const found = await inTransaction(db, DEFAULT_LIMITS, async (trx) => {
        const changed = await catalog.setLook(trx, eventId, look);
        if (!changed) return false;
        await audit.record(trx, actor, {
          action: "event.look",
          subject: "event",
          subjectId: eventId,
          ...changed,
        });
        return true;
      });
      const event = found ? await catalog.event(eventId) : null;
      return event ? { ok: true, event } : { ok: false, reason: "NOT_FOUND" };
    },

    async createPerformance(actor, eventId, request) {
      const checked = newSettings(request.queue, "queue.");
      const errors = [
        ...(isInstant(request.startsAt)
          ? []
          : [{ path: "startsAt", message: "startsAt must be a date of the calendar from 1970 on" }]),
        ...checkSections(request.sections),
        ...(checked.ok ? [] : checked.errors),
      ];
      if (!checked.ok || errors.length > 0) return { ok: false, reason: "VALIDATION_FAILED", errors };
      const performance = await write(actor, eventId, request, checked.settings);
      if (!performance) return { ok: false, reason: "NOT_FOUND" };
      try {
        await queue.initialise(performance.queueId);
      } catch (fault) {
        // The performance is made; a worker finds the queue that is not loaded yet and loads it.
        log.warn("queue not loaded at once", { queueId: performance.queueId, fault });
      }
      return { ok: true, performance, settings: checked.settings };
    },
  };
}
