/** What one fan saw of one ticket: the material of the checks. Times are milliseconds since 1970. */

export type TicketState =
  | "lobby"
  | "waiting"
  | "deferred"
  | "admitted"
  | "inside"
  | "left"
  | "expired"
  | "removed"
  | "ended";

/** The ticket view, as far as fans here read it. */
export interface TicketView {
  readonly ticketId: string;
  readonly queueId: string;
  readonly epoch: number;
  readonly ticket: string;
  readonly lane: string;
  readonly state: TicketState;
  readonly sequence: number;
  readonly position: number | null;
  readonly asOf: string;
  readonly seatsLeft: number | null;
  readonly pollAfterSeconds: number;
  readonly reconnectSpreadSeconds: number;
  readonly arriveBy: string | null;
}

export interface Sighting {
  readonly epoch: number;
  readonly position: number;
  /** The tick that the position was true at. */
  readonly asOf: number;
}

/** How a ticket ended, as the fan was told or did it; `sold_out` also by a refused join. */
export type End = "bought" | "sold_out" | "closed" | "removed" | "left" | "expired";

export interface TicketStory {
  readonly userId: string;
  readonly ticketId: string;
  readonly lane: string;
  readonly sequence: number;
  readonly joinedAt: number;
  /** Every position that was shown, in the order of arrival, those that a client drops as outdated left out. */
  readonly sightings: Sighting[];
  /** When the place was followed by an open socket. */
  readonly present: { readonly from: number; to: number }[];
  /** By the server's clock: the tick that admitted. */
  admittedAt: number | null;
  /** Told by the admission itself; a view of it that was taken later, after a pause, shows a later deadline. */
  admittedExactly: boolean;
  claimedAt: number | null;
  /** Of the pass that was claimed. */
  fence: number | null;
  /** The fan left, or said so by not coming: no end needs to be told. */
  leftAt: number | null;
  bought: boolean;
  /** What the fan was told, and when. */
  told: { readonly end: Exclude<End, "bought">; readonly at: number } | null;
  /** Shown by a view but without a reason; also an answer for who polls. */
  lastState: TicketState;
  heardPause: boolean;
  heardNotice: boolean;
}

export function newStory(userId: string, view: TicketView, joinedAt: number): TicketStory {
  return {
    userId,
    ticketId: view.ticketId,
    lane: view.lane,
    sequence: view.sequence,
    joinedAt,
    sightings: [],
    present: [],
    admittedAt: null,
    admittedExactly: false,
    claimedAt: null,
    fence: null,
    leftAt: null,
    bought: false,
    told: null,
    lastState: view.state,
    heardPause: false,
    heardNotice: false,
  };
}

/** A fault that a fan saw with own eyes, for a check to tell. */
export interface Complaint {
  readonly check: string;
  readonly detail: string;
}
