/**
 * Changing a queue while it runs.
 *
 * The row in PostgreSQL is what an operator decided, and its audit entry is committed with it; Redis is told
 * afterwards. If that fails the decision stands and a worker brings it into force, so the answer is still a
 * success. A control that already is as wanted writes nothing, but Redis is told again: pressing a button twice
 * is what people do when the first time seemed to have no effect.
 */
import { isDeepStrictEqual } from "node:util";
import type { Logger } from "../platform/logger.ts";
import { type Database, DEFAULT_LIMITS, inTransaction, type Transaction } from "../platform/postgres.ts";
import type { QueuePatch } from "../queue/settings.ts";
import type { Actor, AuditAction, AuditLog } from "./audit.ts";
import type {
  ControlChange,
  LaneChange,
  NewLane,
  NoticeTexts,
  QueuePort,
  QueueRecord,
  SettingsChange,
} from "./ports.ts";

export interface QueueControls {
  settingsOf(queueId: string): Promise<QueueRecord | null>;
  /** @param ifVersions the versions it may change; null: any. */
  changeSettings(
    actor: Actor,
    queueId: string,
    patch: QueuePatch,
    ifVersions: readonly number[] | null,
  ): Promise<SettingsChange>;
  /** These answer false when there is no such queue. */
  pause(actor: Actor, queueId: string): Promise<boolean>;
  resume(actor: Actor, queueId: string): Promise<boolean>;
  close(actor: Actor, queueId: string): Promise<boolean>;
  setNotice(actor: Actor, queueId: string, texts: NoticeTexts | null): Promise<boolean>;
  addLane(actor: Actor, queueId: string, lane: NewLane): Promise<LaneChange>;
}

export interface QueueControlsDeps {
  readonly db: Database;
  readonly log: Logger;
  readonly audit: AuditLog;
  readonly queue: Pick<
    QueuePort,
    "settingsOf" | "changeSettings" | "setPaused" | "close" | "setNotice" | "addLane" | "apply"
  >;
}

export function createQueueControls({ db, log, audit, queue }: QueueControlsDeps): QueueControls {
  async function apply(queueId: string): Promise<void> {
    try {
      await queue.apply(queueId);
    } catch (fault) {
      log.warn("queue change not in force at once", { queueId, fault });
    }
  }

  async function control(
    actor: Actor,
    queueId: string,
    action: AuditAction,
    work: (trx: Transaction) => Promise<ControlChange | null>,
  ): Promise<boolean> {
    const change = await inTransaction(db, DEFAULT_LIMITS, async (trx) => {
      const made = await work(trx);
      if (made?.changed && !isDeepStrictEqual(made.before, made.after)) {
        const { before, after } = made;
        await audit.record(trx, actor, { action, subject: "queue", subjectId: queueId, before, after });
      }
      return made;
    });
    if (change) await apply(queueId);
    return change !== null;
  }

  return {
    settingsOf: (queueId) => queue.settingsOf(queueId),

    async changeSettings(actor, queueId, patch, ifVersions) {
      const current = await queue.settingsOf(queueId);
      if (!current) return { ok: false, reason: "NOT_FOUND" };
      if (ifVersions && !ifVersions.includes(current.version))
        return { ok: false, reason: "VERSION_MISMATCH" };
      const ifVersion = ifVersions ? current.version : undefined;
      const change = await inTransaction(db, DEFAULT_LIMITS, async (trx) => {
        const made = await queue.changeSettings(trx, queueId, patch, ifVersion, actor.id);
        if (made.ok && !isDeepStrictEqual(made.before, made.after)) {
          const { before, after } = onlyChanges(made.before, made.after);
          const entry = {
            action: "queue.settings",
            subject: "queue",
            subjectId: queueId,
            before,
            after,
          } as const;
          await audit.record(trx, actor, entry);
        }
        return made;
      });
      if (change.ok) await apply(queueId);
      return change;
    },

    pause: (actor, queueId) =>
      control(actor, queueId, "queue.pause", (trx) => queue.setPaused(trx, queueId, true, actor.id)),
    resume: (actor, queueId) =>
      control(actor, queueId, "queue.resume", (trx) => queue.setPaused(trx, queueId, false, actor.id)),
    close: (actor, queueId) =>
      control(actor, queueId, "queue.close", (trx) => queue.close(trx, queueId, actor.id)),
    setNotice: (actor, queueId, texts) =>
      control(actor, queueId, "queue.notice", (trx) => queue.setNotice(trx, queueId, texts, actor.id)),

    async addLane(actor, queueId, lane) {
      const change = await inTransaction(db, DEFAULT_LIMITS, async (trx) => {
        const made = await queue.addLane(trx, queueId, lane, actor.id);
        if (!made.ok) return made;
        const { before, after } = made;
        const entry = { action: "queue.lane", subject: "queue", subjectId: queueId, before, after } as const;
        await audit.record(trx, actor, entry);
        return made;
      });
      if (change.ok) await apply(queueId);
      return change;
    },
  };
}

/** The fields that differ: who reads the log wants to see what changed, not look for it. */
function onlyChanges<T extends object>(before: T, after: T): { before: Partial<T>; after: Partial<T> } {
  const changed = (Object.keys(after) as (keyof T)[]).filter(
    (key) => !isDeepStrictEqual(before[key], after[key]),
  );
  const pick = (from: T) => Object.fromEntries(changed.map((key) => [key, from[key]])) as Partial<T>;
  return { before: pick(before), after: pick(after) };
}
