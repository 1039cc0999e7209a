/** The queue as the API tells of it; the documents are in /openapi.json. */

export type Phase =
  | "scheduled"
  | "lobby"
  | "drawing"
  | "open"
  | "paused"
  | "recovering"
  | "sold_out"
  | "closed";

export interface TurnLength {
  /** How long a turn waits to be taken. */
  readonly arrivalSeconds: number;
  /** How long it lasts from then on. */
  readonly sessionSeconds: number;
}

export interface NoticeTexts {
  readonly ko?: string;
  readonly en?: string;
}

export interface QueueStatus {
  readonly id: string;
  readonly performanceId: string;
  readonly phase: Phase;
  readonly lobbyOpensAt: string | null;
  readonly opensAt: string;
  readonly closesAt: string | null;
  readonly waiting: number;
  readonly limitedBy: string;
  readonly seatsLeft: number | null;
  readonly seatsHeld: number | null;
  readonly notice: NoticeTexts | null;
}

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

export interface Eta {
  readonly p50Seconds: number;
  readonly p90Seconds: number;
}

export interface TicketView {
  readonly ticketId: string;
  readonly queueId: string;
  readonly epoch: number;
  /** Signed; all that the position stream asks for. */
  readonly ticket: string;
  readonly lane: string;
  readonly state: TicketState;
  readonly position: number | null;
  readonly ahead: number | null;
  readonly waiting: number;
  readonly eta: Eta | null;
  readonly seatsLeft: number | null;
  readonly seatsHeld: number | null;
  readonly asOf: string;
  readonly pollAfterSeconds: number;
  readonly reconnectSpreadSeconds: number;
  readonly arriveBy: string | null;
  readonly passExpiresAt: string | null;
  readonly deferredUntil: string | null;
}

export interface PositionMessage {
  readonly type: "position";
  readonly epoch: number;
  readonly position: number | null;
  readonly ahead: number | null;
  readonly waiting: number;
  readonly eta: Eta | null;
  readonly seatsLeft: number | null;
  readonly asOf: string;
  readonly nextUpdateSeconds: number;
}

export type StreamMessage =
  | ({ readonly type: "state" } & TicketView)
  | PositionMessage
  | { readonly type: "admitted"; readonly arriveBy: string; readonly performanceId: string }
  | { readonly type: "notice"; readonly texts: NoticeTexts }
  | { readonly type: "paused" | "resumed" | "recovering" }
  | {
      readonly type: "ended";
      readonly reason: "sold_out" | "closed" | "removed" | "left" | "expired";
    };
