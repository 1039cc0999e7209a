/**
 * The API as the pages call it.
 *
 * The access token lives in memory alone and is replaced by the refresh cookie, which scripts can't read. Calls that
 * need a token at the same time share one refresh. Every answer sets the server's clock.
 */
import { serverClock } from "./clock.ts";
import { forgetUser, rememberUser, session, type User } from "./session.ts";

const BASE = "/api/v1";
const TIMEOUT_MS = 15_000;
/** A token this near to its end is replaced before it is used. */
const SPARE_MS = 20_000;

/** An answer that is no success, or none at all. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** The problem's `code`; `OFFLINE` when no answer came. */
  readonly code: string;
  /** 0 when no answer came. */
  readonly status: number;
  readonly retryAfterSeconds: number | null;
  /** The whole problem document, for its extensions. */
  readonly problem: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    status: number,
    problem: Record<string, unknown> = {},
    retryAfter?: string | null,
  ) {
    super(typeof problem.detail === "string" ? problem.detail : code);
    this.code = code;
    this.status = status;
    this.problem = problem;
    this.retryAfterSeconds = retryAfter ? Number(retryAfter) || null : null;
  }

  get requestId(): string {
    return typeof this.problem.requestId === "string" ? this.problem.requestId : "";
  }
}

export interface Call {
  readonly body?: unknown;
  /** The pass, where seats are held. */
  readonly pass?: string;
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
  /** The answer is no JSON, and wanted as it is. */
  readonly text?: boolean;
  /** For answers that are long. */
  readonly timeoutMs?: number;
}

let token: { readonly value: string; readonly expiresAt: number } | null = null;
let refreshing: Promise<boolean> | null = null;

/** Calls what needs no account. @throws ApiError */
export function callPublic<T>(method: string, path: string, call: Call = {}): Promise<T> {
  return send<T>(method, path, call, null);
}

/**
 * Calls as the fan who is logged in.
 * @throws ApiError; with `UNAUTHENTICATED` nobody is logged in, and the session says so too.
 */
export async function callApi<T>(method: string, path: string, call: Call = {}): Promise<T> {
  if (!(await haveToken())) throw new ApiError("UNAUTHENTICATED", 401);
  try {
    return await send<T>(method, path, call, token?.value ?? null);
  } catch (error) {
    if (!(error instanceof ApiError) || !/^TOKEN_/.test(error.code)) throw error;
    token = null;
    if (!(await haveToken())) throw new ApiError("UNAUTHENTICATED", 401);
    return send<T>(method, path, call, (token as { value: string } | null)?.value ?? null);
  }
}

interface LoggedIn {
  readonly user?: User;
  readonly accessToken: string;
  readonly expiresInSeconds: number;
}

function keep({ accessToken, expiresInSeconds, user }: LoggedIn): void {
  token = { value: accessToken, expiresAt: Date.now() + expiresInSeconds * 1_000 };
  if (user) rememberUser(user);
}

async function haveToken(): Promise<boolean> {
  if (token && token.expiresAt - SPARE_MS > Date.now()) return true;
  refreshing ??= refresh().finally(() => {
    refreshing = null;
  });
  return refreshing;
}

/** @returns false when nobody is logged in. @throws ApiError when that can't be found out now. */
async function refresh(): Promise<boolean> {
  if (session.get().status === "out") return false;
  try {
    keep(await send<LoggedIn>("POST", "/auth/refresh", {}, null));
    if (!session.get().user) rememberUser(await send<User>("GET", "/me", {}, token?.value ?? null));
    return true;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    token = null;
    forgetUser();
    return false;
  }
}

export async function logIn(body: { email: string; password: string; otp?: string }): Promise<void> {
  keep(await callPublic<LoggedIn>("POST", "/auth/login", { body }));
}

export async function signUp(body: { email: string; password: string; name: string }): Promise<void> {
  keep(await callPublic<LoggedIn>("POST", "/auth/signup", { body }));
}

/** The place in line is kept. */
export async function logOut(): Promise<void> {
  try {
    await send("POST", "/auth/logout", {}, token?.value ?? null);
  } catch (error) {
    // Without a session there is nothing left to end.
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
  }
  token = null;
  forgetUser();
}

async function send<T>(method: string, path: string, call: Call, bearer: string | null): Promise<T> {
  const { body, pass, idempotencyKey, signal } = call;
  const sentAt = Date.now();
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(abort, call.timeoutMs ?? TIMEOUT_MS);
  signal?.addEventListener("abort", abort);
  let response: Response;
  let text: string;
  try {
    response = await fetch(BASE + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(bearer === null ? {} : { Authorization: `Bearer ${bearer}` }),
        ...(pass === undefined ? {} : { "Queue-Pass": pass }),
        ...(idempotencyKey === undefined ? {} : { "Idempotency-Key": idempotencyKey }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: controller.signal,
    });
    serverClock.note(response.headers.get("Date"), sentAt, Date.now());
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError("OFFLINE", 0);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
  if (response.ok && call.text) return text as T;
  const answer = parse(text);
  if (response.ok) return answer as T;
  const problem = (answer ?? {}) as Record<string, unknown>;
  const code = typeof problem.code === "string" ? problem.code : "INTERNAL";
  throw new ApiError(code, response.status, problem, response.headers.get("Retry-After"));
}

/** Something between us and the server may answer with a page of its own. */
function parse(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
