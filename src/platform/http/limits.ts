/**
 * Request limits by client address or account, answered with RateLimit and RateLimit-Policy headers.
 *
 * Counts are kept in each gateway's memory: a shared count would cost each join a second Redis command, and a
 * bound that is N times looser with N gateways is still a bound.
 */
import type { Request, RequestHandler, Response } from "express";
import { ipKeyGenerator, rateLimit } from "express-rate-limit";
import { Problem } from "../errors.ts";
import type { Principal, RateLimitRule } from "./route.ts";

export function createLimiter(): (rule: RateLimitRule) => RequestHandler {
  return (rule) =>
    rateLimit({
      windowMs: rule.windowSeconds * 1_000,
      limit: rule.limit,
      identifier: rule.name,
      standardHeaders: "draft-8",
      legacyHeaders: false,
      keyGenerator: (request: Request, response: Response) =>
        rule.by === "account"
          ? ((response.locals.principal as Principal | undefined)?.userId ?? "anonymous")
          : ipKeyGenerator(request.ip ?? "unknown"),
      handler: (request, _response, next) => {
        const resetTime = (request as Request & { rateLimit?: { resetTime?: Date } }).rateLimit?.resetTime;
        const waitMs = resetTime ? resetTime.getTime() - Date.now() : rule.windowSeconds * 1_000;
        next(new Problem("RATE_LIMITED", { retryAfterSeconds: waitMs / 1_000 }));
      },
    });
}
