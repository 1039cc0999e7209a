/** Fans with accounts: most made in bulk as `npm run fans` makes them, some through the real sign-up and login. */
import { randomBytes } from "node:crypto";
import { createAccountAdministration } from "../../src/auth/index.ts";
import type { Config } from "../../src/config.ts";
import type { Database } from "../../src/platform/postgres.ts";
import type { Api } from "./api.ts";
import type { Account } from "./world.ts";

/** @returns `count` accounts, the first `signUps` of them made over HTTP. */
export async function makeAccounts(
  db: Database,
  config: Config,
  api: Api,
  { count, signUps }: { readonly count: number; readonly signUps: number },
): Promise<Account[]> {
  const [visitors, members] = await Promise.all([
    Promise.all(Array.from({ length: signUps }, () => signUp(api))),
    makeInBulk(db, config, count - signUps),
  ]);
  return [...visitors, ...members];
}

async function makeInBulk(db: Database, config: Config, count: number): Promise<Account[]> {
  const accounts: Account[] = [];
  if (count === 0) return accounts;
  for await (const batch of createAccountAdministration(db, config).makeFans(count)) accounts.push(...batch);
  return accounts;
}

interface LoggedIn {
  readonly user: { readonly id: string };
  readonly accessToken: string;
}

async function signUp(api: Api): Promise<Account> {
  const email = `visitor-${randomBytes(8).toString("hex")}@demo.invalid`;
  const password = randomBytes(12).toString("base64url");
  const made = await api.call<LoggedIn>("sign up", {
    method: "POST",
    path: "/auth/signup",
    body: { email, password, name: "Visitor" },
  });
  if (made.status !== 201) throw api.surprise(made);
  const login = await api.call<LoggedIn>("log in", {
    method: "POST",
    path: "/auth/login",
    body: { email, password },
  });
  if (login.status !== 200) throw api.surprise(login);
  return { userId: login.body.user.id, email, password, accessToken: login.body.accessToken };
}
