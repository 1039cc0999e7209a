/** Makes holds by the thousand, and lets them all end at one instant with their jobs in the queue. */
import { createSecretKey, randomBytes } from "node:crypto";
import { createAuth } from "../../../src/auth/index.ts";
import { createCatalog } from "../../../src/catalog/index.ts";
import { loadConfig } from "../../../src/config.ts";
import { openPlatform } from "../../../src/platform/index.ts";
import { openJobQueue } from "../../../src/platform/jobs.ts";
import { createReleaser } from "../../../src/platform/releaser.ts";
import {
  createReservations,
  HOLD_EXPIRY_QUEUE,
  type HoldExpiryJob,
} from "../../../src/reservations/index.ts";
import { answerQuestions } from "../frame/child.ts";

interface Order {
  readonly performanceId: string;
  readonly userIds: readonly string[];
  /** One hold each, by the fans in turn. */
  readonly ordinals: readonly number[];
  /** From now on. */
  readonly endInMs: number;
}

const AT_ONCE = 8;

async function open() {
  const config = loadConfig(process.env);
  const platform = await openPlatform(config, "bench", createReleaser());
  const { db, redis, log, metrics, locks } = platform;
  const catalog = createCatalog({
    db,
    log,
    counts: async () => ({ available: 0, held: 0, occupied: 0, blocked: 0 }),
  });
  const reservations = createReservations({
    db,
    log,
    metrics,
    locks,
    catalog,
    fans: createAuth({ db, redis, config, log, metrics }),
    // Their jobs are added below, when it is known when they end.
    jobs: { add: async () => undefined },
    // Everybody may hold: the queue has no part in what is measured.
    admission: {
      verifyPass: (userId) => ({ ok: true, userId, ticketId: userId, fence: 1 }),
      useSlot: async () => ({ ok: true }),
      holdTried: () => undefined,
      holdsChanged: async () => ({ removed: false }),
      endSession: async () => undefined,
    },
    admissionCodeKey: createSecretKey(randomBytes(32)),
  });
  return { db, catalog, reservations, jobs: openJobQueue<HoldExpiryJob>(HOLD_EXPIRY_QUEUE, config, log) };
}

const opened = open();

async function hold({ performanceId, userIds, ordinals }: Order): Promise<void> {
  const { catalog, reservations } = await opened;
  const map = await catalog.seatMap(performanceId);
  const left = [...ordinals.entries()];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = left.pop(); next; next = left.pop()) {
        const [index, ordinal] = next;
        const userId = userIds[index % userIds.length] as string;
        const wanted = { seatIds: [map?.ids[ordinal] as string] };
        const outcome = await reservations.hold({ userId, performanceId, pass: userId, wanted, claim: null });
        if (!outcome.ok) throw new Error(`a hold was refused: ${outcome.reason}`);
      }
    }),
  );
  await reservations.close();
}

/** @returns how many end then. */
async function endTogether({ performanceId, endInMs }: Order): Promise<number> {
  const { db, jobs } = await opened;
  const { rows } = await db.raw(
    `UPDATE reservations SET expires_at = clock_timestamp() + make_interval(secs => ?)
     WHERE performance_id = ? AND status = 'HELD' RETURNING id, expires_at`,
    [endInMs / 1_000, performanceId],
  );
  // Each row got a clock of its own; the first one's is for all.
  const endsAt: Date = rows[0].expires_at;
  await db.raw("UPDATE reservations SET expires_at = ? WHERE performance_id = ? AND status = 'HELD'", [
    endsAt,
    performanceId,
  ]);
  await Promise.all(
    rows.map(({ id }: { id: string }) =>
      jobs.add(`hold-${id}`, { reservationId: id }, endsAt.getTime() - Date.now()),
    ),
  );
  return rows.length;
}

answerQuestions({
  async "hold and end together"(order: Order): Promise<number> {
    await hold(order);
    return endTogether(order);
  },
});
