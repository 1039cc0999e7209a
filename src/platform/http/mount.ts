/**
 * Turns routes (data) into Express handlers: who may call, how often, with what, and how it is answered.
 *
 * The order is that of what a stranger may cost us: token, role, limit, size and type of the body, its form.
 */
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import express, {
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
  type Router,
} from "express";
import Joi, { type ObjectSchema } from "joi";
import { Problem } from "../errors.ts";
import type { Logger } from "../logger.ts";
import type { Availability } from "./availability.ts";
import type { Principal, RateLimitRule, Reply, Route } from "./route.ts";
import { sendStream } from "./streaming.ts";

export const BODY_LIMIT_BYTES = 64 * 1024;

/** Up to this size all faults of a body are listed. */
const LISTED_BODY_BYTES = 8 * 1024;

export interface MountOptions {
  readonly log: Logger;
  readonly availability: Pick<Availability, "race">;
  /** @throws Problem (401) when the bearer token is missing or no good. */
  authenticate(request: Request): Principal;
  /** Null when limits are off. */
  readonly limiter: ((rule: RateLimitRule) => RequestHandler) | null;
}

const NO_QUERY = Joi.object({});
/** What a route without a body of its own takes: none, or an empty one, which many clients send. */
const NO_FIELDS = Joi.object({});
const NO_BYTES = Buffer.alloc(0);
const NOTHING = Object.freeze({});
const parseJson = express.json({
  limit: BODY_LIMIT_BYTES,
  strict: false,
  type: () => true,
  inflate: false,
  verify: noteProto,
});
const parseRaw = express.raw({ limit: BODY_LIMIT_BYTES, type: () => true, inflate: false });

/** Adds the routes to a router; a known path answers OPTIONS with its methods, and other methods with 405. */
export function mountRoutes(router: Router, routes: readonly Route[], options: MountOptions): void {
  const methods = new Map<string, { readonly path: string; readonly allowed: string[] }>();
  for (const route of routes) {
    const handlers: RequestHandler[] = [guard(route, options)];
    if (route.limit && options.limiter) handlers.push(options.limiter(route.limit));
    if (route.rawBody) handlers.push(refuseLarge, parseRaw);
    else if (takesBody(route)) handlers.push(requireJson(route.bodyOptional ?? !route.body), parseJson);
    handlers.push(run(route, options));
    router[route.method](route.path, ...handlers);
    // Two routes may name the parameter of one path differently.
    const shape = route.path.replace(/:\w+/g, ":");
    const known = methods.get(shape) ?? { path: route.path, allowed: [] };
    known.allowed.push(...(route.method === "get" ? ["GET", "HEAD"] : [route.method.toUpperCase()]));
    methods.set(shape, known);
  }
  for (const { path, allowed } of methods.values()) router.all(path, answerOtherMethods(path, allowed));
}

/** Whatever is sent beside a GET is checked, also where nothing is asked for: unknown fields are refused everywhere. */
export function takesBody({ method }: Pick<Route, "method">): boolean {
  return method !== "get";
}

/** @param path labels the metrics. */
export function answerOtherMethods(path: string, allowed: readonly string[]): RequestHandler {
  const list = [...allowed, "OPTIONS"].join(", ");
  return (request, response) => {
    response.locals.route = path;
    response.setHeader("Allow", list);
    if (request.method !== "OPTIONS")
      throw new Problem("METHOD_NOT_ALLOWED", { detail: `Allowed here: ${list}.` });
    send(response, { status: 204 });
  };
}

function guard(route: Route, options: MountOptions): RequestHandler {
  return (request, response, next) => {
    response.locals.route = route.path;
    response.locals.onProblem = route.onProblem;
    if (route.access !== "public") {
      const principal = options.authenticate(request);
      if (!mayCall(route.access, principal)) throw new Problem("FORBIDDEN");
      response.locals.principal = principal;
    }
    next();
  };
}

function mayCall(access: "account" | "operator" | "gate", { role }: Principal): boolean {
  if (access === "account" || role === "operator") return true;
  return access === "gate" && role === "gate";
}

/** A body that says its size is refused before it is read; the parsers count the others. */
function refuseIfLarge(request: Request): void {
  if (Number(request.headers["content-length"] ?? 0) > BODY_LIMIT_BYTES) throw new Problem("BODY_TOO_LARGE");
}

const refuseLarge: RequestHandler = (request, _response, next) => {
  refuseIfLarge(request);
  next();
};

function requireJson(optional: boolean): RequestHandler {
  return (request, _response, next) => {
    const hasBody =
      request.headers["transfer-encoding"] !== undefined ||
      Number(request.headers["content-length"] ?? 0) > 0;
    if (!hasBody) {
      if (!optional) throw new Problem("VALIDATION_FAILED", { detail: "A JSON body is needed." });
      request.body = {};
      next();
      return;
    }
    refuseIfLarge(request);
    if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(request.headers["content-type"] ?? "")) {
      throw new Problem("UNSUPPORTED_MEDIA_TYPE");
    }
    if (request.headers["content-encoding"] && request.headers["content-encoding"] !== "identity") {
      throw new Problem("UNSUPPORTED_MEDIA_TYPE", { detail: "The body must not be compressed." });
    }
    next();
  };
}

function run(route: Route, options: MountOptions): RequestHandler {
  const checkBody = takesBody(route) && !route.rawBody ? bodyCheck(route.body ?? NO_FIELDS) : () => undefined;
  const checkParams = route.params ? paramsCheck(route.params) : () => NOTHING;
  const checkQuery = queryCheck(route.query ?? NO_QUERY);
  // Not async: what is answered from memory is sent in the same turn, without a promise.
  return (request: Request, response: Response, next: NextFunction) => {
    const body = checkBody(request);
    const context = {
      params: checkParams(request.params),
      query: checkQuery(request),
      body,
      headers: request.headers,
      requestId: response.locals.requestId as string,
      rawBody: Buffer.isBuffer(request.body) ? request.body : NO_BYTES,
      principal: response.locals.principal as Principal,
      req: request,
      res: response,
      get log() {
        return options.log.child({ requestId: response.locals.requestId });
      },
    };
    const outcome = route.handler(context);
    if (!(outcome instanceof Promise)) return send(response, outcome);
    options.availability
      .race(outcome)
      .then((reply) => send(response, reply))
      // The router takes some values that are no errors for its own words.
      .catch((fault) =>
        next(fault instanceof Error ? fault : new Error("a handler threw", { cause: fault })),
      );
  };
}

export function send(response: Response, reply: Reply): void {
  if (response.headersSent || response.destroyed) return;
  response.statusCode = reply.status;
  if (reply.headers)
    for (const name in reply.headers) response.setHeader(name, reply.headers[name] as string);
  if (reply.cookies) response.setHeader("Set-Cookie", [...reply.cookies]);
  if (reply.body === undefined) {
    response.end();
    return;
  }
  if (typeof reply.body === "string" || Buffer.isBuffer(reply.body)) {
    response.end(reply.body);
    return;
  }
  if (reply.body instanceof Readable) {
    sendStream(response, reply.body);
    return;
  }
  const text = JSON.stringify(reply.body);
  if (!response.hasHeader("Content-Type"))
    response.setHeader("Content-Type", "application/json; charset=utf-8");
  response.setHeader("Content-Length", Buffer.byteLength(text));
  response.end(text);
}

const PROTO = Symbol("the body has a field __proto__");

/** joi passes over a field of this name, which would make it the one unknown field that is not refused. */
function noteProto(request: IncomingMessage, _response: unknown, bytes: Buffer): void {
  if (/"__proto__"\s*:/.test(bytes.includes("__proto__") ? bytes.toString("latin1") : ""))
    Object.assign(request, { [PROTO]: true });
}

/** A body of thousands of wrong fields would cost 0.1 s to list: large ones hear of the first only. */
function bodyCheck(schema: ObjectSchema): (request: Request) => unknown {
  const all = check(schema, "body", { listAll: true, convert: false });
  const first = check(schema, "body", { listAll: false, convert: false });
  // What most joins of a surge send.
  const { error, value: empty } = schema.validate({}, { convert: false });
  Object.freeze(empty);
  return (request) => {
    if (PROTO in request) {
      const message = "__proto__ is not allowed";
      throw new Problem("VALIDATION_FAILED", {
        detail: `${message}.`,
        errors: [{ path: "__proto__", message }],
      });
    }
    const size = Number(request.headers["content-length"] ?? BODY_LIMIT_BYTES);
    if (!error && isEmpty(request.body)) return empty;
    return (size <= LISTED_BODY_BYTES ? all : first)(request.body);
  };
}

function isEmpty(body: unknown): boolean {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return false;
  for (const _field in body) return false;
  return true;
}

function queryCheck(schema: ObjectSchema): (request: Request) => unknown {
  const checked = check(schema, "query", { listAll: true, convert: true });
  // Express parses the query each time it is asked for it; most requests have none.
  const { error, value: none } = schema.validate({});
  Object.freeze(none);
  return (request) => (error || request.url.includes("?") ? checked(request.query) : none);
}

/** @throws Problem VALIDATION_FAILED with one entry for each field that is wrong, or for the first. */
function check(
  schema: ObjectSchema,
  place: "body" | "query",
  { listAll, convert }: { readonly listAll: boolean; readonly convert: boolean },
): (value: unknown) => unknown {
  // Preferences of the schema: those of a call are checked and merged anew at each call.
  const prepared = schema.prefs({ abortEarly: !listAll, convert, errors: { wrap: { label: false } } });
  return (value) => {
    const { error, value: checked } = prepared.validate(value);
    if (!error) return checked;
    const errors = error.details.map(({ path, message }) => ({ path: path.join("."), message }));
    throw new Problem("VALIDATION_FAILED", {
      detail: `The ${place} is not as documented: ${errors[0]?.message}.`,
      errors,
    });
  };
}

/** Accepted ids that each route remembers: a surge asks for the same few performances. */
const KNOWN_PARAMS = 256;

/** An id that cannot exist names nothing: 404, the same as one that does not. */
function paramsCheck(schema: ObjectSchema): (value: Record<string, string | string[]>) => unknown {
  const known = new Map<string, unknown>();
  return (value) => {
    const key = Object.values(value).join("\0");
    const before = known.get(key);
    if (before !== undefined) return before;
    const { error, value: checked } = schema.validate(value);
    if (error) throw new Problem("NOT_FOUND");
    if (known.size >= KNOWN_PARAMS) known.delete(known.keys().next().value as string);
    known.set(key, Object.freeze(checked));
    return checked;
  };
}
