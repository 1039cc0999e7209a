/**
 * A route as data: what it takes, what it answers, who may call it.
 *
 * The same joi schemas validate the request and make the OpenAPI document, so the two cannot drift apart.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Request, Response } from "express";
import type { ObjectSchema, Schema } from "joi";
import type { ErrorCode, Problem } from "../errors.ts";
import type { Logger } from "../logger.ts";

export type Role = "fan" | "gate" | "operator";

/** Who is asking, as the access token says. */
export interface Principal {
  readonly userId: string;
  readonly role: Role;
  /** The login session; all its tokens end together at logout. */
  readonly sessionId: string;
}

/** `public`: no token. `account`: any account. `operator`, `gate`: that role (an operator may do what a gate may). */
export type Access = "public" | "account" | "operator" | "gate";

export interface Reply {
  readonly status: number;
  /** An object is sent as JSON; a string, Buffer or Readable as it is (set the content type in `headers`). */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
}

export interface RequestContext<Params = unknown, Query = unknown, Body = unknown> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly headers: IncomingHttpHeaders;
  readonly requestId: string;
  /** Carries the request id; made on first use. */
  readonly log: Logger;
  /** The exact bytes of the body, only on routes with `rawBody`. */
  readonly rawBody: Buffer;
  readonly req: Request;
  readonly res: Response;
}

export interface AuthenticatedContext<P = unknown, Q = unknown, B = unknown> extends RequestContext<P, Q, B> {
  readonly principal: Principal;
}

export interface ResponseDoc {
  readonly description: string;
  /** Absent for answers without a body. */
  readonly schema?: Schema;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RateLimitRule {
  /** Names the policy in the RateLimit headers. */
  readonly name: string;
  readonly limit: number;
  readonly windowSeconds: number;
  /** Counted by client address or by account. */
  readonly by: "address" | "account";
}

interface RouteBase {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** Express path below the mount point, such as `/events/:eventId`. */
  readonly path: string;
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly params?: ObjectSchema;
  readonly query?: ObjectSchema;
  /** Documented request headers; handlers read them from `headers`. */
  readonly requestHeaders?: ObjectSchema;
  readonly body?: ObjectSchema;
  /** A body may be left out altogether. */
  readonly bodyOptional?: boolean;
  /** Take the body as bytes, whatever its type (signed webhooks). */
  readonly rawBody?: boolean;
  readonly responses: Readonly<Record<number, ResponseDoc>>;
  /** Codes this route itself can answer; those of guards and validation are added by the document. */
  readonly errors: readonly ErrorCode[];
  readonly limit?: RateLimitRule;
  /** Shows a refusal where a person asked and not a program; a problem document when absent. */
  onProblem?(problem: Problem, request: Request): Reply;
}

// biome-ignore lint/suspicious/noExplicitAny: each route's handler names its own params, query and body.
type Any = any;

export interface PublicRoute extends RouteBase {
  readonly access: "public";
  handler(context: RequestContext<Any, Any, Any>): Promise<Reply> | Reply;
}

export interface GuardedRoute extends RouteBase {
  readonly access: "account" | "operator" | "gate";
  handler(context: AuthenticatedContext<Any, Any, Any>): Promise<Reply> | Reply;
}

export type Route = PublicRoute | GuardedRoute;
