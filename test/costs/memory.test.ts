import { expect } from "chai";
import { Redis } from "ioredis";
import { KEY_NAMES, keyOf } from "../../src/queue/keys.ts";
import { newFan, type OpenQueue, openHouse, type QueueHouse } from "../queue/support.ts";
import { testServers } from "../support/servers.ts";
import { eventually } from "../support/wait.ts";

const FANS = 10_000;
const JOINS_AT_ONCE = 100;
/** Times what the same members take in a bare sorted set. */
const LIMIT = 3;

describe("D7 · Redis memory a waiting fan", () => {
  let house: QueueHouse;
  let gateway: OpenQueue;
  let redis: Redis;

  before(async () => {
    redis = new Redis((await testServers()).redisUrl);
    house = await openHouse();
    gateway = await house.openQueue();
  });
  after(async () => {
    redis.disconnect();
    await gateway.close();
    await house.close();
  });

  async function bytesOf(keys: readonly string[]): Promise<number> {
    const sizes = await Promise.all(keys.map((key) => redis.memory("USAGE", key, "SAMPLES", 0)));
    return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  }

  it("10,000 fans who joined · all keys of their queue · at most three times a bare sorted set", async function () {
    this.timeout(120_000);
    const { queueId } = await house.newQueue({ maxActive: 1, ratePerMinute: 1, arrivalSeconds: 3_600 });
    const fans = Array.from({ length: FANS + 1 }, newFan);
    for (let start = 0; start <= FANS; start += JOINS_AT_ONCE)
      await Promise.all(
        fans.slice(start, start + JOINS_AT_ONCE).map((fan) => gateway.queue.room.join(queueId, fan, null)),
      );
    // What only waits for the journal is gone once it is there.
    gateway.startWorker();
    await eventually(async () => (await redis.xlen(keyOf(queueId, "events"))) < 10, {
      timeoutMs: 60_000,
      what: "the joins in the journal",
    });
    const bare = `bare:${queueId}`;
    await redis.zadd(bare, ...fans.flatMap((fan, index) => [index * 1_000_000, fan]));
    const [ours, floor] = [
      await bytesOf(KEY_NAMES.map((name) => keyOf(queueId, name))),
      await bytesOf([bare]),
    ];
    await redis.unlink(bare);
    expect(
      ours / floor,
      `${Math.round(ours / FANS)} bytes a fan against ${Math.round(floor / FANS)}`,
    ).to.be.at.most(LIMIT);
  });
});
