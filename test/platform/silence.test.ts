/** Stores that say nothing any more, on connections that stay: each is given up in time, and all goes on by itself. */
import { type AddressInfo, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { Redis } from "ioredis";
import { createAdvisoryLocks } from "../../src/platform/advisory-locks.ts";
import { openJobQueue } from "../../src/platform/jobs.ts";
import { createLockService } from "../../src/platform/lock.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import { isDatabaseAway, openDatabase } from "../../src/platform/postgres.ts";
import { closeRedis, isRedisAway, openRedis, type RedisSettings } from "../../src/platform/redis.ts";
import { createReleaser, type Releaser } from "../../src/platform/releaser.ts";
import { createSession } from "../../src/seats/session.ts";
import { atOnce } from "../support/house/at-once.ts";
import { type TestDatabase, testServers } from "../support/servers.ts";
import { eventually } from "../support/wait.ts";
import { privateRedis, privateRedisCluster, randomName, recordingLogger, tcpProxy } from "./support.ts";

/** Longer than anything here may take. */
const STUCK_MS = 30_000;

describe("silence", function () {
  this.timeout(60_000);

  let database: TestDatabase;
  const { over, start, settled } = atOnce();
  const log = recordingLogger();

  before(async () => {
    database = await (await testServers()).createDatabase();
    start();
  });
  after(async () => {
    await settled();
    await database.drop();
  });

  /** A case that closes what it opened, also when it fails or is stuck. */
  function closing(run: (opened: Releaser) => Promise<void>): () => Promise<void> {
    return async () => {
      const opened = createReleaser();
      const timer = new AbortController();
      const stuck = sleep(STUCK_MS, undefined, { signal: timer.signal }).then(() => {
        throw new Error("stuck");
      });
      stuck.catch(() => undefined);
      try {
        await Promise.race([run(opened), stuck]);
      } finally {
        timer.abort();
        await opened.release();
      }
    };
  }
  const messageOf = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => "no fault",
      (fault: Error) => fault.message,
    );
  const behind = (port: number): RedisSettings => ({
    redisUrl: `redis://127.0.0.1:${port}`,
    redisCluster: [],
  });
  function openQueue(settings: RedisSettings, opened: Releaser) {
    const name = randomName("jobs");
    const queue = openJobQueue<{ n: number }>(name, settings, log);
    opened.add("jobs", () => queue.close());
    return { name, queue };
  }
  async function proxyTo(port: number, opened: Releaser, onBytes?: (bytes: Buffer) => void) {
    const proxy = await tcpProxy(port, onBytes);
    opened.add("proxy", () => proxy.close());
    return proxy;
  }
  /** The address of the database behind a proxy. */
  function databaseBehind(port: number): string {
    const url = new URL(database.url);
    url.port = String(port);
    return url.href;
  }

  over(
    "a Redis whose host vanished · commands, locks and jobs fail in time and work again by themselves",
    closing(async (opened) => {
      const server = await privateRedis();
      opened.add("redis", () => server.remove());
      const proxy = await proxyTo(server.port, opened);
      const settings = behind(proxy.port);
      const client = await openRedis(settings, log);
      opened.add("client", () => closeRedis(client));
      const { attempts, waitSeconds } = createMetrics().locks;
      const locks = createLockService({
        urls: [settings.redisUrl],
        enabled: true,
        log,
        attempts,
        waitSeconds,
      });
      opened.add("locks", () => locks.close());
      const { name, queue } = openQueue(settings, opened);
      const isLocked = async () => {
        const outcome = await locks.acquire([randomName("seat")], 5_000);
        return outcome.ok && Number.isFinite(outcome.lease.remainingMs());
      };
      const all = async () => {
        const [ping, locked] = await Promise.all([
          client.ping(),
          isLocked(),
          queue.add("kept", { n: 1 }, 60_000),
        ]);
        return ping === "PONG" && locked;
      };
      await eventually(all, { what: "all of them connected" });

      proxy.swallow();
      const faults = await Promise.all(
        [client.ping(), queue.add("given-up", { n: 2 }, 60_000)].map(messageOf),
      );
      expect(faults).to.deep.equal(["Command timed out", "Command timed out"]);
      expect(await isLocked()).to.equal(false);
      await eventually(all, { timeoutMs: 10_000, what: "all of them again" });
      // What had been given up was not sent after all, on the new connection.
      expect(await client.exists(`{fastpass}:jobs:${name}:kept`)).to.equal(1);
      expect(await client.exists(`{fastpass}:jobs:${name}:given-up`)).to.equal(0);
    }),
  );

  over(
    "a Redis that does not answer the first question of a job queue · takes jobs afterwards",
    closing(async (opened) => {
      const server = await privateRedis();
      opened.add("redis", () => server.remove());
      let questions = 0;
      const proxy = await proxyTo(server.port, opened, (bytes) => {
        // The first is asked by ioredis, to know whether Redis is ready.
        if (bytes.includes("\r\ninfo\r\n") && ++questions === 2) proxy.swallow();
      });
      const { queue } = openQueue(behind(proxy.port), opened);
      await eventually(() => queue.add("hold", { n: 1 }, 60_000).then(() => true), {
        timeoutMs: 10_000,
        what: "a job",
      });
    }),
  );

  over(
    "a Cluster that went away · a job is refused soon",
    closing(async (opened) => {
      const cluster = await privateRedisCluster(2);
      opened.add("cluster", () => cluster.remove());
      const { queue } = openQueue({ redisUrl: cluster.url, redisCluster: cluster.nodes }, opened);
      await eventually(() => queue.add("hold-1", { n: 1 }, 60_000).then(() => true), { what: "a job" });
      await cluster.stop();
      const answer = await Promise.race([
        messageOf(queue.add("hold-2", { n: 2 }, 60_000)),
        sleep(4_000, "none"),
      ]);
      expect(isRedisAway(new Error(answer)), answer).to.equal(true);
    }),
  );

  over(
    "a Cluster without some of its slots · the start is given up",
    closing(async (opened) => {
      const cluster = await privateRedisCluster(2);
      opened.add("cluster", () => cluster.remove());
      for (const address of cluster.nodes) {
        const node = new Redis(`redis://${address}`);
        await node.call("CLUSTER", "DELSLOTS", 0).finally(() => node.disconnect());
      }
      const opening = openRedis({ redisUrl: cluster.url, redisCluster: cluster.nodes }, log);
      expect(await messageOf(opening)).to.equal("Cluster isn't ready");
    }),
  );

  over(
    "a Cluster · is asked again and again who serves which slots",
    closing(async (opened) => {
      const cluster = await privateRedisCluster(2);
      opened.add("cluster", () => cluster.remove());
      const client = await openRedis({ redisUrl: cluster.url, redisCluster: cluster.nodes }, log);
      opened.add("client", () => closeRedis(client));
      let rounds = 0;
      client.on("refresh", () => {
        rounds += 1;
      });
      await eventually(() => rounds > 0, { timeoutMs: 8_000, what: "a round" });
    }),
  );

  over(
    "a PostgreSQL that vanishes while it is being connected to · locks and shards are had from the next one",
    closing(async (opened) => {
      const silent = createServer((socket) => {
        opened.add("socket", () => socket.destroy());
        // The beginning of an answer.
        socket.once("data", () => socket.write("R"));
      });
      await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
      opened.add("silent", () => silent.close());
      const proxy = await proxyTo((silent.address() as AddressInfo).port, opened);
      const databaseUrl = databaseBehind(proxy.port);
      const locks = createAdvisoryLocks(databaseUrl, log);
      opened.add("locks", () => locks.close());
      const session = createSession({
        databaseUrl,
        log,
        onChange: () => undefined,
        onShards: () => undefined,
        onLost: () => undefined,
        leave: async () => undefined,
      });
      opened.add("session", () => session.close());
      const [held, fault] = await Promise.all([locks.tryHold("vanished"), messageOf(session.renew())]);
      expect([held, fault]).to.deep.equal([false, "timeout expired"]);

      proxy.leadTo(Number(new URL(database.url).port));
      await eventually(() => locks.tryHold("vanished"), { what: "the lock" });
      await session.renew();
      expect(session.shards.size).to.be.above(0);
    }),
  );

  over(
    "a PostgreSQL whose host vanished · a statement under way fails in time, and the next one is answered",
    closing(async (opened) => {
      const proxy = await proxyTo(Number(new URL(database.url).port), opened);
      const db = openDatabase(databaseBehind(proxy.port), 1, "test-silence", log, 1_000);
      opened.add("pool", () => db.destroy());
      await db.raw("SELECT 1");
      proxy.swallow();
      const fault = await db.raw("SELECT 1").catch((error: unknown) => error);
      expect(isDatabaseAway(fault), String(fault)).to.equal(true);
      expect((await db.raw("SELECT 1 AS one")).rows).to.deep.equal([{ one: 1 }]);
    }),
  );

  over(
    "a PostgreSQL that does not answer about a lock · all locks are free for others once it goes on",
    closing(async (opened) => {
      const proxy = await proxyTo(Number(new URL(database.url).port), opened);
      const [locks, others] = [databaseBehind(proxy.port), database.url].map((url) => {
        const made = createAdvisoryLocks(url, log);
        opened.add("locks", () => made.close());
        return made;
      }) as [ReturnType<typeof createAdvisoryLocks>, ReturnType<typeof createAdvisoryLocks>];
      expect(await locks.tryHold("held")).to.equal(true);
      proxy.hang();
      expect(await locks.tryHold("asked")).to.equal(false);
      // On a connection that was given up nothing is held.
      expect(await locks.tryHold("held")).to.equal(false);
      proxy.goOn();
      for (const name of ["held", "asked"])
        await eventually(() => others.tryHold(name), { what: `the lock ${name}` });
    }),
  );
});
