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
