/** The frame every HTTP request passes through: id, headers, metrics, log line, errors. */
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Router,
} from "express";
import { Problem } from "../errors.ts";
import type { Logger } from "../logger.ts";
import type { HttpMetrics } from "../metrics.ts";
import { createSampler } from "../sampler.ts";
import { requestSpan } from "../tracing/index.ts";
import { send } from "./mount.ts";
import { requestIdOf } from "./request-id.ts";
import type { Reply } from "./route.ts";
import { standingHeaders } from "./standing-headers.ts";

export interface HttpAppOptions {
  readonly log: Logger;
  readonly metrics: HttpMetrics;
  readonly trustProxy: boolean | number | string;
  /** Turns a thrown fault of a store into its 503, or returns null when it is not one. */
  classifyFault(fault: unknown): Problem | null;
  /** Shows an address that there is not where a person asked; null where a program did, which gets the problem. */
  showMissing?(problem: Problem, request: Request): Reply | null;
}

/** Lines of ordinary requests; a surge has thousands a second, and the metrics count them all. */
const LINES_A_SECOND = 100;
/** From here on a request has its line in any case. */
const SLOW_SECONDS = 1;

/** @param build adds the routes; it gets the one router of the application. */
export function createHttpApp(options: HttpAppOptions, build: (router: Router) => void): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("trust proxy", options.trustProxy);
  app.set("query parser", "simple");
  app.use(observe(options));
  const router = express.Router({ caseSensitive: true });
  build(router);
  app.use(router);
  app.use((_request, response) => {
    response.locals.onProblem = options.showMissing;
    throw new Problem("NOT_FOUND");
  });
  app.use(answerErrors(options));
  return app;
}

function observe({ log, metrics }: HttpAppOptions): RequestHandler {
  const sampler = createSampler(LINES_A_SECOND);
  const standing = standingHeaders();
  return (request, response, next) => {
    const startedAt = performance.now();
    const requestId = requestIdOf(request.headers);
    response.locals.requestId = requestId;
    response.setHeader("X-Request-Id", requestId);
    for (const [name, value] of standing) response.setHeader(name, value);
    const traced = requestSpan();
    response.on("finish", () => {
      const seconds = (performance.now() - startedAt) / 1_000;
      const route: string = response.locals.route ?? "none";
      metrics.observeRequest(request.method, route, response.statusCode, seconds);
      const { statusCode: status } = response;
      const { method } = request;
      traced?.end(`${method} ${route}`, { requestId, status }, status >= 500);
      if (!log.enabled("info")) return;
      const leftOut = status >= 500 || seconds >= SLOW_SECONDS ? 0 : sampler.leftOut();
      if (leftOut === null) return;
      // The path only: a query string may carry a token.
      const path = request.originalUrl.split("?", 1)[0];
      log.info("request", {
        requestId,
        method,
        path,
        status,
        seconds,
        ...(leftOut > 0 ? { leftOut } : {}),
      });
    });
    if (traced) traced.run(next);
    else next();
  };
}

function answerErrors({ log, classifyFault }: HttpAppOptions): ErrorRequestHandler {
  return (fault: unknown, request, response, _next) => {
    const requestId: string = response.locals.requestId;
    const problem = fault instanceof Problem ? fault : (fromBodyParser(fault) ?? classifyFault(fault));
    if (!problem || problem.status >= 500) {
      log.error("request failed", {
        requestId,
        route: response.locals.route,
        fault: problem?.cause ?? fault,
      });
    }
    const told = problem ?? new Problem("INTERNAL");
    const shown = (response.locals.onProblem as HttpAppOptions["showMissing"])?.(told, request);
    if (shown) send(response, { ...shown, headers: { ...retryAfter(told), ...shown.headers } });
    else sendProblem(response, told, request.originalUrl, requestId);
  };
}

export function sendProblem(
  response: express.Response,
  problem: Problem,
  originalUrl: string,
  requestId: string,
): void {
  send(response, {
    status: problem.status,
    headers: {
      "Content-Type": "application/problem+json; charset=utf-8",
      "Cache-Control": "no-store",
      ...retryAfter(problem),
      ...(problem.status === 401 ? { "WWW-Authenticate": 'Bearer realm="fastpass"' } : {}),
    },
    body: problem.toJSON(originalUrl.split("?", 1)[0] ?? "/", requestId),
  });
}

function retryAfter({ retryAfterSeconds }: Problem): Record<string, string> {
  return retryAfterSeconds === null ? {} : { "Retry-After": String(retryAfterSeconds) };
}

/** body-parser and the router throw http-errors with a `type`; the client caused them. */
function fromBodyParser(fault: unknown): Problem | null {
  const { type, status } = fault as { type?: string; status?: number };
  if (type === "entity.too.large") return new Problem("BODY_TOO_LARGE");
  if (type === "entity.parse.failed") return new Problem("MALFORMED_JSON");
  if (type === "encoding.unsupported" || type === "charset.unsupported")
    return new Problem("UNSUPPORTED_MEDIA_TYPE");
  if (type === "request.aborted" || type === "request.size.invalid") {
    return new Problem("MALFORMED_JSON", { detail: "The body ended too early." });
  }
  if (fault instanceof URIError || status === 400)
    return new Problem("VALIDATION_FAILED", { detail: "The URL is malformed." });
  return null;
}
