/**
 * The audit log: who changed what, when, from what to what. The one file that knows the table `audit_log`.
 *
 * An entry is written by the transaction that makes the change, so there is neither a change without its entry
 * nor an entry without its change. The table refuses updates and deletes.
 */
import { v7 } from "uuid";
import type { Database, Queryable } from "../platform/postgres.ts";

export type AuditAction =
  | "event.create"
  | "event.look"
  | "performance.create"
  | "performance.cancel"
  | "queue.settings"
  | "queue.pause"
  | "queue.resume"
  | "queue.close"
  | "queue.notice"
  | "queue.lane"
  | "ticket.remove"
  | "ticket.readmit"
  | "ticket.check-in"
  | "seats.block"
  | "seats.unblock";

export type AuditSubject = "event" | "performance" | "queue" | "ticket";

/** Who did it: the account, and its name at that time. */
export interface Actor {
  readonly id: string;
  readonly name: string;
}

export interface AuditEntry {
  readonly action: AuditAction;
  readonly subject: AuditSubject;
  readonly subjectId: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly reason?: string;
}

export interface AuditRecord extends Omit<AuditEntry, "reason"> {
  readonly id: string;
  readonly at: Date;
  readonly actorId: string;
  readonly actor: string;
  readonly reason: string | null;
}

export interface AuditLog {
  /** @param on the transaction of the change. */
  record(on: Queryable, actor: Actor, entry: AuditEntry): Promise<void>;
  /** Newest first. */
  list(page: { limit: number; beforeId: string | null; subjectId?: string }): Promise<AuditRecord[]>;
  /** The newest entry about a subject. */
  latest(subjectId: string): Promise<AuditRecord | null>;
}

const COLUMNS = [
  "id",
  "at",
  "actor_id as actorId",
  "actor",
  "action",
  "subject",
  "subject_id as subjectId",
  "before",
  "after",
  "reason",
];

export function createAuditLog(db: Database): AuditLog {
  async function list(page: { limit: number; beforeId: string | null; subjectId?: string }) {
    const rows = db("audit_log").select(COLUMNS).orderBy("id", "desc").limit(page.limit);
    if (page.beforeId !== null) rows.where("id", "<", page.beforeId);
    if (page.subjectId !== undefined) rows.where("subject_id", page.subjectId);
    return (await rows) as AuditRecord[];
  }
  return {
    async record(on, actor, { action, subject, subjectId, before, after, reason }) {
      await on("audit_log").insert({
        id: v7(),
        actor_id: actor.id,
        actor: actor.name,
        action,
        subject,
        subject_id: subjectId,
        before: before == null ? null : JSON.stringify(before),
        after: after == null ? null : JSON.stringify(after),
        reason: reason ?? null,
      });
    },
    list,
    latest: async (subjectId) => (await list({ limit: 1, beforeId: null, subjectId }))[0] ?? null,
  };
}
