/**
 * Access tokens and operator stream tokens: short-lived HS256 JWTs that are checked without asking anybody.
 *
 * Each kind has its own audience, so that one is never taken for the other. A token names its session (`sid`);
 * whether that session was ended is looked up in memory, which is what makes checking synchronous.
 */
import type { KeyObject } from "node:crypto";
import jwt from "jsonwebtoken";
import type { Principal, Role } from "../platform/http/route.ts";

export const ACCESS_SECONDS = 15 * 60;
/** Tokens for load tests. */
export const LOAD_TEST_ACCESS_SECONDS = 24 * 60 * 60;
export const STREAM_SECONDS = 60;

const ISSUER = "fastpass";
const AUDIENCES = { access: "fastpass", stream: "operator-stream" } as const;
/** Verified tokens remembered a kind; a check of the signature and claims costs about 10 µs, a look-up one. */
const REMEMBERED = 16_384;
const ROLES: readonly unknown[] = ["fan", "gate", "operator"] satisfies Role[];

export type TokenKind = keyof typeof AUDIENCES;
export type TokenRefusal = "TOKEN_INVALID" | "TOKEN_EXPIRED" | "TOKEN_REVOKED";
export type TokenOutcome =
  | { readonly ok: true; readonly principal: Principal; readonly expiresAt: Date }
  | { readonly ok: false; readonly reason: TokenRefusal };

export interface AccessTokens {
  sign(kind: TokenKind, principal: Principal, lifetimeSeconds: number): string;
  verify(kind: TokenKind, token: string): TokenOutcome;
}

interface Claims {
  readonly principal: Principal;
  readonly expiresAt: Date;
}

export function createAccessTokens(key: KeyObject, isRevoked: (sessionId: string) => boolean): AccessTokens {
  const verified = { access: new Map<string, Claims>(), stream: new Map<string, Claims>() };

  /** Only what the token says for ever is remembered; that its time is not up and its session lives is asked each time. */
  function claimsOf(kind: TokenKind, token: string): Claims | "TOKEN_INVALID" | "TOKEN_EXPIRED" {
    const known = verified[kind].get(token);
    if (known) return known.expiresAt.getTime() > Date.now() ? known : "TOKEN_EXPIRED";
    const claims = read(key, AUDIENCES[kind], token);
    if (typeof claims === "string") return claims;
    const remembered = verified[kind];
    if (remembered.size >= REMEMBERED) remembered.delete(remembered.keys().next().value as string);
    remembered.set(token, claims);
    return claims;
  }

  return {
    sign: (kind, { userId, role, sessionId }, lifetimeSeconds) =>
      jwt.sign({ role, sid: sessionId }, key, {
        algorithm: "HS256",
        issuer: ISSUER,
        audience: AUDIENCES[kind],
        subject: userId,
        expiresIn: lifetimeSeconds,
      }),
    verify(kind, token) {
      const claims = claimsOf(kind, token);
      if (typeof claims === "string") return { ok: false, reason: claims };
      if (isRevoked(claims.principal.sessionId)) return { ok: false, reason: "TOKEN_REVOKED" };
      return { ok: true, ...claims };
    },
  };
}

function read(key: KeyObject, audience: string, token: string): Claims | "TOKEN_INVALID" | "TOKEN_EXPIRED" {
  try {
    const claims = jwt.verify(token, key, { algorithms: ["HS256"], audience, issuer: ISSUER });
    if (typeof claims === "string") return "TOKEN_INVALID";
    const { sub, role, sid, exp } = claims;
    if (typeof sub !== "string" || typeof sid !== "string" || !ROLES.includes(role) || !exp)
      return "TOKEN_INVALID";
    return {
      principal: { userId: sub, role: role as Role, sessionId: sid },
      expiresAt: new Date(exp * 1_000),
    };
  } catch (fault) {
    // Whatever goes wrong here was caused by the token: it is the only input that varies.
    return fault instanceof jwt.TokenExpiredError ? "TOKEN_EXPIRED" : "TOKEN_INVALID";
  }
}

/** @returns the token of an `Authorization: Bearer` header, or null when there is none. */
export function bearerToken(authorization: string | undefined): string | null {
  return /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1] ?? null;
}
