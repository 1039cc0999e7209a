/**
 * A Redis database number of its own, because the keys of BullMQ and the accounts are the same in every house.
 *
 * A number is claimed in database 0, so that two runs on one server do not empty each other's.
 */
import { Redis } from "ioredis";

export interface RedisNumber {
  readonly url: string;
  release(): Promise<void>;
}

const NUMBERS = 15;
const CLAIM_SECONDS = 900;

export async function claimRedisNumber(serverUrl: string): Promise<RedisNumber> {
  const redis = new Redis(serverUrl, { maxRetriesPerRequest: 1 });
  for (let number = 1; number <= NUMBERS; number += 1) {
    const claim = `fastpass-test:claimed:${number}`;
    if (!(await redis.set(claim, process.pid, "EX", CLAIM_SECONDS, "NX"))) continue;
    const url = new URL(serverUrl);
    url.pathname = `/${number}`;
    await emptied(redis, number);
    return {
      url: url.href,
      async release() {
        await emptied(redis, number);
        await redis.del(claim);
        redis.disconnect();
      },
    };
  }
  redis.disconnect();
  throw new Error(`all ${NUMBERS} database numbers of ${serverUrl} are in use by other tests`);
}

async function emptied(redis: Redis, number: number): Promise<void> {
  await redis.select(number);
  await redis.flushdb();
  await redis.select(0);
}
