/** Turns that were taken: the pass of each queue, for as long as this page lives. Asking again answers the same pass. */
import { callApi } from "./api.ts";

export interface Claim {
  readonly pass: string;
  readonly passExpiresAt: string;
  readonly performanceId: string;
}

/** Takes the fan's turn, or finds the pass of the turn taken before. @throws ApiError */
export function claimTurn(queueId: string): Promise<Claim> {
  return callApi<Claim>("POST", `/queues/${queueId}/tickets/me/claim`);
}
