/**
 * Sessions of pages without script: a cookie that a browser sends with each page, because such pages can hold no token.
 *
 * It proves a session of ours and nothing else: `<sessionId>.<mac>`, with a text below the MAC that no refresh token has.
 * It opens no route of the API. Whether the session lives is asked for each page, so a logout ends it at once.
 */
import { createHmac, type KeyObject, timingSafeEqual } from "node:crypto";
import { parseCookie, stringifySetCookie } from "cookie";
import type { ErrorCode } from "../platform/errors.ts";
import type { Principal } from "../platform/http/route.ts";
import type { Accounts } from "./accounts.ts";
import { loginBody, signupBody } from "./schemas.ts";
import type { Sessions } from "./sessions.ts";
import type { Store } from "./store.ts";

/** `__Host-` is for HTTPS alone; without it the cookie has a plain name. */
const NAMES = { secure: "__Host-fastpass", plain: "fastpass_page" } as const;
const LIFETIME_SECONDS = 30 * 24 * 60 * 60;
const FORM = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([A-Za-z0-9_-]{43})$/;

export type PageLogin =
  | { readonly ok: true; readonly cookie: string }
  | {
      readonly ok: false;
      readonly reason: Extract<
        ErrorCode,
        | "BAD_CREDENTIALS"
        | "SECOND_FACTOR_REQUIRED"
        | "RATE_LIMITED"
        | "BUSY"
        | "EMAIL_TAKEN"
        | "VALIDATION_FAILED"
      >;
      /** With `VALIDATION_FAILED`: the field that is wrong. */
      readonly field?: string;
    };

export interface PageSessions {
  /** @param fields as they stand in a form. */
  logIn(fields: Readonly<Record<string, string>>, address: string): Promise<PageLogin>;
  signUp(fields: Readonly<Record<string, string>>): Promise<PageLogin>;
  /** Who sends this `Cookie` header; null when nobody does who is logged in. */
  whose(cookies: string | undefined): Promise<Principal | null>;
  /** @returns the `Set-Cookie` value that removes the cookie. */
  logOut(cookies: string | undefined): Promise<string>;
}

export interface PageSessionDeps {
  readonly key: KeyObject;
  readonly secure: boolean;
  readonly accounts: Accounts;
  readonly sessions: Pick<Sessions, "end">;
  readonly store: Pick<Store, "findSession">;
}

export function createPageSessions({
  key,
  secure,
  accounts,
  sessions,
  store,
}: PageSessionDeps): PageSessions {
  const name = secure ? NAMES.secure : NAMES.plain;
  const attributes = { httpOnly: true, sameSite: "lax", path: "/", secure } as const;
  const macOf = (sessionId: string) => createHmac("sha256", key).update(`page ${sessionId}`).digest();

  function toCookie(sessionId: string): string {
    const value = `${sessionId}.${macOf(sessionId).toString("base64url")}`;
    return stringifySetCookie({ name, value, maxAge: LIFETIME_SECONDS, ...attributes });
  }

  function sessionIn(cookies: string | undefined): string | null {
    const [, sessionId = "", mac = ""] = FORM.exec(parseCookie(cookies ?? "")[name] ?? "") ?? [];
    return mac && timingSafeEqual(macOf(sessionId), Buffer.from(mac, "base64url")) ? sessionId : null;
  }

  return {
    async logIn(fields, address) {
      const { error, value } = loginBody.validate(fields);
      // Whatever no account can have is simply wrong.
      if (error) return { ok: false, reason: "BAD_CREDENTIALS" };
      const outcome = await accounts.logIn({ ...value, address });
      if (!outcome.ok) return { ok: false, reason: outcome.reason };
      return { ok: true, cookie: toCookie(outcome.credentials.sessionId) };
    },
    async signUp(fields) {
      const { error, value } = signupBody.validate(fields);
      if (error) return { ok: false, reason: "VALIDATION_FAILED", field: error.details[0]?.path.join(".") };
      const outcome = await accounts.signUp(value);
      if (!outcome.ok) return { ok: false, reason: outcome.reason };
      return { ok: true, cookie: toCookie(outcome.credentials.sessionId) };
    },
    async whose(cookies) {
      const sessionId = sessionIn(cookies);
      if (sessionId === null) return null;
      const session = await store.findSession(sessionId);
      if (!session?.live) return null;
      return { userId: session.userId, role: session.role, sessionId };
    },
    async logOut(cookies) {
      const sessionId = sessionIn(cookies);
      if (sessionId) await sessions.end(sessionId);
      return stringifySetCookie({ name, value: "", maxAge: 0, ...attributes });
    },
  };
}
