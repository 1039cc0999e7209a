/**
 * The operator's room: putting performances on sale, steering their queues, and the record of who did what.
 *
 * It decides nothing about lines or seats itself. Each change is made by the room that owns it, inside a
 * transaction opened here, and its audit entry is committed with it; what lives in Redis is told after the commit.
 */
import type { Principal, Route } from "../platform/http/route.ts";
import type { Logger } from "../platform/logger.ts";
import type { Database } from "../platform/postgres.ts";
import type { StreamRoute } from "../platform/sockets/index.ts";
import { createAuditLog } from "./audit.ts";
import { createCancellations } from "./cancellations.ts";
import { createCheckIns } from "./check-ins.ts";
import type { AuthPort, CatalogPort, PaymentsPort, QueuePort, ReservationsPort } from "./ports.ts";
import { createProductions } from "./productions.ts";
import { createQueueControls } from "./queue-controls.ts";
import { cancellationRoutes } from "./routes/cancellations.ts";
import { checkInRoutes } from "./routes/check-ins.ts";
import { paymentRoutes } from "./routes/payments.ts";
import { productionRoutes } from "./routes/productions.ts";
import { queueRoutes } from "./routes/queues.ts";
import { recordRoutes } from "./routes/records.ts";
import { seatRoutes } from "./routes/seats.ts";
import { ticketRoutes } from "./routes/tickets.ts";
import { createSeatControls } from "./seat-controls.ts";
import { createStatistics } from "./statistics.ts";
import { createStatsStream } from "./stats-stream.ts";
import { createTicketControls } from "./ticket-controls.ts";

export type {
  AuthPort,
  CancellationsPort,
  CatalogPort,
  ControlChange,
  NoticeTexts,
  PaymentsPort,
  QueuePort,
  QueueRecord,
  QueueStats,
  ReservationsPort,
  SeatActivity,
  SeatBlockOutcome,
  SettingsChange,
  TicketOutcome,
} from "./ports.ts";

export interface OperatorDeps {
  readonly db: Database;
  readonly log: Logger;
  /** False: durations may start from 5 seconds. */
  readonly limits: boolean;
  readonly auth: AuthPort;
  readonly catalog: CatalogPort;
  readonly reservations: ReservationsPort;
  readonly queue: QueuePort;
  readonly payments: PaymentsPort;
  /** Milliseconds between messages of the live figures; shortened by tests. */
  readonly statsEveryMs?: number;
}

export interface Operator {
  readonly routes: Route[];
  readonly sockets: StreamRoute[];
  /** Stops the live figures. */
  close(): void;
}

export function createOperator(deps: OperatorDeps): Operator {
  const { db, log, limits, auth, catalog, reservations, queue } = deps;
  const audit = createAuditLog(db);
  const statistics = createStatistics(queue, reservations);
  const stream = createStatsStream({ log, auth, statistics, everyMs: deps.statsEveryMs });

  async function actorOf({ userId }: Principal) {
    return { id: userId, name: (await auth.nameOf(userId)) ?? "deleted account" };
  }

  return {
    routes: [
      ...productionRoutes(
        createProductions({ db, log, audit, catalog, reservations, queue }),
        actorOf,
        limits,
      ),
      ...queueRoutes(createQueueControls({ db, log, audit, queue }), statistics, actorOf, limits),
      ...ticketRoutes(createTicketControls({ db, audit, queue }), actorOf),
      ...seatRoutes(createSeatControls({ db, audit, catalog, reservations }), actorOf),
      ...cancellationRoutes(
        createCancellations({ db, log, audit, catalog, queue, cancellations: deps.payments.cancellations }),
        actorOf,
      ),
      ...paymentRoutes(deps.payments),
      ...checkInRoutes(createCheckIns({ db, audit, catalog, reservations }), actorOf),
      ...recordRoutes(audit, auth),
    ],
    sockets: [stream.route],
    close: stream.close,
  };
}
