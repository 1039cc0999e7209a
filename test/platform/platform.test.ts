import { expect } from "chai";
import { type Config, loadConfig } from "../../src/config.ts";
import { openPlatform } from "../../src/platform/index.ts";
import { createReleaser } from "../../src/platform/releaser.ts";
import { StartError } from "../../src/platform/start-error.ts";
import { type TestDatabase, testServers } from "../support/servers.ts";
import { eventually } from "../support/wait.ts";
import { type PrivateRedis, privateRedis, tcpProxy } from "./support.ts";

describe("platform", () => {
  let database: TestDatabase;
  let redis: PrivateRedis;

  before(async () => {
    database = await (await testServers()).createDatabase();
    redis = await privateRedis();
  });
  after(async () => {
    await redis.remove();
    // Fails when a connection is still open.
    await database.drop();
  });

  const config = (more: NodeJS.ProcessEnv = {}): Config =>
    loadConfig({ DATABASE_URL: database.url, REDIS_URL: redis.url, LOG_LEVEL: "silent", ...more });
  /** The sentence why it can't be opened; whatever was opened till then is closed again. */
  async function whyNot(settings: Config): Promise<Error> {
    const releaser = createReleaser();
    const fault = await openPlatform(settings, "test", releaser).then(
      () => new Error("it opened"),
      (cause: Error) => cause,
    );
    await releaser.release();
    return fault;
  }

  it("with both stores there · opens everything, and the releaser closes it", async () => {
    const releaser = createReleaser();
    const { db, redis: client, locks, availability } = await openPlatform(config(), "gateway", releaser);
    const { rows } = await db.raw("SELECT current_setting('application_name') AS name");
    expect(rows).to.deep.equal([{ name: "fastpass-gateway" }]);
    expect(await client.ping()).to.equal("PONG");
    expect(await availability.check()).to.deep.equal({ database: true, queue: true });
    const lock = await locks.acquire(["seat"], 1_000);
    if (lock.ok) await lock.lease.release();
    await releaser.release();
    await eventually(() => client.status === "end", { what: "the connection's end" });
  });

  it("without PostgreSQL · says in one sentence what to start or correct", async () => {
    const { message, name } = await whyNot(config({ DATABASE_URL: "postgres://u:p@127.0.0.1:1/x" }));
    expect(name).to.equal("StartError");
    expect(message).to.include("PostgreSQL").and.include("DATABASE_URL").and.match(/\.$/);
    expect(message).to.not.include("\n");
  });

  it("without Redis · says in one sentence what to start or correct", async () => {
    const fault = await whyNot(config({ REDIS_URL: "redis://127.0.0.1:1" }));
    expect(fault).to.be.instanceOf(StartError);
    expect(fault.message).to.include("Redis").and.include("REDIS_URL").and.match(/\.$/);
  });

  it("with a Redis that falls silent in the middle of it · says so in one sentence", async () => {
    const proxy = await tcpProxy(redis.port, (bytes) => {
      if (bytes.includes("memory")) proxy.swallow();
    });
    const fault = await whyNot(config({ REDIS_URL: `redis://127.0.0.1:${proxy.port}` }));
    await proxy.close();
    expect(fault).to.be.instanceOf(StartError);
    expect(fault.message).to.include("Redis does not answer (Command timed out)").and.match(/\.$/);
  });

  it("F32 · on a Redis that evicts · does not open", async () => {
    const evicting = await privateRedis(["--maxmemory-policy", "allkeys-lru"]);
    const { message } = await whyNot(config({ REDIS_URL: evicting.url }));
    await evicting.remove();
    expect(message).to.include("allkeys-lru").and.include("noeviction").and.not.include("does not answer");
  });
});
