/**
 * One PostgreSQL and one Redis for a run of the tests, each started when a test first asks for it.
 *
 * TEST_DATABASE_URL and TEST_REDIS_URL name servers to use instead; the first must be allowed to make databases.
 * Tests keep apart by a database each and by keys under random ids.
 */
import { randomBytes } from "node:crypto";
import path from "node:path";
import pg from "pg";
import { removePlace, temporaryPlace } from "../../scripts/local/places.ts";
import { startPostgres } from "../../scripts/local/postgres.ts";
import { createDatabase, dropDatabase } from "../../scripts/local/postgres-databases.ts";
import { startRedis } from "../../scripts/local/redis.ts";

export interface TestDatabase {
  readonly url: string;
  /** Fails when a connection to it is still open: some test did not close what it opened. */
  drop(): Promise<void>;
}

export interface TestServers {
  readonly redisUrl: string;
  readonly redisPort: number;
  /** A fresh database with the whole schema, in some 40 ms. */
  createDatabase(): Promise<TestDatabase>;
}

/** Once per run; kept as a promise, so that two who ask at once get the same. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

const closings: (() => Promise<unknown>)[] = [];

const place = once(async () => {
  const dir = await temporaryPlace("test");
  closings.unshift(() => removePlace(dir));
  return dir;
});

const redisUrl = once(async () => {
  if (process.env.TEST_REDIS_URL) return process.env.TEST_REDIS_URL;
  const redis = await startRedis({ dir: path.join(await place(), "redis"), durable: false });
  closings.push(redis.stop);
  return redis.url;
});

const adminUrl = once(async () => {
  if (process.env.TEST_DATABASE_URL) return process.env.TEST_DATABASE_URL;
  const postgres = await startPostgres({ dir: path.join(await place(), "postgres"), durable: false });
  closings.push(postgres.stop);
  return postgres.adminUrl;
});

/** Migrated once; a copy costs a fraction of the migrations. */
const template = once(async () => {
  const { migrate } = await import("../../src/migrations/index.ts");
  const admin = await adminUrl();
  const name = randomName("template");
  closings.push(() => dropDatabase(admin, name));
  await migrate(await createDatabase(admin, name));
  return name;
});

/** The servers of this run; call it in a `before` hook. */
export async function testServers(): Promise<TestServers> {
  const url = await redisUrl();
  return { redisUrl: url, redisPort: Number(new URL(url).port || 6379), createDatabase: createTestDatabase };
}

/** Ends what this run started; for the root hooks. */
export async function stopTestServers(): Promise<void> {
  for (const close of closings.splice(0).reverse()) await close();
}

async function createTestDatabase(): Promise<TestDatabase> {
  const admin = await adminUrl();
  const name = randomName("test");
  const url = await createDatabase(admin, name, await template());
  return { url, drop: () => dropUnused(admin, name) };
}

function randomName(kind: string): string {
  return `fastpass_${kind}_${randomBytes(6).toString("hex")}`;
}

/** PostgreSQL itself waits some seconds for connections that are just closing. */
async function dropUnused(admin: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: admin });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query(`DROP DATABASE ${client.escapeIdentifier(name)}`);
  } catch (error) {
    const open = await client.query(
      "SELECT application_name, query FROM pg_stat_activity WHERE datname = $1",
      [name],
    );
    await dropDatabase(admin, name);
    const who = open.rows.map((row) => `${row.application_name || "unnamed"}: ${row.query}`).join("; ");
    throw new Error(`the test left a connection to its database open (${who})`, { cause: error });
  } finally {
    await client.end();
  }
}
