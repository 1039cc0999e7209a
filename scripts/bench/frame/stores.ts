/**
 * Private PostgreSQL and Redis for a run, as a production would set them: what is committed is on the disk, and Redis
 * writes its append-only file. Each benchmark gets a Redis and a database of its own.
 */
import { randomBytes } from "node:crypto";
import path from "node:path";
import { migrate } from "../../../src/migrations/index.ts";
import { removePlace, temporaryPlace } from "../../local/places.ts";
import { type RunningPostgres, startPostgres } from "../../local/postgres.ts";
import { startRedis } from "../../local/redis.ts";

export interface Stores {
  /** A fresh Redis of this benchmark. @returns its URL. */
  redis(): Promise<string>;
  /** A fresh database with the whole schema. @returns its URL. */
  database(): Promise<string>;
  /** A folder for files of the run. */
  readonly place: string;
}

export interface OwnStores extends Stores {
  /** Takes down what was made since the last time, but PostgreSQL itself. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export async function openStores(): Promise<OwnStores> {
  const place = await temporaryPlace("bench");
  const made: (() => Promise<void>)[] = [];
  let postgres: RunningPostgres | null = null;
  let count = 0;

  async function clear(): Promise<void> {
    for (const remove of made.splice(0).reverse()) await remove();
  }

  return {
    place,
    clear,
    async redis() {
      count += 1;
      const redis = await startRedis({ dir: path.join(place, `redis-${count}`), durable: true });
      made.push(() => redis.stop());
      return redis.url;
    },
    async database() {
      postgres ??= await startPostgres({ dir: path.join(place, "postgres"), durable: true });
      const name = `bench_${randomBytes(6).toString("hex")}`;
      const url = await postgres.createDatabase(name);
      made.push(async () => postgres?.dropDatabase(name));
      await migrate(url);
      return url;
    },
    async close() {
      await clear();
      await postgres?.stop();
      await removePlace(place);
    },
  };
}
