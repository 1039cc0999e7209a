/**
 * Accounts made by the people who run the service, not by sign-up: staff, and fans in bulk for load tests.
 *
 * An account that exists is never promoted and its password never replaced. Sign-up does not verify addresses, so
 * whoever holds the address of a future operator may be a stranger.
 */
import { randomBytes } from "node:crypto";
import { v7 } from "uuid";
import type { Role } from "../platform/http/route.ts";
import { type Database, DEFAULT_LIMITS, inTransaction } from "../platform/postgres.ts";
import { type AccessTokens, LOAD_TEST_ACCESS_SECONDS } from "./access-tokens.ts";
import type { Busy, PasswordHasher } from "./passwords.ts";
import { emailSchema, nameSchema, newPasswordSchema } from "./schemas.ts";
import type { StaffMember, Store } from "./store.ts";

export interface NewAccount {
  readonly email: string;
  readonly password: string;
  readonly name: string;
  readonly role: Role;
}

export type CreateAccountOutcome =
  | { readonly ok: true; readonly userId: string; readonly email: string }
  | { readonly ok: false; readonly reason: "EMAIL_TAKEN"; readonly role: Role }
  /** `message` is one sentence for a person. */
  | { readonly ok: false; readonly reason: "VALIDATION_FAILED"; readonly message: string }
  | Busy;

export interface Fan {
  readonly userId: string;
  readonly email: string;
  readonly password: string;
  /** Good for a day. */
  readonly accessToken: string;
}

export interface Administration {
  createAccount(account: NewAccount): Promise<CreateAccountOutcome>;
  /** Operators and gate staff, by role and email. */
  listStaff(): Promise<StaffMember[]>;
  /** Makes fans batch by batch, so that any number of them needs little memory. @throws in production. */
  makeFans(count: number): AsyncGenerator<Fan[], void>;
}

const BATCH = 1_000;

export interface AdministrationDeps {
  readonly db: Database;
  readonly store: Store;
  readonly hasher: PasswordHasher;
  readonly accessTokens: AccessTokens;
  readonly production: boolean;
}

export function createAdministration(deps: AdministrationDeps): Administration {
  const { db, store, hasher, accessTokens, production } = deps;

  async function makeBatch(count: number, password: string, passwordHash: string): Promise<Fan[]> {
    const accessUntil = new Date(Date.now() + LOAD_TEST_ACCESS_SECONDS * 1_000);
    const members = Array.from({ length: count }, () => ({
      userId: v7(),
      sessionId: v7(),
      // A reserved top-level domain: no mail can ever reach a stranger.
      email: `fan-${randomBytes(10).toString("hex")}@load-test.invalid`,
    }));
    await inTransaction(db, DEFAULT_LIMITS, (trx) =>
      store.insertFans(trx, members, passwordHash, accessUntil),
    );
    return members.map(({ userId, sessionId, email }) => ({
      userId,
      email,
      password,
      accessToken: accessTokens.sign("access", { userId, role: "fan", sessionId }, LOAD_TEST_ACCESS_SECONDS),
    }));
  }

  return {
    async createAccount(account) {
      const checked = checkAccount(account);
      if ("message" in checked) return { ok: false, reason: "VALIDATION_FAILED", message: checked.message };
      const { email, password, name, role } = checked;
      const known = await store.findUserByEmail(email);
      if (known) return { ok: false, reason: "EMAIL_TAKEN", role: known.role };
      const hashed = await hasher.hash(password);
      if (!hashed.ok) return hashed;
      const id = v7();
      const inserted = await store.insertUser(db, { id, email, name, passwordHash: hashed.hash, role });
      if (inserted) return { ok: true, userId: id, email };
      const winner = await store.findUserByEmail(email);
      return { ok: false, reason: "EMAIL_TAKEN", role: winner?.role ?? role };
    },

    listStaff: () => store.listStaff(),

    async *makeFans(count) {
      if (production) throw new Error("fans in bulk are for load tests and are never made in production");
      // One password for the run: a hash for each fan would take minutes.
      const password = randomBytes(12).toString("base64url");
      const hashed = await hasher.hash(password);
      if (!hashed.ok) throw new Error("the hashing queue is full");
      for (let left = count; left > 0; left -= BATCH) {
        yield await makeBatch(Math.min(BATCH, left), password, hashed.hash);
      }
    },
  };
}

function checkAccount(account: NewAccount): NewAccount | { message: string } {
  const fields = { email: emailSchema, password: newPasswordSchema, name: nameSchema } as const;
  const checked = { ...account };
  for (const field of ["email", "password", "name"] as const) {
    const { error, value } = fields[field]
      .required()
      .label(field)
      .validate(account[field], { errors: { wrap: { label: "" } } });
    if (error) return { message: `${error.message}.` };
    checked[field] = value;
  }
  return checked;
}
