/**
 * Idempotency keys: the answer of a request that had an effect is kept beside the effect, in its transaction.
 *
 * While the first request runs, its key is an advisory lock that a second one is refused at once (waiting for a
 * unique row would hold its connection), and in this process a member of a set, which covers the time before the
 * transaction begins.
 */
import { createHash } from "node:crypto";
import type { Queryable, Transaction } from "../platform/postgres.ts";
import type { StatementRunner } from "../platform/statements.ts";

/** An answer as it went out; a replay repeats it byte for byte. */
export interface StoredReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One key of one account on one route, with the body it came with. */
export interface IdempotencyClaim {
  readonly userId: string;
  readonly route: string;
  readonly key: string;
  readonly bodyHash: Buffer;
  /** Number of the advisory lock, as text. */
  readonly lock: string;
}

export type Remembered =
  | { readonly found: "nothing" }
  | { readonly found: "reply"; readonly reply: StoredReply }
  | { readonly found: "mismatch" };

export interface Answered {
  readonly claim: IdempotencyClaim;
  readonly reply: StoredReply;
}

export interface Idempotency {
  /**
   * Runs `work` unless this key's first request is running, or its answer is known.
   * `work` must `remember` in the transaction of its effect and lock `claim.lock` in it.
   */
  once<T extends { readonly ok: boolean }>(
    claim: IdempotencyClaim | null,
    on: Queryable,
    work: () => Promise<T>,
  ): Promise<T | Replay>;
  find(on: Queryable, claim: IdempotencyClaim): Promise<Remembered>;
  /** Locks the claims for the length of the transaction. @returns for each whether no other transaction has it. */
  lockAll(trx: Transaction, claims: readonly IdempotencyClaim[]): Promise<boolean[]>;
  /** @returns false when the key has an answer already. */
  remember(trx: Transaction, claim: IdempotencyClaim, reply: StoredReply): Promise<boolean>;
  /** As `remember`, for several keys. @returns how many had no answer yet. */
  rememberAll(trx: Transaction, answered: readonly Answered[]): Promise<number>;
  /** Deletes at most `limit` records past their time. @returns how many. */
  forgetOld(on: Queryable, limit: number): Promise<number>;
}

export type Replay =
  | { readonly ok: true; readonly replay: StoredReply }
  | { readonly ok: false; readonly reason: "IDEMPOTENCY_IN_PROGRESS" | "IDEMPOTENCY_MISMATCH" };

export const KEPT_HOURS = 24;
const KEY = /^[\x20-\x7e]{1,255}$/;

/** @returns null when the key is not 1 to 255 printable ASCII characters. */
export function claimOf(userId: string, route: string, key: string, body: unknown): IdempotencyClaim | null {
  if (!KEY.test(key)) return null;
  const digest = createHash("sha256")
    .update(JSON.stringify([userId, route, key]))
    .digest();
  return {
    userId,
    route,
    key,
    bodyHash: createHash("sha256").update(canonical(body)).digest(),
    lock: String(digest.readBigInt64BE()),
  };
}

/** The same text for the same JSON value, whatever the order of its members. */
function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_key, member) =>
      member !== null && typeof member === "object" && !Array.isArray(member)
        ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
        : member,
    ) ?? ""
  );
}

export function createIdempotency(run: StatementRunner): Idempotency {
  const running = new Set<string>();

  async function find(on: Queryable, claim: IdempotencyClaim): Promise<Remembered> {
    const { userId, route, key } = claim;
    const [row] = await run<StoredReply & { bodyHash: Buffer }>(on, "find-idempotency", {
      userId,
      route,
      key,
      hours: KEPT_HOURS,
    });
    if (!row) return { found: "nothing" };
    if (!claim.bodyHash.equals(row.bodyHash)) return { found: "mismatch" };
    const { status, headers, body } = row;
    return { found: "reply", reply: { status, headers, body } };
  }

  async function known(on: Queryable, claim: IdempotencyClaim): Promise<Replay | null> {
    const remembered = await find(on, claim);
    if (remembered.found === "nothing") return null;
    if (remembered.found === "mismatch") return { ok: false, reason: "IDEMPOTENCY_MISMATCH" };
    return { ok: true, replay: remembered.reply };
  }

  async function rememberAll(trx: Transaction, answered: readonly Answered[]): Promise<number> {
    const rows = await run(trx, "remember-idempotency", {
      userIds: answered.map(({ claim }) => claim.userId),
      routes: answered.map(({ claim }) => claim.route),
      keys: answered.map(({ claim }) => claim.key),
      bodyHashes: answered.map(({ claim }) => claim.bodyHash),
      statuses: answered.map(({ reply }) => reply.status),
      headers: answered.map(({ reply }) => JSON.stringify(reply.headers)),
      bodies: answered.map(({ reply }) => reply.body),
      hours: KEPT_HOURS,
    });
    return rows.length;
  }

  return {
    find,
    async once(claim, on, work) {
      if (!claim) return work();
      if (running.has(claim.lock)) return { ok: false, reason: "IDEMPOTENCY_IN_PROGRESS" };
      running.add(claim.lock);
      try {
        const before = await known(on, claim);
        if (before) return before;
        const outcome = await work();
        if (outcome.ok) return outcome;
        // Refused, perhaps because the first request with this key, on another gateway, had its effect meanwhile.
        return (await known(on, claim)) ?? outcome;
      } finally {
        running.delete(claim.lock);
      }
    },
    lockAll: async (trx, claims) =>
      (await run<{ locked: boolean }>(trx, "lock-claims", { locks: claims.map(({ lock }) => lock) })).map(
        ({ locked }) => locked,
      ),
    remember: async (trx, claim, reply) => (await rememberAll(trx, [{ claim, reply }])) === 1,
    rememberAll,
    async forgetOld(on, limit) {
      return (await run(on, "forget-idempotency", { hours: KEPT_HOURS, limit })).length;
    },
  };
}
