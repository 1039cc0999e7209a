/**
 * The tables of this room, `users` and `sessions`, and every statement on them.
 *
 * Times are judged by PostgreSQL's clock alone, so gateways whose clocks differ agree on what is expired.
 */
import type { Role } from "../platform/http/route.ts";
import type { Database, Queryable, Transaction } from "../platform/postgres.ts";

export interface User {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
}

export interface UserWithHash extends User {
  readonly passwordHash: string;
}

export interface StaffMember extends User {
  readonly createdAt: Date;
}

/** What a refresh needs to know of a session that is good. */
export interface RotatedSession {
  readonly userId: string;
  readonly role: Role;
  readonly secondsLeft: number;
}

export interface SessionState extends RotatedSession {
  readonly generation: number;
  /** Neither revoked nor expired. */
  readonly live: boolean;
  readonly secondsSinceRotation: number;
}

export interface Revocation {
  readonly sessionId: string;
  /** How long an access token of the session may still live. */
  readonly rememberSeconds: number;
}

export type RevocationReason = "logout" | "reuse";

/** An access token lives 15 min; one more minute covers clocks that differ. */
const REMEMBER = "greatest(revoked_at + interval '16 minutes', access_until + interval '1 minute')";
const REMEMBER_SECONDS = `extract(epoch FROM ${REMEMBER} - clock_timestamp())::float8 AS "rememberSeconds"`;
const USER = "id, email, name, role";

export function createStore(db: Database) {
  return {
    /** @returns false when the email is taken. */
    async insertUser(on: Queryable, { id, email, name, passwordHash, role }: UserWithHash): Promise<boolean> {
      const { rowCount } = await on.raw(
        `INSERT INTO users (id, email, name, password_hash, role) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (email) DO NOTHING`,
        [id, email, name, passwordHash, role],
      );
      return rowCount === 1;
    },

    /** Many fans with one password, and one session each whose access token lives until `accessUntil`. */
    async insertFans(
      trx: Transaction,
      fans: readonly { userId: string; email: string; sessionId: string }[],
      passwordHash: string,
      accessUntil: Date,
    ): Promise<void> {
      const ids = fans.map((fan) => fan.userId);
      await trx.raw(
        `INSERT INTO users (id, email, name, password_hash)
         SELECT id, email, 'Load test fan', ? FROM unnest(?::uuid[], ?::text[]) AS fan (id, email)`,
        [passwordHash, ids, fans.map((fan) => fan.email)],
      );
      await trx.raw(
        `INSERT INTO sessions (id, user_id, expires_at, access_until)
         SELECT id, user_id, ?, ? FROM unnest(?::uuid[], ?::uuid[]) AS session (id, user_id)`,
        [accessUntil, accessUntil, fans.map((fan) => fan.sessionId), ids],
      );
    },

    findUserByEmail: (email: string): Promise<UserWithHash | undefined> =>
      first(db, `SELECT ${USER}, password_hash AS "passwordHash" FROM users WHERE email = ?`, [email]),

    findUser: (id: string): Promise<User | undefined> =>
      first(db, `SELECT ${USER} FROM users WHERE id = ?`, [id]),

    async listStaff(): Promise<StaffMember[]> {
      const { rows } = await db.raw<{ rows: StaffMember[] }>(
        `SELECT ${USER}, created_at AS "createdAt" FROM users WHERE role <> 'fan' ORDER BY role, email`,
      );
      return rows;
    },

    /** @returns false when there is no such account. */
    async lockUser(trx: Transaction, id: string): Promise<boolean> {
      const { rowCount } = await trx
        .raw("SELECT 1 FROM users WHERE id = :id FOR NO KEY UPDATE", { id })
        .options({ name: "lock_user" });
      return rowCount === 1;
    },

    /** Waits for nobody. @returns those that were there and not locked by others. */
    async lockUsers(trx: Transaction, ids: readonly string[]): Promise<string[]> {
      const { rows } = await trx
        .raw("SELECT id FROM users WHERE id = ANY (:ids::uuid[]) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED", {
          ids: ids as string[],
        })
        .options({ name: "lock_users" });
      return rows.map(({ id }: { id: string }) => id);
    },

    async insertSession(on: Queryable, id: string, userId: string, lifetimeSeconds: number): Promise<void> {
      await on.raw(
        `INSERT INTO sessions (id, user_id, expires_at)
         VALUES (?, ?, clock_timestamp() + make_interval(secs => ?))`,
        [id, userId, lifetimeSeconds],
      );
    },

    /** Makes `generation + 1` the good one, if `generation` is; of parallel calls one does it. */
    rotateSession: (id: string, generation: number): Promise<RotatedSession | undefined> =>
      first(
        db,
        `UPDATE sessions SET generation = generation + 1, rotated_at = clock_timestamp()
         FROM users
         WHERE sessions.id = ? AND generation = ? AND revoked_at IS NULL AND expires_at > clock_timestamp()
           AND users.id = user_id
         RETURNING user_id AS "userId", role,
           extract(epoch FROM expires_at - clock_timestamp())::float8 AS "secondsLeft"`,
        [id, generation],
      ),

    findSession: (id: string): Promise<SessionState | undefined> =>
      first(
        db,
        `SELECT user_id AS "userId", role, generation,
           revoked_at IS NULL AND expires_at > clock_timestamp() AS live,
           extract(epoch FROM expires_at - clock_timestamp())::float8 AS "secondsLeft",
           extract(epoch FROM clock_timestamp() - rotated_at)::float8 AS "secondsSinceRotation"
         FROM sessions JOIN users ON users.id = user_id WHERE sessions.id = ?`,
        [id],
      ),

    /** Ends a session. @returns what gateways must remember; undefined when it was already ended or never was. */
    revokeSession: (id: string, reason: RevocationReason): Promise<Revocation | undefined> =>
      first(
        db,
        `UPDATE sessions SET revoked_at = clock_timestamp(), revoked_for = ? WHERE id = ? AND revoked_at IS NULL
         RETURNING id AS "sessionId", ${REMEMBER_SECONDS}`,
        [reason, id],
      ),

    /** The sessions revoked in the last seconds that may still have a living access token. */
    async listRevocations(windowSeconds: number, timeoutMs: number): Promise<Revocation[]> {
      const { rows } = await db
        .raw<{ rows: Revocation[] }>(
          `SELECT id AS "sessionId", ${REMEMBER_SECONDS} FROM sessions
           WHERE revoked_at > clock_timestamp() - make_interval(secs => ?) AND ${REMEMBER} > clock_timestamp()`,
          [windowSeconds],
        )
        .timeout(timeoutMs);
      return rows;
    },

    /** Forgets sessions that ended more than a day ago. @returns how many, at most `limit`. */
    async pruneSessions(limit: number): Promise<number> {
      const { rowCount } = await db.raw(
        `DELETE FROM sessions WHERE id IN (
           SELECT id FROM sessions WHERE expires_at < now() - interval '1 day' LIMIT ? FOR UPDATE SKIP LOCKED)`,
        [limit],
      );
      return rowCount;
    },
  };
}

export type Store = ReturnType<typeof createStore>;

async function first<Row>(
  on: Queryable,
  sql: string,
  bindings: readonly (string | number)[],
): Promise<Row | undefined> {
  const { rows } = await on.raw<{ rows: Row[] }>(sql, bindings);
  return rows[0];
}
