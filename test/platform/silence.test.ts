/** Stores that say nothing any more, on connections that stay: each is given up in time, and all goes on by itself. */
import { type AddressInfo, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { createAdvisoryLocks } from "../../src/platform/advisory-locks.ts";
import { createReleaser, type Releaser } from "../../src/platform/releaser.ts";
import { createSession } from "../../src/seats/session.ts";
import { atOnce } from "../support/house/at-once.ts";
import { type TestDatabase, testServers } from "../support/servers.ts";
import { eventually } from "../support/wait.ts";
import { recordingLogger, tcpProxy } from "./support.ts";

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
