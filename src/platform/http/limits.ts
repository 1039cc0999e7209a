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

interface Count {
  readonly remaining: number;
  readonly resetTime?: Date;
}

export function createLimiter(): (rule: RateLimitRule) => RequestHandler {
  return (rule) => {
    const policy = `"${rule.name}"; q=${rule.limit}; w=${rule.windowSeconds}`;
    const count = rateLimit({
      windowMs: rule.windowSeconds * 1_000,
      limit: rule.limit,
      // Ours below: the library's own name the client by a hash of its key, which costs more than the counting.
      standardHeaders: false,
      legacyHeaders: false,
      // Checks of these very options, at every request.
      validate: false,
      keyGenerator: (request: Request, response: Response) =>
        rule.by === "account"
          ? ((response.locals.principal as Principal | undefined)?.userId ?? "anonymous")
          : ipKeyGenerator(request.ip ?? "unknown"),
      handler: (request, _response, next) =>
        next(new Problem("RATE_LIMITED", { retryAfterSeconds: waitSeconds(counted(request), rule) })),
    });
    return (request, response, next) => {
      void count(request, response, (fault?: unknown) => {
        const state = counted(request);
        const seconds = Math.max(0, Math.ceil(waitSeconds(state, rule)));
        // draft-ietf-httpapi-ratelimit-headers-08
        response.setHeader("RateLimit", `"${rule.name}"; r=${state?.remaining ?? 0}; t=${seconds}`);
        response.setHeader("RateLimit-Policy", policy);
        next(fault);
      });
    };
  };
}

function counted(request: Request): Count | undefined {
  return (request as Request & { rateLimit?: Count }).rateLimit;
}

function waitSeconds(count: Count | undefined, rule: RateLimitRule): number {
  return count?.resetTime ? (count.resetTime.getTime() - Date.now()) / 1_000 : rule.windowSeconds;
}
