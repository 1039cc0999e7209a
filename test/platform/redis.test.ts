import { expect } from "chai";
import { Cluster, Redis, ReplyError } from "ioredis";
import {
  COMMAND_TIMEOUT_MS,
  closeRedis,
  isRedisAway,
  openRedis,
  openSubscriber,
  refuseEviction,
} from "../../src/platform/redis.ts";
import { eventually } from "../support/wait.ts";
import { type PrivateRedis, privateRedis, recordingLogger, standStill } from "./support.ts";

const faultOf = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => new Error("no fault"),
    (fault: Error) => fault,
  );

describe("redis", () => {
  let server: PrivateRedis;
  const log = recordingLogger();

  before(async () => {
    server = await privateRedis();
  });
  after(() => server.remove());

  it("F32 · a Redis that may evict · is refused with what to set", async () => {
    const client = await openRedis(server.settings, log);
    for (const policy of ["allkeys-lru", "volatile-ttl", "allkeys-random"]) {
      await client.config("SET", "maxmemory-policy", policy);
      const { message } = await faultOf(refuseEviction(client, log));
      expect(message)
        .to.include(`maxmemory-policy ${policy}`)
        .and.include("set maxmemory-policy to noeviction");
      expect(message).to.include(String(server.port));
    }
    await client.config("SET", "maxmemory-policy", "noeviction");
    await refuseEviction(client, log);
    await closeRedis(client);
  });

  it("nobody there at the start · is told, and nothing goes on trying", async () => {
    const settings = { redisUrl: "redis://127.0.0.1:1", redisCluster: [] };
    expect(isRedisAway(await faultOf(openRedis(settings, log)))).to.equal(true);
    expect(await faultOf(openSubscriber(settings, log)))
      .to.be.an("error")
      .with.property("message")
      .not.equal("no fault");
    const lines = log.lines.length;
    await eventually(() => process.getActiveResourcesInfo().every((kind) => kind !== "TCPConnectWrap"), {
      what: "quiet",
    });
    expect(log.lines.length).to.be.at.most(lines + 1);
  });

  it("commands of one turn · go out in one write, also after the connection was lost", async () => {
    const client = (await openRedis(server.settings, log)) as Redis;
    for (const round of ["first", "second"]) {
      const writes = countWrites(client);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => client.set(`${round}:${index}`, index)),
      );
      expect(answers).to.deep.equal(answers.map(() => "OK"));
      expect(await client.pipeline().get(`${round}:3`).get(`${round}:4`).exec()).to.deep.equal([
        [null, "3"],
        [null, "4"],
      ]);
      expect(writes()).to.equal(2);
      // Held back when the connection goes: the next one must not wait for it.
      void client.ping().catch(() => undefined);
      client.stream.destroy();
      await eventually(async () => (await client.ping().catch(() => "")) === "PONG", { what: "Redis again" });
    }
    await closeRedis(client);
  });

  it("a command while Redis is away · fails at once, and works again by itself", async () => {
    const client = await openRedis(server.settings, log);
    await client.set("kept", "1");
    await server.stop();
    await eventually(() => client.status !== "ready", { what: "the loss" });
    expect(isRedisAway(await faultOf(client.get("kept")))).to.equal(true);
    await server.restart();
    await eventually(() => client.ping().catch(() => false), { what: "its return" });
    await closeRedis(client);
  });

  it("a command that Redis does not answer · fails by its deadline", async () => {
    const client = await openRedis(server.settings, log);
    server.hang();
    const fault = await faultOf(client.get("x"));
    server.goOn();
    expect(isRedisAway(fault), fault.message).to.equal(true);
    await closeRedis(client);
  });

  it("answers that lie there while this process stands still · are not late", async () => {
    const client = await openRedis(server.settings, log);
    const asked = Promise.all([client.ping(), client.pipeline().ping().exec()]);
    await standStill(COMMAND_TIMEOUT_MS + 200);
    expect(await asked).to.deep.equal(["PONG", [[null, "PONG"]]]);
    await closeRedis(client);
  });

  it("a subscription · after a loss · is made again by itself", async () => {
    const subscriber = await openSubscriber(server.settings, log);
    const heard: string[] = [];
    subscriber.on("message", (_channel: string, text: string) => heard.push(text));
    await subscriber.subscribe("news");
    await server.stop();
    await eventually(() => subscriber.status !== "ready", { what: "the loss" });
    await server.restart();
    const client = await eventually(() => openRedis(server.settings, log), { what: "a connection" });
    await eventually(
      async () => {
        await client.publish("news", "again");
        return heard.length > 0;
      },
      { what: "a message" },
    );
    await closeRedis(client);
    await closeRedis(subscriber);
  });

  it("closed twice · does no harm", async () => {
    const client = await openRedis(server.settings, log);
    await closeRedis(client);
    await eventually(() => client.status === "end", { what: "the end" });
    await closeRedis(client);
  });

  describe("isRedisAway", () => {
    const replies = [
      "LOADING Redis is loading",
      "BUSY Redis is busy",
      "READONLY You can't write",
      "MISCONF Redis is",
      "OOM command not allowed",
      "CLUSTERDOWN Hash slot",
      "MASTERDOWN Link",
      "TRYAGAIN Multiple keys",
      "NOREPLICAS Not enough",
    ];
    for (const reply of replies) {
      it(`${reply} · is away`, () => expect(isRedisAway(new ReplyError(reply))).to.equal(true));
    }

    it("an error of ours or of the command · is a fault", () => {
      for (const fault of [
        new ReplyError("WRONGTYPE Operation"),
        new ReplyError("ERR syntax error"),
        new Error("BUSYBODY"),
        new TypeError("x"),
        null,
        undefined,
        "Connection is closed",
      ]) {
        expect(isRedisAway(fault)).to.equal(false);
      }
    });

    it("every node of a cluster gone · is away", async () => {
      const cluster = new Cluster([{ host: "127.0.0.1", port: 1 }], {
        lazyConnect: true,
        clusterRetryStrategy: () => null,
      });
      cluster.on("error", () => undefined);
      expect(isRedisAway(await faultOf(cluster.connect()))).to.equal(true);
      cluster.disconnect();
    });

    it("a name that does not resolve · is away", async () => {
      const client = new Redis({
        host: "no-such-host.invalid",
        lazyConnect: true,
        retryStrategy: () => null,
      });
      const faults: Error[] = [];
      client.on("error", (fault) => faults.push(fault));
      await faultOf(client.connect());
      expect(faults.map(isRedisAway)).to.include(true);
    });
  });
});

/** @returns how often something was handed to the socket since. */
function countWrites({ stream }: Redis): () => number {
  let writes = 0;
  for (const name of ["_write", "_writev"] as const) {
    const method = (stream as unknown as Record<string, (...args: unknown[]) => void>)[name];
    Object.assign(stream, {
      [name](...args: unknown[]) {
        writes += 1;
        method?.apply(stream, args);
      },
    });
  }
  return () => writes;
}
