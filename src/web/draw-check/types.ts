/** The draw as the API tells of it; the documents are in /openapi.json. */
import type { PlaceProof, PublishedDraw } from "./verify.ts";

export interface Draw extends PublishedDraw {
  readonly queueId: string;
  readonly committedAt: string;
  readonly listedAt: string | null;
  readonly publishedAt: string | null;
  readonly beacon: {
    /** An address, or `file`. */
    readonly source: string;
    readonly before: string | null;
    readonly value: string | null;
    readonly settledAt: string | null;
  } | null;
}

export interface Proof extends PlaceProof {
  readonly place: number | null;
}
