/** Machines whose clocks are wrong by ten minutes. A hold's deadline is judged by the database's clock alone. */
import { expect } from "chai";
import { privateRedis } from "../platform/support.ts";
import { openWorld } from "../reservations/world.ts";
import { eventually } from "../support/wait.ts";
import { startRoomProcess } from "./processes.ts";

const TEN_MINUTES_MS = 600_000;
const HOLD_SECONDS = 2;

interface Case {
  readonly what: string;
  readonly gatewayMs: number;
  readonly workerMs: number;
}

const CASES: readonly Case[] = [
  {
    what: "the gateway's is behind and its jobs come at once, the worker's is ahead",
    gatewayMs: -TEN_MINUTES_MS,
    workerMs: TEN_MINUTES_MS,
  },
  {
    what: "the gateway's is ahead and its jobs come late, the worker's is behind",
    gatewayMs: TEN_MINUTES_MS,
    workerMs: -TEN_MINUTES_MS,
  },
];

interface Told {
  /** Seconds from the hold to its deadline, and from there to its end, by the database's clock. */
  readonly held: number;
  readonly late: number;
}

describe("wrong clocks", function () {
  this.timeout(60_000);

  /** Side by side, each on stores of its own: they only wait. */
  let told: PromiseSettledResult<Told>[];
  before(async () => {
    told = await Promise.allSettled(CASES.map(holdOnce));
  });

  for (const [index, { what }] of CASES.entries()) {
    it(`F3, F9, F10 · hold · ${what} · it ends at its deadline, not before and at most two seconds after`, () => {
      const outcome = told[index] as PromiseSettledResult<Told>;
      if (outcome.status === "rejected") throw outcome.reason;
      expect(outcome.value.held).to.equal(HOLD_SECONDS);
      expect(outcome.value.late).to.be.within(0, 2);
    });
  }
});

/** One hold by a gateway and a worker whose clocks are wrong. */
async function holdOnce({ gatewayMs, workerMs }: Case): Promise<Told> {
  const redis = await privateRedis();
  const world = await openWorld({ redisUrl: redis.url });
  const { databaseUrl, redisUrl } = world;
  const processes = await Promise.all([
    startRoomProcess({ databaseUrl, redisUrl, clockOffsetMs: gatewayMs, workers: false }),
    startRoomProcess({ databaseUrl, redisUrl, clockOffsetMs: workerMs, workers: true }),
  ]);
  try {
    const hall = await world.makeHall({ rows: 1, seatsPerRow: 6, holdSeconds: HOLD_SECONDS });
    const held = await processes[0].hold(await world.makeFan(), hall, [0, 1]);
    expect(held.status, held.text).to.equal(201);
    await eventually(async () => (await world.letters(hall)) === "AAAAAA", {
      timeoutMs: 8_000,
      what: "the end of the hold",
    });
    const { rows } = await world.db.raw(
      `SELECT extract(epoch FROM r.expires_at - r.created_at)::float8 AS held,
              extract(epoch FROM h.at - r.expires_at)::float8 AS late
       FROM reservations r JOIN reservation_history h ON h.reservation_id = r.id AND h.to_status = 'EXPIRED'
       WHERE r.id = ?`,
      [held.body.id],
    );
    await world.expectInvariants();
    return rows[0];
  } finally {
    await Promise.all(processes.map((one) => one.kill()));
    await world.close();
    await redis.remove();
  }
}
