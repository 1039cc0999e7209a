/**
 * Failed logins of one email from one address, counted in Redis for all gateways together.
 *
 * An attempt is counted before the password is looked at and taken back unless it was wrong; counting afterwards
 * would let a burst of parallel guesses through. Redis being away never keeps anybody from logging in.
 *
 * Redis keys of this room: `fastpass:auth:failures:<hash of email and address>`, a counter that ends by itself.
 */
import { createHash } from "node:crypto";
import { ipKeyGenerator } from "express-rate-limit";
import type { Logger } from "../platform/logger.ts";
import type { RedisClient } from "../platform/redis.ts";

export interface FailureRule {
  /** Wrong passwords within a window; the next attempt is refused unseen. */
  readonly limit: number;
  readonly windowSeconds: number;
}

export const DEFAULT_RULE: FailureRule = { limit: 10, windowSeconds: 15 * 60 };

export interface LimitState extends FailureRule {
  readonly remaining: number;
  /** Until the count starts anew. */
  readonly resetSeconds: number;
}

export type AttemptResult = "right" | "wrong" | "undecided";

export interface Attempt {
  readonly allowed: boolean;
  /** Null when nothing is counted. */
  readonly state: LimitState | null;
  /** To be told once how an allowed attempt ended. */
  settle(result: AttemptResult): Promise<void>;
}

export interface LoginFailures {
  begin(email: string, address: string): Promise<Attempt>;
}

const UNCOUNTED: Attempt = { allowed: true, state: null, settle: async () => undefined };

/** For load tests: every attempt is allowed. */
export const noLoginLimit: LoginFailures = { begin: async () => UNCOUNTED };

export function createLoginFailures(redis: RedisClient, log: Logger, rule: FailureRule): LoginFailures {
  const windowMs = rule.windowSeconds * 1_000;
  let away = false;

  /** Null when Redis is away. */
  async function tolerate<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      const result = await work();
      away = false;
      return result;
    } catch (fault) {
      if (!away) log.warn("failed logins can't be counted while Redis is away", { fault });
      away = true;
      return null;
    }
  }

  async function count(key: string): Promise<LimitState & { attempts: number }> {
    const [attempts, leftMs] = await inOneStep(
      redis.multi().set(key, 0, "PX", windowMs, "NX").incr(key).pttl(key).exec(),
    );
    return {
      ...rule,
      attempts,
      remaining: Math.max(0, rule.limit - attempts),
      resetSeconds: Math.ceil(leftMs / 1_000),
    };
  }

  async function settle(key: string, result: AttemptResult): Promise<void> {
    if (result === "right") await redis.del(key);
    // The window may have ended meanwhile, and a key made by DECR alone would never end.
    if (result === "undecided")
      await inOneStep(redis.multi().set(key, 0, "PX", windowMs, "NX").decr(key).pttl(key).exec());
  }

  return {
    async begin(email, address) {
      const key = keyOf(email, address);
      const counted = await tolerate(() => count(key));
      if (!counted) return UNCOUNTED;
      const { attempts, ...state } = counted;
      return {
        allowed: attempts <= rule.limit,
        state,
        settle: async (result) => void (await tolerate(() => settle(key, result))),
      };
    },
  };
}

/** The numbers answered by the last two commands of a MULTI. @throws the first command's fault. */
async function inOneStep(running: Promise<[Error | null, unknown][] | null>): Promise<[number, number]> {
  const replies = (await running) ?? [];
  for (const [fault] of replies) if (fault) throw fault;
  const [, second, third] = replies;
  return [Number(second?.[1]), Number(third?.[1])];
}

/** Hashed: Redis need not know who tries to log in. IPv6 addresses count by network, as one customer owns many. */
function keyOf(email: string, address: string): string {
  const digest = createHash("sha256")
    .update(`${email}\n${ipKeyGenerator(address)}`)
    .digest("base64url");
  return `fastpass:auth:failures:${digest}`;
}
