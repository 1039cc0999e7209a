/**
 * Removing a fan's ticket from a queue, and taking that back.
 *
 * A ticket lives in Redis, so no transaction can hold the change and its audit entry together, and none may stay
 * open while Redis works. Therefore two entries: what is about to be done is committed first, then the script
 * runs, then what came of it is committed. Whatever dies in between, who asked for it and why is on record; an
 * entry `requested` without a successor means that the outcome stands in the queue's journal alone. Repeating
 * the call is safe and completes the record; repeating one that succeeded writes nothing.
 */
import type { Database } from "../platform/postgres.ts";
import type { Actor, AuditAction, AuditLog } from "./audit.ts";
import type { QueuePort, TicketOutcome } from "./ports.ts";

export interface TicketControls {
  remove(actor: Actor, queueId: string, ticketId: string, reason: string): Promise<TicketOutcome>;
  readmit(actor: Actor, queueId: string, ticketId: string): Promise<TicketOutcome>;
}

export interface TicketControlsDeps {
  readonly db: Database;
  readonly audit: AuditLog;
  readonly queue: Pick<QueuePort, "removeTicket" | "readmit">;
}

interface Step {
  readonly actor: Actor;
  readonly queueId: string;
  readonly ticketId: string;
  readonly action: AuditAction;
  readonly target: "removed" | "readmitted";
  readonly reason?: string;
  run(): Promise<TicketOutcome>;
}

export function createTicketControls({ db, audit, queue }: TicketControlsDeps): TicketControls {
  async function change(step: Step): Promise<TicketOutcome> {
    const known = stateIn((await audit.latest(step.ticketId))?.after);
    if (known === step.target) return step.run();
    await record(step, known, { state: "requested" });
    const outcome = await step.run();
    const result = outcome.ok
      ? { state: step.target, userId: outcome.userId }
      : { state: outcome.reason.toLowerCase() };
    await record(step, "requested", result);
    return outcome;
  }

  function record(step: Step, before: string | null, after: object): Promise<void> {
    return audit.record(db, step.actor, {
      action: step.action,
      subject: "ticket",
      subjectId: step.ticketId,
      before: before === null ? null : { state: before },
      after: { ...after, queueId: step.queueId },
      reason: step.reason,
    });
  }

  return {
    remove: (actor, queueId, ticketId, reason) =>
      change({
        ...{ actor, queueId, ticketId, reason, action: "ticket.remove", target: "removed" },
        run: () => queue.removeTicket(queueId, ticketId, actor.id, reason),
      }),
    readmit: (actor, queueId, ticketId) =>
      change({
        ...{ actor, queueId, ticketId, action: "ticket.readmit", target: "readmitted" },
        run: () => queue.readmit(queueId, ticketId, actor.id),
      }),
  };
}

function stateIn(after: unknown): string | null {
  const state = (after as { state?: unknown } | null | undefined)?.state;
  return typeof state === "string" ? state : null;
}
