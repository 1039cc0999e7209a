/**
 * The two credentials of a queue: the ticket (a place in one line) and the pass (a claimed admission).
 *
 * Tickets are HS256 under a key of ours: only we read them. Passes are ES256, so that an edge proxy can check one
 * with the public key alone. Each names its audience and neither is accepted for the other.
 */
import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import jwt from "jsonwebtoken";
import type { LogHead } from "./log-head.ts";

const ISSUER = "fastpass";
/** Verified passes remembered; an ES256 check costs about 60 µs, a look-up one. */
const PASS_CACHE_SIZE = 50_000;
/** Tickets remembered: who comes back after a lost connection shows the one of before, and thousands do at once. */
const TICKET_CACHE_SIZE = 16_384;

export interface TicketClaims {
  readonly userId: string;
  readonly ticketId: string;
  readonly sequence: number;
  readonly epoch: number;
  /** Of a priority lane; the general one when absent or 0. */
  readonly lane?: number;
}

export interface PassClaims {
  readonly userId: string;
  readonly ticketId: string;
  readonly fence: number;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

export type TicketOutcome =
  | { readonly ok: true; readonly claims: Required<TicketClaims> }
  | { readonly ok: false; readonly reason: "INVALID" | "OTHER_QUEUE" };

export type PassOutcome =
  | ({ readonly ok: true } & PassClaims)
  | { readonly ok: false; readonly reason: "PASS_REQUIRED" | "PASS_EXPIRED" };

export type Credentials = ReturnType<typeof createCredentials>;

export function createCredentials(ticketKey: KeyObject, passPrivateKey: KeyObject) {
  const passPublicKey = createPublicKey(passPrivateKey);
  const jwk = passPublicKey.export({ format: "jwk" });
  const keyId = thumbprint(jwk);
  const verified = new Map<string, { audience: string; claims: PassClaims }>();

  interface KnownTicket {
    readonly queueId: string;
    readonly claims: Required<TicketClaims>;
  }
  const tickets = new Map<string, KnownTicket>();

  /** A ticket has no end of its own, so that one that was good stays good. */
  function readTicket(token: string): KnownTicket | null {
    try {
      const verified = jwt.verify(token, ticketKey, { algorithms: ["HS256"], issuer: ISSUER });
      const { aud, sub: userId = "", jti: ticketId = "", seq, epoch, lane = 0 } = verified as jwt.JwtPayload;
      const queueId = typeof aud === "string" && /^queue:(.*)$/.exec(aud)?.[1];
      if (!queueId) return null;
      const numbers = { sequence: Number(seq), epoch: Number(epoch), lane: Number(lane) };
      const known = { queueId, claims: { userId, ticketId, ...numbers } };
      if (tickets.size >= TICKET_CACHE_SIZE) tickets.delete(tickets.keys().next().value as string);
      tickets.set(token, known);
      return known;
    } catch {
      return null;
    }
  }

  function remember(hash: string, audience: string, claims: PassClaims): void {
    if (verified.size >= PASS_CACHE_SIZE) {
      const oldest = verified.keys().next().value;
      if (oldest !== undefined) verified.delete(oldest);
    }
    verified.set(hash, { audience, claims });
  }

  return {
    /** The keys that verify passes, as a JSON Web Key Set. */
    jwks: { keys: [{ ...jwk, kid: keyId, use: "sig", alg: "ES256" }] },

    /** The same claims always give the same ticket. */
    signTicket(queueId: string, { userId, ticketId, sequence, epoch, lane = 0 }: TicketClaims): string {
      return jwt.sign({ seq: sequence, epoch, ...(lane > 0 ? { lane } : {}) }, ticketKey, {
        algorithm: "HS256",
        issuer: ISSUER,
        audience: `queue:${queueId}`,
        subject: userId,
        jwtid: ticketId,
        noTimestamp: true,
      });
    },

    verifyTicket(token: string, queueId: string): TicketOutcome {
      const known = tickets.get(token) ?? readTicket(token);
      if (!known) return { ok: false, reason: "INVALID" };
      return known.queueId === queueId
        ? { ok: true, claims: known.claims }
        : { ok: false, reason: "OTHER_QUEUE" };
    },

    /** @param expiresAt seconds since 1970. */
    signPass(performanceId: string, { userId, ticketId, fence, expiresAt }: PassClaims): string {
      return jwt.sign({ fence, exp: expiresAt }, passPrivateKey, {
        algorithm: "ES256",
        keyid: keyId,
        issuer: ISSUER,
        audience: `performance:${performanceId}`,
        subject: userId,
        jwtid: ticketId,
      });
    },

    /** The same key signs passes; the audience tells the two apart. */
    signHead(queueId: string, { number, hash }: LogHead): string {
      return jwt.sign({ number, hash }, passPrivateKey, {
        algorithm: "ES256",
        keyid: keyId,
        issuer: ISSUER,
        audience: `log:${queueId}`,
      });
    },

    /** @returns null for what was not signed here, or is of another queue. */
    verifyHead(token: string, queueId: string): LogHead | null {
      try {
        const { number, hash } = jwt.verify(token, passPublicKey, {
          algorithms: ["ES256"],
          issuer: ISSUER,
          audience: `log:${queueId}`,
        }) as jwt.JwtPayload;
        return { number: Number(number), hash: String(hash) };
      } catch {
        return null;
      }
    },

    /** Checks signature, audience and time. Whether the admission still lives only the queue can tell. */
    verifyPass(token: string, performanceId: string): PassOutcome {
      const audience = `performance:${performanceId}`;
      const hash = createHash("sha256").update(token).digest("base64");
      const known = verified.get(hash);
      if (known) {
        if (known.claims.expiresAt * 1_000 <= Date.now()) {
          verified.delete(hash);
          return { ok: false, reason: "PASS_EXPIRED" };
        }
        return known.audience === audience
          ? { ok: true, ...known.claims }
          : { ok: false, reason: "PASS_REQUIRED" };
      }
      try {
        const payload = jwt.verify(token, passPublicKey, {
          algorithms: ["ES256"],
          issuer: ISSUER,
          audience,
        }) as jwt.JwtPayload;
        const { sub: userId = "", jti: ticketId = "", fence, exp = 0 } = payload;
        const claims: PassClaims = { userId, ticketId, fence: Number(fence), expiresAt: exp };
        remember(hash, audience, claims);
        return { ok: true, ...claims };
      } catch (fault) {
        return {
          ok: false,
          reason: fault instanceof jwt.TokenExpiredError ? "PASS_EXPIRED" : "PASS_REQUIRED",
        };
      }
    },
  };
}

/** RFC 7638: the key's own hash names it, so every process names it alike. */
function thumbprint({ crv, kty, x, y }: { crv?: string; kty?: string; x?: string; y?: string }): string {
  return createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
}
