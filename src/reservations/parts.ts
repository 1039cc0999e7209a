/** What the use cases of the room share, made once. */
import type { KeyObject } from "node:crypto";
import type { Announcements } from "./announcements.ts";
import type { SeatFeed } from "./feed.ts";
import type { Idempotency } from "./idempotency.ts";
import type { Pictures } from "./picture.ts";
import type { ReservationsDeps } from "./ports.ts";
import type { Releases } from "./releases.ts";
import type { Store } from "./store.ts";

export interface Parts extends Omit<ReservationsDeps, "metrics" | "admissionCodeKey"> {
  readonly metrics: ReservationsDeps["metrics"]["reservations"];
  readonly codeKey: KeyObject;
  readonly store: Store;
  readonly idempotency: Idempotency;
  readonly announcements: Announcements;
  readonly feed: SeatFeed;
  readonly pictures: Pictures;
  readonly releases: Releases;
}
