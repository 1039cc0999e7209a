/** Machines whose clocks are wrong by ten minutes. A hold's deadline is judged by the database's clock alone. */
import { expect } from "chai";
import { type PrivateRedis, privateRedis } from "../platform/support.ts";
import { type Fan, type Hall, openWorld, type World } from "../reservations/world.ts";
import { eventually } from "../support/wait.ts";
import { type RoomProcess, startRoomProcess } from "./processes.ts";

const TEN_MINUTES_MS = 600_000;
const HOLD_SECONDS = 3;

describe("wrong clocks", function () {
  this.timeout(60_000);

  let redis: PrivateRedis;
  let world: World;
  let hall: Hall;
  let fan: Fan;
  const processes: RoomProcess[] = [];

  before(async () => {
    redis = await privateRedis();
    world = await openWorld({ redisUrl: redis.url });
  });
  beforeEach(async () => {
    hall = await world.makeHall({ rows: 1, seatsPerRow: 6, holdSeconds: HOLD_SECONDS });
    fan = await world.makeFan();
  });
  afterEach(async () => {
    await Promise.all(processes.splice(0).map((one) => one.kill()));
    await world.expectInvariants();
  });
  after(async () => {
    await world.close();
    await redis.remove();
  });

  async function start(clockOffsetMs: number, workers: boolean): Promise<RoomProcess> {
    const { databaseUrl, redisUrl } = world;
    const one = await startRoomProcess({ databaseUrl, redisUrl, clockOffsetMs, workers });
    processes.push(one);
    return one;
  }

  const cases: readonly [string, number, number][] = [
    [
      "the gateway's is behind and its jobs come at once, the worker's is ahead",
      -TEN_MINUTES_MS,
      TEN_MINUTES_MS,
    ],
    [
      "the gateway's is ahead and its jobs come late, the worker's is behind",
      TEN_MINUTES_MS,
      -TEN_MINUTES_MS,
    ],
  ];
  for (const [what, gatewayOffset, workerOffset] of cases) {
    it(`F3, F9, F10 · hold · ${what} · it ends at its deadline, not before and at most two seconds after`, async () => {
      const [gateway] = await Promise.all([start(gatewayOffset, false), start(workerOffset, true)]);
      const held = await gateway.hold(fan, hall, [0, 1]);
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
      expect(rows[0].held).to.equal(HOLD_SECONDS);
      expect(rows[0].late).to.be.within(0, 2);
    });
  }
});
