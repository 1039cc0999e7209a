/** The head of a queue's journal, signed each minute: what anybody may note down and hold us to. */
import type { Database, Queryable } from "../platform/postgres.ts";
import type { Credentials } from "./credentials.ts";
import { readQueue } from "./queue-store.ts";

export interface LogHead {
  /** Of the journal's entry at that moment. */
  readonly number: number;
  /** That entry's hash, hexadecimal. */
  readonly hash: string;
}

const EVERY_MS = 60_000;

export function createHeadSigner(db: Database, credentials: Credentials) {
  const signedAt = new Map<string, number>();
  return {
    /**
     * Signs the head if a minute has passed and the journal has grown. The caller has the queue's lock.
     * @param isLast it will not grow any more: signed at once.
     */
    async sign(queueId: string, isLast = false): Promise<void> {
      if (!isLast && Date.now() - (signedAt.get(queueId) ?? 0) < EVERY_MS) return;
      const row = await readQueue(db, queueId);
      if (!row || row.journalLength === 0) return;
      const head = { number: row.journalLength, hash: row.journalHead.toString("hex") };
      await db("queue_heads")
        .insert({ queue_id: queueId, number: head.number, token: credentials.signHead(queueId, head) })
        .onConflict()
        .ignore();
      signedAt.set(queueId, Date.now());
    },

    forget: (queueId: string): void => void signedAt.delete(queueId),
  };
}

/** The newest one, as a compact JWS; null before the first. */
export async function readHead(db: Queryable, queueId: string): Promise<string | null> {
  const row = await db("queue_heads").where({ queue_id: queueId }).orderBy("number", "desc").first("token");
  return row?.token ?? null;
}

/** All of them, oldest first. */
export async function readHeads(db: Queryable, queueId: string): Promise<string[]> {
  return db("queue_heads").where({ queue_id: queueId }).orderBy("number").pluck("token");
}
