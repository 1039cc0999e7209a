/** What the operator's routes share. */
import { Problem } from "../../platform/errors.ts";
import type { AuthenticatedContext, Principal } from "../../platform/http/route.ts";
import type { Actor } from "../audit.ts";

export const TAG = "Operator";

export type ById<Body = unknown, Query = unknown> = AuthenticatedContext<{ id: string }, Query, Body>;

/** Who is acting, with the name that the audit log keeps. */
export type ActorOf = (principal: Principal) => Promise<Actor>;

export function found<T>(value: T | null): T {
  if (value === null) throw new Problem("NOT_FOUND");
  return value;
}

export const NO_CONTENT = { status: 204 } as const;
