/** What fans ask of a queue through a gateway: joins, views, claims, leaves and position streams. */
import { newId } from "../platform/ids.ts";
import type { Stream } from "../platform/sockets/index.ts";
import { Code } from "./codes.ts";
import { createGatewayLines, type GatewayLinesDeps } from "./gateway-lines.ts";
import { hashCode } from "./lanes.ts";
import type { LostTicket, ViewOutcome } from "./line-store.ts";
import type { LocalFan, LocalLine } from "./local-line.ts";
import { unknownTickets } from "./lost-tickets.ts";
import { type ShownTicket, ticketView } from "./ticket-view.ts";
import { isLive, type TicketView } from "./view.ts";

export type JoinRefusal =
  | "NOT_FOUND"
  | "CODE_INVALID"
  | "CODE_USED"
  | "QUEUE_NOT_OPEN"
  | "QUEUE_CLOSED"
  | "SOLD_OUT"
  | "REMOVED"
  | "REBUILDING"
  | "BUSY";
export type JoinOutcome =
  | { readonly ok: true; readonly isNew: boolean; readonly view: TicketView }
  | { readonly ok: false; readonly reason: JoinRefusal };
export type ViewResult =
  | { readonly ok: true; readonly view: TicketView }
  | { readonly ok: false; readonly reason: "NOT_FOUND" | "NO_TICKET" | "REBUILDING" };
export type ClaimOutcome =
  | {
      readonly ok: true;
      readonly pass: string;
      readonly passExpiresAt: string;
      readonly fence: number;
      readonly performanceId: string;
    }
  | {
      readonly ok: false;
      readonly reason: "NOT_FOUND" | "NO_TICKET" | "NOT_ADMITTED" | "ADMISSION_EXPIRED" | "REBUILDING";
    };
export type LeaveOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: "NOT_FOUND" | "PAYMENT_IN_PROGRESS" | "REBUILDING" };

export interface WaitingRoomDeps extends GatewayLinesDeps {
  /** Gives back what a fan holds who gives up the admission (refused while a payment is being decided) or loses it. */
  releaseHolds(
    userId: string,
    performanceId: string,
    cause: "left" | "removed",
  ): Promise<{ readonly ok: true } | { readonly ok: false; readonly reason: "PAYMENT_IN_PROGRESS" }>;
}

export type WaitingRoom = ReturnType<typeof createWaitingRoom>;

/** Memory older than this is not trusted to answer a poll. */
const FRESH_MS = 3_000;

const JOIN_REFUSALS: Partial<Record<Code, JoinRefusal>> = {
  [Code.rebuilding]: "REBUILDING",
  [Code.notOpen]: "QUEUE_NOT_OPEN",
  [Code.closed]: "QUEUE_CLOSED",
  [Code.soldOut]: "SOLD_OUT",
  [Code.removed]: "REMOVED",
  [Code.departing]: "REBUILDING",
  [Code.busy]: "BUSY",
  [Code.codeInvalid]: "CODE_INVALID",
  [Code.codeUsed]: "CODE_USED",
};

export function createWaitingRoom(deps: WaitingRoomDeps) {
  const { db, store, credentials } = deps;
  const lines = createGatewayLines(deps);
  const { gatewayId, streams, lineOf, whileAsking, attach, inKnownLane, heardOf, untilCommitted } = lines;

  function seen(line: LocalLine, fan: LocalFan): TicketView {
    const view = ticketView(line, fan, credentials);
    fan.polledUntil = Date.now() + (2 * view.pollAfterSeconds + 5) * 1_000;
    if (fan.state === "A") lines.received(line.queueId, fan.userId);
    return view;
  }

  async function joinOnce(
    queueId: string,
    userId: string,
    codeHash: string,
    lost: LostTicket | null,
  ): Promise<ViewOutcome> {
    const ticketId = newId();
    const outcome = await store.join(queueId, userId, ticketId, codeHash, gatewayId, lost);
    if (outcome.ok || outcome.code !== Code.departing) return outcome;
    // The place this account just left is still being taken out of the line; any process may do that.
    await store.tick(queueId, 0);
    return store.join(queueId, userId, ticketId, codeHash, gatewayId, lost);
  }

  /** The ticket that this account hands in, if its join may have been lost. */
  async function lostTicket(line: LocalLine, userId: string, token: string): Promise<LostTicket | null> {
    const ticket = credentials.verifyTicket(token, line.queueId);
    if (!ticket.ok || ticket.claims.userId !== userId) return null;
    const unasked = { ...ticket.claims, journalEpoch: 0 };
    // Of this very epoch, and a newer one would still be recovering, in which nobody gets another place: every page
    // that is loaded again hands in its ticket, and none of these must cost a query. Redis sees for itself whether it
    // has it.
    const isFresh = Date.now() - line.heardAt < FRESH_MS;
    if (isFresh && ticket.claims.epoch >= line.epoch) return unasked;
    return (await unknownTickets(db, line.queueId, [ticket.claims]))[0] ?? unasked;
  }

  async function askedView(queueId: string, userId: string): Promise<ViewResult> {
    const opened = await lineOf(queueId);
    if (!opened) return { ok: false, reason: "NOT_FOUND" };
    return whileAsking(opened, userId, async () => {
      const fan = await attach(opened, userId);
      if (typeof fan === "number")
        return { ok: false, reason: fan === Code.noTicket ? "NO_TICKET" : "REBUILDING" };
      return { ok: true, view: seen(opened.line, await untilCommitted(opened.line, fan)) };
    });
  }

  return {
    gatewayId,
    streams,

    /**
     * @param code opens a priority lane; null joins the general one.
     * @param ticket a signed ticket of an earlier epoch; worth nothing if the journal knows it.
     */
    async join(
      queueId: string,
      userId: string,
      code: string | null,
      ticket: string | null = null,
    ): Promise<JoinOutcome> {
      const opened = await lineOf(queueId);
      if (!opened) return { ok: false, reason: "NOT_FOUND" };
      return whileAsking(opened, userId, async () => {
        const lost = ticket === null ? null : await lostTicket(opened.line, userId, ticket);
        const outcome = await joinOnce(queueId, userId, code === null ? "" : hashCode(code), lost);
        if (!outcome.ok) return { ok: false, reason: JOIN_REFUSALS[outcome.code] ?? "REBUILDING" };
        const fan = await inKnownLane(opened, opened.line.observe(userId, outcome.view));
        return {
          ok: true,
          isNew: outcome.isNew,
          view: seen(opened.line, await untilCommitted(opened.line, fan)),
        };
      });
    },

    /** No promise for a fan who waits and is known here: a crowd that polls is answered from memory, at once. */
    view(queueId: string, userId: string): ViewResult | Promise<ViewResult> {
      const line = lines.openedLine(queueId)?.line;
      const known = line?.fans.get(userId);
      const isFresh = line !== undefined && Date.now() - line.heardAt < FRESH_MS;
      return known && isFresh && known.state === "W" && known.number === 0
        ? { ok: true, view: seen(line, known) }
        : askedView(queueId, userId);
    },

    async claim(queueId: string, userId: string): Promise<ClaimOutcome> {
      const opened = await lineOf(queueId);
      if (!opened) return { ok: false, reason: "NOT_FOUND" };
      let claim = await store.claim(queueId, userId);
      if (claim.code === Code.uncommitted) {
        await heardOf(opened.line.fans.get(userId)?.ticketId ?? userId);
        claim = await store.claim(queueId, userId);
      }
      if (claim.code === Code.rebuilding) return { ok: false, reason: "REBUILDING" };
      if (claim.code === Code.noTicket) return { ok: false, reason: "NO_TICKET" };
      if (claim.code === Code.expired) return { ok: false, reason: "ADMISSION_EXPIRED" };
      if (claim.code !== Code.ok) return { ok: false, reason: "NOT_ADMITTED" };
      const { performanceId } = opened.line;
      const { ticketId, fence, endsMicros } = claim;
      // Rounded down: a pass must not outlive the session by the rest of a second.
      const expiresAt = Math.floor(endsMicros / 1_000_000);
      const signed =
        claim.pass || credentials.signPass(performanceId, { userId, ticketId, fence, expiresAt });
      const pass = claim.pass || (await store.keepPass(queueId, userId, ticketId, signed));
      if (pass === null) return { ok: false, reason: "ADMISSION_EXPIRED" };
      return {
        ok: true,
        pass,
        passExpiresAt: new Date(expiresAt * 1_000).toISOString(),
        fence,
        performanceId,
      };
    },

    async leave(queueId: string, userId: string): Promise<LeaveOutcome> {
      const opened = await lineOf(queueId);
      if (!opened) return { ok: false, reason: "NOT_FOUND" };
      const current = await store.attach(queueId, userId, "");
      if (!current.ok)
        return current.code === Code.noTicket ? { ok: true } : { ok: false, reason: "REBUILDING" };
      if (!isLive(current.view.state)) return { ok: true };
      if (current.view.state === "I") {
        const released = await deps.releaseHolds(userId, opened.line.performanceId, "left");
        if (!released.ok) return released;
      }
      const { code } = await store.leave(queueId, userId, current.view.ticketId, "left", {});
      if (code === Code.rebuilding) return { ok: false, reason: "REBUILDING" };
      const fan = opened.line.fans.get(userId);
      // Until the journal's word of it arrives, this gateway must not answer from memory that the fan still waits.
      if (fan) fan.state = "G";
      return { ok: true };
    },

    /** Opens the position stream of an account's ticket, whichever it is by now. @returns false when there is no such ticket any more. */
    async openStream(
      queueId: string,
      userId: string,
      stream: Stream,
      shown: ShownTicket | null = null,
    ): Promise<boolean> {
      const opened = await lineOf(queueId);
      if (!opened) return false;
      return whileAsking(opened, userId, async () => {
        const fan = await attach(opened, userId);
        if (typeof fan === "number") return false;
        const settled = await untilCommitted(opened.line, fan);
        if (stream.isOpen) streams.add(opened.line, settled, stream, shown);
        return true;
      });
    },

    close: (): void => lines.close(),
  };
}
