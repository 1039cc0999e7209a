/** A queue as far as a hold sees it: its passes are plain text, and it writes down what it is told. */
import type { AdmissionPort } from "../../src/reservations/index.ts";

/** What the queue was told, oldest first. */
export interface QueueCall {
  readonly call: "useSlot" | "holdsChanged" | "endSession";
  readonly userId: string;
  readonly ticketId: string;
  readonly liveUntil?: Date | null;
  readonly holdSeconds?: number;
}

/** @param how "good", or "expired". */
export function passOf(
  { userId, ticketId }: { readonly userId: string; readonly ticketId: string },
  performance: { readonly id: string },
  how = "good",
): string {
  return [how, performance.id, userId, ticketId].join("~");
}

/** @param revoked tickets whose slot is gone. @param removed those that an operator removes while a hold is under way. */
export function plainQueue(
  calls: QueueCall[],
  revoked: ReadonlySet<string>,
  removed: ReadonlySet<string>,
): AdmissionPort {
  return {
    verifyPass(token, performanceId) {
      const [how, passPerformance, userId = "", ticketId = ""] = token.split("~");
      if (passPerformance !== performanceId) return { ok: false, reason: "PASS_REQUIRED" };
      if (how === "expired") return { ok: false, reason: "PASS_EXPIRED" };
      return { ok: true, userId, ticketId, fence: 1 };
    },
    async useSlot({ userId, ticketId, holdSeconds }) {
      calls.push({ call: "useSlot", userId, ticketId, holdSeconds });
      return revoked.has(ticketId) ? { ok: false, reason: "PASS_REVOKED" } : { ok: true };
    },
    holdTried: () => undefined,
    async holdsChanged({ userId, ticketId, liveUntil }) {
      calls.push({ call: "holdsChanged", userId, ticketId, liveUntil });
      return { removed: removed.has(ticketId) };
    },
    async endSession({ userId, ticketId }) {
      calls.push({ call: "endSession", userId, ticketId });
    },
  };
}
