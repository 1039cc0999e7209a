/**
 * Holding seats: pass, slot, lock, one transaction, unlock, and only then everything that is told to others.
 *
 * The lock sheds load and decides nothing: with its nodes away, or switched off, the transaction alone is enough.
 */
import { span } from "../platform/tracing/index.ts";
import type { BestAvailable } from "./best-available.ts";
import type { IdempotencyClaim, Replay, StoredReply } from "./idempotency.ts";
import type { Parts } from "./parts.ts";
import { createPicker, type PickOutcome } from "./pick.ts";
import type { AdmissionPort, SeatMap } from "./ports.ts";
import type { SeatStatus } from "./seat-status.ts";
import { createTake, type HoldInProgress, type TakeOutcome, type Wanted } from "./take.ts";
import { createTakeTogether, LEAST_REMAINING_MS } from "./together.ts";

export interface HoldRequest {
  readonly userId: string;
  /** Names the request in logs, and in those of the job that ends the hold. */
  readonly requestId?: string;
  readonly performanceId: string;
  /** The `Queue-Pass` header. */
  readonly pass: string | undefined;
  readonly wanted: { readonly seatIds: readonly string[] } | { readonly bestAvailable: BestAvailable };
  readonly claim: IdempotencyClaim | null;
}

export interface SeatReport {
  readonly id: string;
  readonly ordinal: number;
  readonly state: SeatStatus;
}

export type HoldRefusal =
  | { readonly ok: false; readonly reason: "SEAT_TAKEN"; readonly seats: readonly SeatReport[] }
  | {
      readonly ok: false;
      readonly reason: "VALIDATION_FAILED";
      readonly path: string;
      readonly message: string;
    }
  | {
      readonly ok: false;
      readonly reason:
        | "NOT_FOUND"
        | "PASS_REQUIRED"
        | "PASS_EXPIRED"
        | "PASS_REVOKED"
        | "REBUILDING"
        | "SEAT_CONTENDED"
        | "SEAT_LIMIT"
        | "NO_ADJACENT_SEATS"
        | "IDEMPOTENCY_IN_PROGRESS"
        | "IDEMPOTENCY_MISMATCH";
    };

export type HoldOutcome =
  | { readonly ok: true; readonly reply: StoredReply; readonly replayed: boolean }
  | HoldRefusal;

const LOCK_TTL_MS = 5_000;

export function createHold(parts: Parts) {
  const { db, metrics, locks, catalog, admission, store, idempotency, announcements, releases } = parts;
  const take = createTake(parts);
  const takeTogether = createTakeTogether(parts);
  const picker = createPicker(parts, { take, takeTogether });

  async function admitted(request: HoldRequest): Promise<HoldOutcome> {
    const { performanceId, userId, wanted, claim } = request;
    const [facts, map] = await Promise.all([catalog.facts(performanceId), catalog.seatMap(performanceId)]);
    if (!facts || !map) return { ok: false, reason: "NOT_FOUND" };
    const pass = checkPass(admission, request);
    if (!pass.ok) return pass;
    const seats =
      "seatIds" in wanted ? toOrdinals(map, wanted.seatIds) : checkBest(map, wanted.bestAvailable);
    if (!seats.ok) return seats;
    if (seats.quantity > facts.maxSeatsPerFan) return { ok: false, reason: "SEAT_LIMIT" };
    const { ticketId, fence } = pass;
    const { queueId, holdSeconds } = facts;
    const slot = await admission.useSlot({ queueId, userId, ticketId, fence, holdSeconds });
    if (!slot.ok) return slot;
    const progress: HoldInProgress = { facts, map, userId, ticketId, claim, requestId: request.requestId };
    return timed(queueId, async () =>
      "seatIds" in wanted
        ? holdNamed(progress, seats.ordinals)
        : conclude(progress, [], await picker.takeBest(progress, wanted.bestAvailable)),
    );
  }

  async function timed(queueId: string, hold: () => Promise<HoldOutcome>): Promise<HoldOutcome> {
    const startedAt = performance.now();
    let failed = true;
    try {
      const outcome = await hold();
      failed = false;
      return outcome;
    } finally {
      admission.holdTried({ queueId, tookMs: performance.now() - startedAt, failed });
    }
  }

  async function holdNamed(progress: HoldInProgress, named: readonly number[]): Promise<HoldOutcome> {
    const performanceId = progress.facts.id;
    const keys = lockKeys(performanceId, progress.claim);
    const locked = await locks.acquire([...named.map(keys.seat), ...keys.claim], LOCK_TTL_MS);
    if (!locked.ok) return { ok: false, reason: await contended(keys.claim) };
    const { lease } = locked;
    const lock: Wanted["lock"] = async (trx, lapsed) =>
      lease.remainingMs() < LEAST_REMAINING_MS
        ? "SEAT_CONTENDED"
        : store.lockSeats(trx, performanceId, named, lapsed);
    let outcome: TakeOutcome;
    try {
      const alone = () => take(progress, { named, lock });
      outcome = await span("hold", () => takeTogether({ progress, ordinals: named, lease, alone }));
    } finally {
      // Not waited for: it never fails, and on this connection it is before whatever this gateway asks next.
      void lease.release();
    }
    return conclude(progress, named, outcome);
  }

  /** Either a seat's lock was refused, or that of the request's own key, whose first request is still running. */
  async function contended(claim: readonly string[]): Promise<"SEAT_CONTENDED" | "IDEMPOTENCY_IN_PROGRESS"> {
    if (claim.length === 0) return "SEAT_CONTENDED";
    const probe = await locks.acquire(claim, LOCK_TTL_MS);
    if (!probe.ok) return "IDEMPOTENCY_IN_PROGRESS";
    await probe.lease.release();
    return "SEAT_CONTENDED";
  }

  async function conclude(
    progress: HoldInProgress,
    ordinals: readonly number[],
    outcome: PickOutcome,
  ): Promise<HoldOutcome> {
    if (outcome.ok) {
      const { record, ended, reply, liveUntil } = outcome;
      releases.announce(ended, "takeover");
      const { facts, requestId } = progress;
      announcements.held({ ...record, holdSeconds: facts.holdSeconds, liveUntil, requestId });
      return { ok: true, reply, replayed: false };
    }
    if (outcome.reason === "TAKEN") {
      return { ok: false, reason: "SEAT_TAKEN", seats: await report(progress, ordinals) };
    }
    return { ok: false, reason: outcome.reason === "NONE_FREE" ? "SEAT_CONTENDED" : outcome.reason };
  }

  /** What the wanted seats are now; when they have become free meanwhile, all of them, and a new try is worth it. */
  async function report({ facts, map }: HoldInProgress, ordinals: readonly number[]): Promise<SeatReport[]> {
    const states = await store.readSeats(db, facts.id, ordinals);
    const gone = states.filter(({ status }) => status !== "AVAILABLE");
    const shown = gone.length > 0 ? gone : states;
    return shown.map(({ ordinal, status }) => ({ id: map.ids[ordinal] as string, ordinal, state: status }));
  }

  return async (request: HoldRequest): Promise<HoldOutcome> => {
    const outcome = toOutcome(await idempotency.once(request.claim, db, () => admitted(request)));
    const made = outcome.ok && (outcome.replayed ? "replayed" : "held");
    metrics.outcomes.inc({ outcome: made || (outcome as HoldRefusal).reason.toLowerCase() });
    return outcome;
  };
}

/** The room's lock keys; one hash tag for all that one call takes. */
function lockKeys(performanceId: string, claim: IdempotencyClaim | null) {
  const prefix = `{perf:${performanceId}}:lock`;
  return {
    seat: (ordinal: number) => `${prefix}:seat:${ordinal}`,
    claim: claim ? [`${prefix}:claim:${claim.lock}`] : [],
  };
}

function toOutcome(outcome: HoldOutcome | Replay): HoldOutcome {
  return "replay" in outcome ? { ok: true, reply: outcome.replay, replayed: true } : outcome;
}

function checkPass(admission: AdmissionPort, { pass, performanceId, userId }: HoldRequest) {
  if (!pass) return { ok: false, reason: "PASS_REQUIRED" } as const;
  const check = admission.verifyPass(pass, performanceId);
  // A pass works only together with an access token of the same account.
  if (check.ok && check.userId !== userId) return { ok: false, reason: "PASS_REQUIRED" } as const;
  return check;
}

type SeatsAsked =
  | { readonly ok: true; readonly ordinals: readonly number[]; readonly quantity: number }
  | HoldRefusal;

function toOrdinals(map: SeatMap, seatIds: readonly string[]): SeatsAsked {
  const ordinals: number[] = [];
  for (const [index, seatId] of seatIds.entries()) {
    const ordinal = map.ordinalOf(seatId);
    if (ordinal === undefined) {
      const path = `seatIds.${index}`;
      return {
        ok: false,
        reason: "VALIDATION_FAILED",
        path,
        message: `${path} is not a seat of this performance`,
      };
    }
    ordinals.push(ordinal);
  }
  return { ok: true, ordinals: ordinals.sort((a, b) => a - b), quantity: ordinals.length };
}

function checkBest({ sections }: SeatMap, { quantity, sectionId }: BestAvailable): SeatsAsked {
  if (sectionId === undefined || sections.some(({ id }) => id === sectionId)) {
    return { ok: true, ordinals: [], quantity };
  }
  const path = "bestAvailable.sectionId";
  return {
    ok: false,
    reason: "VALIDATION_FAILED",
    path,
    message: `${path} is not a section of this performance`,
  };
}
