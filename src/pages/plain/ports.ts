/** What the pages without script need of other rooms; each fits by shape. */
import type { PageSessions } from "../../auth/index.ts";
import type { EventView } from "../../catalog/index.ts";
import type { QueueStatus, TicketView } from "../../queue/index.ts";
import type { BuiltPages } from "../built.ts";
import type { About, PageEvent } from "../events.ts";

type Outcome<More, Reason extends string = string> =
  | ({ readonly ok: true } & More)
  | { readonly ok: false; readonly reason: Reason };

export interface QueuePort {
  readonly room: {
    join(
      queueId: string,
      userId: string,
      code: string | null,
    ): Promise<Outcome<{ readonly view: TicketView }>>;
    view(
      queueId: string,
      userId: string,
    ): Outcome<{ readonly view: TicketView }> | Promise<Outcome<{ readonly view: TicketView }>>;
    claim(queueId: string, userId: string): Promise<Outcome<{ readonly passExpiresAt: string }>>;
    leave(queueId: string, userId: string): Promise<Outcome<object>>;
  };
  status(queueId: string): Promise<QueueStatus | null>;
  turn(queueId: string): Promise<{ readonly arrivalSeconds: number; readonly sessionSeconds: number } | null>;
}

export interface PlainDeps {
  readonly built: BuiltPages;
  findEvent(about: About, id: string): Promise<PageEvent | null>;
  /** Newest first. */
  listEvents(limit: number): Promise<readonly EventView[]>;
  readonly queue: QueuePort;
  readonly sessions: PageSessions;
}
