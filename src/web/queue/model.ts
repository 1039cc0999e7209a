/**
 * What a fan's page knows of a place in line, and how each thing it hears changes that. Pure: the connection stands in
 * line.ts, the drawing in page.tsx.
 */
import type { NoticeTexts, PositionMessage, QueueStatus, StreamMessage, TicketView } from "./types.ts";

/** `done`: the fan has bought, and the turn ended with that. */
export type EndReason = "sold_out" | "closed" | "removed" | "left" | "expired" | "done";

/** Why a ticket is over that could have gone on. */
export type ExpiryCause = "unclaimed" | "session" | "away" | "unknown";

export interface Place {
  /** Null until the first answer. */
  readonly status: QueueStatus | null;
  /** The newest view that was not older than the one before it; null: no place. */
  readonly ticket: TicketView | null;
  readonly ended: EndReason | null;
  readonly expiry: { readonly cause: ExpiryCause; readonly at: string | null } | null;
  readonly paused: boolean;
  readonly recovering: boolean;
  readonly notice: NoticeTexts | null;
}

export const NO_PLACE: Place = {
  status: null,
  ticket: null,
  ended: null,
  expiry: null,
  paused: false,
  recovering: false,
  notice: null,
};

const LIVE = new Set(["lobby", "waiting", "deferred", "admitted", "inside"]);
export const isLive = (ticket: TicketView | null): boolean => ticket !== null && LIVE.has(ticket.state);

const ENDS: Readonly<Record<string, EndReason>> = {
  left: "left",
  expired: "expired",
  removed: "removed",
  // Why is told by the message that follows, unless it was the fan's own doing.
  ended: "done",
};

/** The public facts of the queue, asked every now and then. */
export function withStatus(place: Place, status: QueueStatus): Place {
  const { phase } = status;
  const ended = phase === "sold_out" || phase === "closed" ? phase : null;
  const isOver = ended !== null && place.ticket?.state !== "inside" && place.ticket?.state !== "admitted";
  return {
    ...place,
    status,
    notice: status.notice,
    paused: phase === "paused",
    recovering: phase === "recovering",
    ended: place.ended ?? (isOver ? ended : null),
  };
}

/**
 * A whole ticket view. One that is older than what is known is dropped: answers may overtake each other.
 * A new ticket or a new epoch starts afresh.
 */
export function withTicket(place: Place, view: TicketView): Place {
  const known = place.ticket;
  const sameLine = known?.ticketId === view.ticketId && known.epoch === view.epoch;
  if (known && sameLine && view.state === known.state && view.asOf < known.asOf) return place;
  if (known && known.ticketId === view.ticketId && view.epoch < known.epoch) return place;
  const ended = isLive(view) ? null : (ENDS[view.state] ?? "left");
  return {
    ...place,
    ticket: sameLine ? neverWorse(known, view) : view,
    ended,
    expiry: ended === "expired" ? (place.expiry ?? causeOf(known)) : null,
    recovering: isLive(view) && view.position !== null ? false : place.recovering,
  };
}

export function withMessage(place: Place, message: StreamMessage): Place {
  switch (message.type) {
    case "state":
      return withTicket(place, message);
    case "position":
      return withPosition(place, message);
    case "admitted":
      return place.ticket ? { ...place, ticket: { ...place.ticket, arriveBy: message.arriveBy } } : place;
    case "notice":
      return { ...place, notice: message.texts };
    case "paused":
      return { ...place, paused: true };
    case "resumed":
      return { ...place, paused: false };
    case "recovering":
      return { ...place, recovering: true };
    case "ended":
      return {
        ...place,
        ended: message.reason === "left" && place.ended === "done" ? "done" : message.reason,
        expiry: message.reason === "expired" ? (place.expiry ?? causeOf(place.ticket)) : null,
      };
    default:
      return place; // of a newer server
  }
}

function withPosition(place: Place, message: PositionMessage): Place {
  const { ticket } = place;
  if (!ticket || ticket.epoch !== message.epoch || message.asOf < ticket.asOf) return place;
  const { position, ahead, waiting, eta, seatsLeft, asOf } = message;
  const view = { ...ticket, position, ahead, waiting, eta, seatsLeft, asOf };
  return { ...place, ticket: neverWorse(ticket, view), recovering: position === null && place.recovering };
}

/** The server never tells a worse place within a ticket, a lane and an epoch; should it, the better one stands. */
function neverWorse(known: TicketView, view: TicketView): TicketView {
  const isWorse =
    known.lane === view.lane &&
    known.state === "waiting" &&
    view.state === "waiting" &&
    known.ahead !== null &&
    view.ahead !== null &&
    view.ahead > known.ahead;
  return isWorse ? { ...view, ahead: known.ahead, position: known.position } : view;
}

function causeOf(known: TicketView | null): NonNullable<Place["expiry"]> {
  if (known?.state === "admitted") return { cause: "unclaimed", at: known.arriveBy };
  if (known?.state === "inside") return { cause: "session", at: known.passExpiresAt };
  if (known?.state === "deferred") return { cause: "away", at: known.deferredUntil };
  return { cause: "unknown", at: null };
}

// What is said ------------------------------------------------------------------------------------------------------

export type Announcement =
  | { readonly what: "ahead"; readonly ahead: number }
  | { readonly what: "half" | "next" | "turn" | "paused" | "resumed" | "ended" | "lobby_over" };

const STEPS = [1_000, 100, 10];

/**
 * What a screen reader should hear of the way from one state to the next; null for the small steps between.
 * @param startedAt how many were ahead when this page first knew.
 */
export function announcementOf(before: Place, after: Place, startedAt: number | null): Announcement | null {
  const [old, now] = [before.ticket, after.ticket];
  if (after.ended && !before.ended) return { what: "ended" };
  if (now?.state === "admitted" && old?.state !== "admitted") return { what: "turn" };
  if (before.paused !== after.paused && isLive(now) && before.status)
    return { what: after.paused ? "paused" : "resumed" };
  if (!now || !old || now.ahead === null) return null;
  if (old.state === "lobby" && now.state === "waiting") return { what: "lobby_over" };
  if (old.ahead === null) return null;
  const passed = (step: number) => (old.ahead as number) > step && (now.ahead as number) <= step;
  if (passed(0)) return { what: "next" };
  const step = STEPS.findLast(passed);
  if (step !== undefined) return { what: "ahead", ahead: now.ahead };
  if (startedAt !== null && startedAt >= 20 && passed(Math.floor(startedAt / 2))) return { what: "half" };
  return null;
}
