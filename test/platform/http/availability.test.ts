import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import type { Knex } from "knex";
import request from "supertest";
import type { Problem } from "../../../src/platform/errors.ts";
import {
  type Availability,
  unavailable,
  watchAvailability,
} from "../../../src/platform/http/availability.ts";
import { isDatabaseAway, openDatabase } from "../../../src/platform/postgres.ts";
import { closeRedis, isRedisAway, openRedis, type RedisClient } from "../../../src/platform/redis.ts";
import { type TestDatabase, testServers } from "../../support/servers.ts";
import { eventually } from "../../support/wait.ts";
import {
  type PrivateRedis,
  privateRedis,
  recordingLogger,
  standStill,
  type TcpProxy,
  tcpProxy,
} from "../support.ts";
import { echo, type Served, serve } from "./harness.ts";

/** As in earnest, only sooner. */
const SOON = { pingEveryMs: 150, pingTimeoutMs: 400, patienceMs: 400 };

describe("availability", () => {
  let redisServer: PrivateRedis;
  let database: TestDatabase;
  let proxy: TcpProxy;
  let redis: RedisClient;
  let db: Knex;
  let availability: Availability;
  let served: Served;

  before(async () => {
    database = await (await testServers()).createDatabase();
    redisServer = await privateRedis();
    redis = await openRedis(redisServer.settings, recordingLogger());
    const url = new URL(database.url);
    proxy = await tcpProxy(Number(url.port));
    url.port = String(proxy.port);
    db = openDatabase(url.href, 4, "availability-test");
    // A first connection may take longer than a ping may.
    await db.raw("SELECT 1");
    availability = watchAvailability({ database: () => db.raw("SELECT 1"), queue: () => redis.ping() }, SOON);
    served = await serve({
      availability,
      classifyFault: (fault) =>
        isDatabaseAway(fault)
          ? unavailable("database", fault)
          : isRedisAway(fault)
            ? unavailable("queue", fault)
            : null,
      routes: [
        echo({
          method: "get",
          path: "/redis",
          handler: async () => ({ status: 200, body: await redis.ping() }),
        }),
        echo({
          method: "get",
          path: "/postgres",
          handler: async () => ({ status: 200, body: (await db.raw("SELECT 1 AS one")).rows }),
        }),
        echo({ method: "get", path: "/memory", handler: () => ({ status: 200, body: "from memory" }) }),
      ],
    });
  });

  after(async () => {
    redisServer.goOn();
    await served.close();
    availability.stop();
    await closeRedis(redis);
    await db.destroy();
    await proxy.close();
    await database.drop();
    await redisServer.remove();
  });

  const get = (path: string) => request(served.url).get(path);

  it("with both stores there · everything is answered", async () => {
    const all = async () => Object.values(await availability.check()).every(Boolean);
    await eventually(async () => (await all()) && availability.failing() === null, { what: "pings in time" });
    for (const path of ["/redis", "/postgres", "/memory"]) expect((await get(path)).status).to.equal(200);
  });

  it("this process stood still while a ping was answered · nobody is refused for it", async () => {
    // A watch of its own that asks when it is told to, as patient as in earnest.
    const watch = watchAvailability(
      { database: () => db.raw("SELECT 1"), queue: () => redis.ping() },
      { pingEveryMs: 60_000, pingTimeoutMs: 1_000, patienceMs: 1_000 },
    );
    try {
      const waiting = watch.race(new Promise((resolve) => setTimeout(resolve, 2_000, "answered")));
      const asked = watch.check();
      // Longer than any time after which somebody is given up: timers that are due run before anything is read.
      await standStill(1_700);
      expect(await asked).to.deep.equal({ database: true, queue: true });
      expect(await waiting).to.equal("answered");
    } finally {
      watch.stop();
    }
  });

  it("Redis stopped · 503 with Retry-After; the rest goes on; on its return so does Redis", async () => {
    await redisServer.stop();
    const refused = await get("/redis");
    expect([refused.status, refused.body.code]).to.deep.equal([503, "QUEUE_UNAVAILABLE"]);
    expect(Number(refused.headers["retry-after"])).to.be.at.least(1);
    expect(await availability.check()).to.deep.equal({ database: true, queue: false });
    expect(availability.failing()).to.equal("queue");
    expect((await get("/postgres")).status).to.equal(200);
    expect((await get("/memory")).status).to.equal(200);

    await redisServer.restart();
    await eventually(async () => (await get("/redis")).status === 200, { what: "an answer of Redis" });
    await eventually(async () => (await availability.check()).queue, { what: "its pings" });
  });

  it("Redis hanging · requests that wait are answered 503, those that need only PostgreSQL are not", async () => {
    redisServer.hang();
    const [waiting, other] = await Promise.all([get("/redis"), get("/postgres")]);
    expect([waiting.status, waiting.body.code]).to.deep.equal([503, "QUEUE_UNAVAILABLE"]);
    expect(other.status).to.equal(200);
    const later = await get("/redis");
    expect(later.status).to.equal(503);

    redisServer.goOn();
    await eventually(async () => (await get("/redis")).status === 200, { what: "an answer of Redis" });
    await eventually(async () => (await availability.check()).queue, { what: "its pings" });
  });

  it("PostgreSQL hanging · a first connection is given up by itself", async () => {
    proxy.hang();
    const url = new URL(database.url);
    url.port = String(proxy.port);
    const fresh = openDatabase(url.href, 1, "availability-test");
    const fault = await fresh.raw("SELECT 1").catch((error: Error) => error);
    proxy.goOn();
    await fresh.destroy();
    expect(fault).to.have.property("message", "timeout expired");
    expect(isDatabaseAway(fault)).to.equal(true);
    await eventually(async () => (await availability.check()).database, { what: "the pings of the others" });
  });

  it("PostgreSQL hanging · every request that waits is answered 503, and on its return all is well", async () => {
    proxy.hang();
    // More than the pool has connections: the last ones wait for one.
    const waiting = await Promise.all(Array.from({ length: 8 }, () => get("/postgres")));
    expect(waiting.map(({ body }) => body.code)).to.deep.equal(Array(8).fill("DATABASE_UNAVAILABLE"));
    expect((await get("/redis")).status).to.equal(200);
    expect((await get("/postgres")).body.code).to.equal("DATABASE_UNAVAILABLE");

    proxy.goOn();
    await eventually(async () => (await get("/postgres")).status === 200, {
      what: "an answer of PostgreSQL",
    });
    await eventually(async () => (await availability.check()).database, { what: "its pings" });
  });

  it("PostgreSQL refusing connections · 503 with Retry-After", async () => {
    const away = openDatabase("postgres://nobody:none@127.0.0.1:1/none", 2, "away");
    const fault = await away.raw("SELECT 1").then(
      () => null,
      (cause: unknown) => cause,
    );
    await away.destroy();
    expect(isDatabaseAway(fault)).to.equal(true);
    expect(unavailable("database", fault).retryAfterSeconds).to.be.at.least(1);
  });

  it("a server that ends our connection · is away, and soon there is a new one", async () => {
    const other = openDatabase(database.url, 1, "availability-admin");
    const hit = db.raw("SELECT pg_sleep(30)").then(
      () => null,
      (cause: unknown) => cause,
    );
    const end =
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query = 'SELECT pg_sleep(30)'";
    await eventually(async () => (await other.raw(end)).rowCount === 1, { what: "the query to end" });
    await other.destroy();
    expect(isDatabaseAway(await hit)).to.equal(true);
    await eventually(async () => (await get("/postgres")).status === 200, {
      what: "an answer of PostgreSQL",
    });
  });
});

describe("availability · without stores", () => {
  /** A store that answers until it is told not to. */
  function store() {
    const waiting: (() => void)[] = [];
    let hanging = false;
    return {
      pings: 0,
      ping(): Promise<void> {
        this.pings += 1;
        return hanging ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve();
      },
      hang() {
        hanging = true;
      },
      goOn() {
        hanging = false;
        for (const answer of waiting.splice(0)) answer();
      },
    };
  }
  const never = () => new Promise<never>(() => undefined);
  const outcome = (work: Promise<unknown>) =>
    work.then(
      () => "answered",
      (problem: Problem) => problem.code,
    );

  it("work that takes longer than a ping may · while both stores answer · is waited for", async () => {
    const [postgres, redis] = [store(), store()];
    const availability = watchAvailability(
      { database: () => postgres.ping(), queue: () => redis.ping() },
      SOON,
    );
    expect(await outcome(availability.race(sleep(2 * SOON.patienceMs)))).to.equal("answered");
    expect(Math.min(postgres.pings, redis.pings)).to.be.above(0);
    availability.stop();
  });

  it("work that never ends · while PostgreSQL hangs · is refused, whether it began before or after", async () => {
    const postgres = store();
    const availability = watchAvailability(
      { database: () => postgres.ping(), queue: async () => undefined },
      SOON,
    );
    postgres.hang();
    const before = outcome(availability.race(never()));
    await eventually(() => availability.failing() === "database", { what: "the ping's failure" });
    const after = outcome(availability.race(never()));
    expect(await Promise.all([before, after])).to.deep.equal([
      "DATABASE_UNAVAILABLE",
      "DATABASE_UNAVAILABLE",
    ]);

    postgres.goOn();
    await eventually(() => availability.failing() === null, { what: "its return" });
    availability.stop();
  });

  it("a ping that hangs · is not sent again beside itself", async () => {
    const postgres = store();
    const availability = watchAvailability(
      { database: () => postgres.ping(), queue: async () => undefined },
      SOON,
    );
    postgres.hang();
    for (let round = 0; round < 3; round += 1) expect((await availability.check()).database).to.equal(false);
    expect(postgres.pings).to.equal(1);
    postgres.goOn();
    availability.stop();
  });

  it("many who check at once · share one round of pings", async () => {
    const postgres = store();
    const availability = watchAvailability(
      { database: () => postgres.ping(), queue: async () => undefined },
      SOON,
    );
    await Promise.all(Array.from({ length: 50 }, () => availability.check()));
    expect(postgres.pings).to.equal(1);
    availability.stop();
  });

  it("a ping that throws at once · counts as no answer and hurts nobody", async () => {
    const availability = watchAvailability({
      database: () => {
        throw new Error("no pool");
      },
      queue: async () => undefined,
    });
    expect(await availability.check()).to.deep.equal({ database: false, queue: true });
    availability.stop();
  });

  it("work that ends · whichever way · ends so for its caller", async () => {
    const availability = watchAvailability({ database: async () => undefined, queue: async () => undefined });
    expect(await availability.race(Promise.resolve(7))).to.equal(7);
    expect(
      await outcome(availability.race(Promise.reject(Object.assign(new Error(), { code: "X" })))),
    ).to.equal("X");
    availability.stop();
  });
});
