/** The HTTP face of accounts. */
import type { Request } from "express";
import { Problem } from "../platform/errors.ts";
import type { PublicRoute, Reply, RequestContext, Route } from "../platform/http/route.ts";
import { bearerToken, type TokenOutcome } from "./access-tokens.ts";
import type { Accounts } from "./accounts.ts";
import type { LimitState } from "./login-failures.ts";
import type { RefreshTokens } from "./refresh-tokens.ts";
import { loginBody, loginView, signupBody, tokenView, userView } from "./schemas.ts";
import type { Credentials, Sessions } from "./sessions.ts";
import type { Store } from "./store.ts";

export interface RouteDeps {
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  readonly refreshTokens: RefreshTokens;
  readonly store: Pick<Store, "findUser">;
  verifyAccessToken(token: string): TokenOutcome;
}

const TAG = "Accounts";
const NO_STORE = { "Cache-Control": "no-store" };
const SETS_COOKIE = {
  "Set-Cookie": "The refresh token: HttpOnly, SameSite=Strict, only for `/api/v1/auth`.",
};

export function createRoutes(deps: RouteDeps): Route[] {
  return [signUp(deps), logIn(deps), refresh(deps), logOut(deps), me(deps)];
}

function signUp({ accounts }: RouteDeps): PublicRoute {
  return {
    method: "post",
    path: "/auth/signup",
    operationId: "signUp",
    tag: TAG,
    summary: "Make an account and log in",
    access: "public",
    body: signupBody,
    responses: { 201: { description: "The account, logged in.", schema: loginView, headers: SETS_COOKIE } },
    errors: ["EMAIL_TAKEN", "BUSY"],
    limit: { name: "signup", limit: 120, windowSeconds: 60, by: "address" },
    async handler({ body }) {
      const outcome = await accounts.signUp(body);
      if (outcome.ok) return withCredentials(201, outcome.credentials, { user: outcome.user });
      throw outcome.reason === "BUSY" ? busy() : new Problem(outcome.reason);
    },
  };
}

function logIn({ accounts }: RouteDeps): PublicRoute {
  return {
    method: "post",
    path: "/auth/login",
    operationId: "logIn",
    tag: TAG,
    summary: "Log in",
    description:
      "Wrong passwords for one email from one address are counted; after ten within 15 minutes further attempts are refused until the window ends.",
    access: "public",
    body: loginBody,
    responses: { 200: { description: "Logged in.", schema: loginView, headers: SETS_COOKIE } },
    errors: ["BAD_CREDENTIALS", "SECOND_FACTOR_REQUIRED", "RATE_LIMITED", "BUSY"],
    limit: { name: "login", limit: 240, windowSeconds: 60, by: "address" },
    async handler({ body, req, res }) {
      const outcome = await accounts.logIn({ ...body, address: req.ip ?? "unknown" });
      if (outcome.ok) return withCredentials(200, outcome.credentials, { user: outcome.user });
      if (outcome.reason === "BUSY") throw busy();
      if (outcome.limit) describeLimit(res, outcome.limit);
      throw new Problem(outcome.reason, {
        retryAfterSeconds: outcome.reason === "RATE_LIMITED" ? outcome.limit?.resetSeconds : undefined,
      });
    },
  };
}

function refresh({ sessions, refreshTokens }: RouteDeps): PublicRoute {
  return {
    method: "post",
    path: "/auth/refresh",
    operationId: "refresh",
    tag: TAG,
    summary: "Exchange the refresh cookie for a new access token",
    description:
      "Each refresh token is good once. The one just replaced is answered with the same successor for 30 seconds; an older one ends the session.",
    access: "public",
    responses: { 200: { description: "A new access token.", schema: tokenView, headers: SETS_COOKIE } },
    errors: ["REFRESH_INVALID", "CROSS_SITE"],
    async handler({ req, res }) {
      refuseCrossSite(req);
      const token = refreshTokens.fromCookies(req.headers.cookie);
      const outcome = token ? await sessions.refresh(token) : null;
      if (outcome?.ok) return withCredentials(200, outcome.credentials, {});
      // The browser need not go on sending what can't work again.
      if (token) res.append("Set-Cookie", refreshTokens.removal);
      throw new Problem("REFRESH_INVALID");
    },
  };
}

function logOut({ sessions, refreshTokens, verifyAccessToken }: RouteDeps): PublicRoute {
  return {
    method: "post",
    path: "/auth/logout",
    operationId: "logOut",
    tag: TAG,
    summary: "End the session",
    description:
      "Ends the session of the access token and that of the refresh cookie; either suffices, so a fan whose access token has expired can still log out. A place in line is kept.",
    access: "public",
    responses: { 204: { description: "The session has ended.", headers: SETS_COOKIE } },
    errors: ["UNAUTHENTICATED", "TOKEN_INVALID", "TOKEN_EXPIRED", "TOKEN_REVOKED", "CROSS_SITE"],
    async handler({ req }) {
      refuseCrossSite(req);
      const bearer = bearerToken(req.headers.authorization);
      const access = bearer ? verifyAccessToken(bearer) : null;
      const cookie = refreshTokens.fromCookies(req.headers.cookie);
      if (!cookie && !access?.ok) throw new Problem(access ? access.reason : "UNAUTHENTICATED");
      const ended = new Set<string>();
      if (access?.ok) ended.add(access.principal.sessionId);
      if (cookie) ended.add(cookie.sessionId);
      for (const sessionId of ended) await sessions.end(sessionId);
      return { status: 204, headers: NO_STORE, cookies: [refreshTokens.removal] };
    },
  };
}

function me({ store }: RouteDeps): Route {
  return {
    method: "get",
    path: "/me",
    operationId: "getMe",
    tag: TAG,
    summary: "The account that asks",
    access: "account",
    responses: { 200: { description: "The account.", schema: userView } },
    errors: [],
    async handler({ principal }) {
      const user = await store.findUser(principal.userId);
      if (!user) throw new Problem("TOKEN_REVOKED", { detail: "The account no longer exists." });
      return { status: 200, headers: NO_STORE, body: user };
    },
  };
}

function withCredentials(status: number, credentials: Credentials, more: object): Reply {
  const { cookie, accessToken, expiresInSeconds } = credentials;
  return { status, headers: NO_STORE, cookies: [cookie], body: { ...more, accessToken, expiresInSeconds } };
}

/**
 * SameSite=Strict already keeps the cookie from other sites; this also holds for browsers that get it wrong. `Origin` is
 * asked only where there is no `Sec-Fetch-Site`: a proxy that changes `Host` would make strangers of our own pages.
 */
function refuseCrossSite(request: Request): void {
  const { origin, "sec-fetch-site": site } = request.headers;
  const isForeign = site === undefined ? isOfAnotherHost(request, origin) : site === "cross-site";
  if (isForeign) throw new Problem("CROSS_SITE");
}

function isOfAnotherHost({ host }: Request, origin: string | undefined): boolean {
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== host;
}

/** The wait is spread, so that those refused together do not come back together. */
function busy(): Problem {
  return new Problem("BUSY", {
    detail: "Too many people are signing in at this moment; try again shortly.",
    retryAfterSeconds: 1 + Math.floor(Math.random() * 4),
  });
}

/** The same form as the headers of the limit by address, beside which they stand. */
function describeLimit(
  response: RequestContext["res"],
  { limit, windowSeconds, remaining, resetSeconds }: LimitState,
): void {
  response.append("RateLimit", `"login-failures"; r=${remaining}; t=${resetSeconds}`);
  response.append("RateLimit-Policy", `"login-failures"; q=${limit}; w=${windowSeconds}`);
}
