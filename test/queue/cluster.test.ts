/**
 * Every script of the queue on a real Redis Cluster of three masters. There a script that touches a key of another
 * slot fails; on a single Redis it would pass.
 */
import { readdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import type { Cluster, Redis } from "ioredis";
import { v7 as uuidv7 } from "uuid";
import { createLogger } from "../../src/platform/logger.ts";
import { closeRedis, openSubscriber, type RedisClient, refuseEviction } from "../../src/platform/redis.ts";
import { loadScripts } from "../../src/platform/scripts.ts";
import { Code } from "../../src/queue/codes.ts";
import { LUA_FOLDER } from "../../src/queue/index.ts";
import { keyOf } from "../../src/queue/keys.ts";
import { createLineStore, type LoadCommand } from "../../src/queue/line-store.ts";
import { type PrivateRedisCluster, privateRedisCluster, recordingLogger } from "../platform/support.ts";
import { eventually } from "../support/wait.ts";
import { newFan, type OpenQueue, openHouse, type QueueHouse } from "./support.ts";

const MASTERS = 3;

describe("queue on a Redis Cluster", function () {
  this.timeout(60_000);

  let cluster: PrivateRedisCluster;
  let house: QueueHouse;
  let open: OpenQueue;
  /** One queue on each master. */
  let queueIds: readonly string[];
  before(async () => {
    cluster = await privateRedisCluster();
    house = await openHouse({ redisUrl: cluster.url, redisCluster: cluster.nodes });
    open = await house.openQueue();
    const byMaster = new Map<number, string>();
    while (byMaster.size < MASTERS) {
      const { queueId } = await house.newQueueRow({ maxActive: 2, ratePerMinute: 60_000 });
      const master = Math.floor((await slotOf(queueId)) / Math.ceil(16_384 / MASTERS));
      if (byMaster.has(master)) continue;
      byMaster.set(master, queueId);
      await open.queue.initialise(queueId);
    }
    queueIds = [...byMaster.values()];
  });
  after(async () => {
    await open?.close();
    await house?.close();
    await cluster?.remove();
  });

  const slotOf = async (queueId: string) =>
    Number(await (house.redis as Cluster).cluster("KEYSLOT", keyOf(queueId, "state")));

  it("scripts · each of them, on queues of all three masters · runs as on one Redis", async () => {
    const ran = new Set<string>();
    const recording = new Proxy(house.redis, {
      get(target, name, receiver) {
        const script = /^fp_(\w+)_[0-9a-f]{12}$/.exec(String(name))?.[1];
        if (script) ran.add(script);
        return Reflect.get(target, name, receiver);
      },
    });
    const folder = loadScripts(LUA_FOLDER);
    const store = createLineStore(recording, folder);
    for (const queueId of queueIds) {
      const [inside, next, third, removed] = Array.from({ length: 4 }, newFan) as [
        string,
        string,
        string,
        string,
      ];
      const ids = new Map<string, string>();
      await store.heartbeat(queueId, "g", true);
      await store.addCodes(queueId, [{ hash: "code", lane: 1, uses: 1 }]);
      for (const userId of [inside, next, third, removed]) {
        const outcome = await store.join(queueId, userId, uuidv7(), userId === third ? "code" : "", "g");
        expect(outcome.ok, JSON.stringify(outcome)).to.equal(true);
        if (outcome.ok) ids.set(userId, outcome.view.ticketId);
      }
      const ticketOf = (userId: string) => ids.get(userId) as string;
      await store.tick(queueId, 0);
      const entries = await store.pending(queueId, 100);
      expect(entries.length).to.be.above(5);
      const number = Number(entries.at(-1)?.id.split("-")[0]);
      const told = { epoch: 1, number, trimBefore: `${number}-0`, head: "00", message: "{}" };
      expect(await store.committed(queueId, { ...told, admitted: [inside], oldestAdmission: 1 })).to.equal(
        Code.ok,
      );
      await store.delivered(queueId, [inside]);
      const claim = await store.claim(queueId, inside);
      expect([claim.code, claim.ticketId]).to.deep.equal([Code.ok, ticketOf(inside)]);
      expect(await store.keepPass(queueId, inside, ticketOf(inside), "pass")).to.equal("pass");
      expect(await store.useSlot(queueId, inside, ticketOf(inside), claim.fence, 60)).to.equal(Code.ok);
      await store.setHold(queueId, inside, ticketOf(inside), new Date(Date.now() + 60_000));
      await store.endSession(queueId, inside, ticketOf(inside), "purchased");
      expect((await store.leave(queueId, removed, ticketOf(removed), "removed", {})).code).to.equal(Code.ok);
      expect(await store.readmit(queueId, removed, ticketOf(removed), {})).to.equal(Code.ok);
      await store.reportSeats(queueId, { available: 5, held: 0, occupied: 0, blocked: 0 });
      const holds = { total: 1, slow: 0, failed: 0, crowded: 0 };
      expect(await store.reportHolds(queueId, "g", holds)).to.equal(null);
      await store.detach(queueId, "g", [next]);
      expect((await store.attach(queueId, next, "g")).ok).to.equal(true);
      expect(await store.ranks(queueId, "g", [next, third])).to.have.length(2);
      expect((await store.summary(queueId))?.epoch).to.equal(1);
      expect(await store.time(queueId)).to.be.above(1e15);
      const change = { version: 99, paused: false, closed: false, data: "{}", settings: { overbook: 2 } };
      expect(await store.configure(queueId, change)).to.equal(Code.ok);
      expect(await store.beginRebuild(queueId, "token", 1)).to.equal(true);
      const drawn = { userIds: [newFan()], ticketIds: [uuidv7()] };
      const [early] = drawn.userIds as [string];
      const lobby: LoadCommand[] = [
        ["HSET", "state", "epoch", 1, "drawing", 1],
        ["HSET", "tickets", early, `${drawn.ticketIds[0]}|9|L|0|1`],
        ["SADD", "lobby", early],
      ];
      expect(await store.load(queueId, "token", lobby, true)).to.equal(true);
      expect(await store.finishDraw(queueId, 1)).to.equal(Code.existing);
      expect(await store.placeDrawn(queueId, 1, 1, drawn)).to.deep.equal({ code: Code.ok, unjournalled: 1 });
      expect(await store.finishDraw(queueId, 1)).to.equal(Code.ok);
    }
    const all = readdirSync(LUA_FOLDER).flatMap((file) =>
      file.endsWith(".lua") ? [path.basename(file, ".lua")] : [],
    );
    expect([...ran].sort()).to.deep.equal(all.sort());
  });

  it("scripts · one that touches another queue's key, or one outside of any · fails, as it would not on one Redis", async () => {
    const [here, there] = queueIds as [string, string];
    for (const key of [keyOf(there, "state"), "outside", "fastpass:state"]) {
      const folder = loadScripts(LUA_FOLDER, {
        transform: (name, lua) =>
          name === "time"
            ? `${lua.replace(/return .*/, "")}\nreturn { OK, redis.call('EXISTS', '${key}') }`
            : lua,
      });
      const store = createLineStore(house.redis, folder);
      const faults = await Promise.all(
        [here, ...queueIds.slice(2)].map((queueId) =>
          store.time(queueId).then(
            () => "",
            (fault: Error) => fault.message,
          ),
        ),
      );
      expect(
        faults.some((fault) => /non local key/.test(fault)),
        faults.join(", "),
      ).to.equal(true);
    }
  });

  it("a line · on a queue of each master · is joined, told and admitted in its order", async () => {
    const worker = open.startWorker();
    await Promise.all(
      Array.from({ length: MASTERS }, async () => {
        const { queueId } = await house.newQueue({ maxActive: 1, ratePerMinute: 60_000 });
        const fans = Array.from({ length: 4 }, newFan);
        for (const userId of fans)
          expect((await open.queue.room.join(queueId, userId, null)).ok).to.equal(true);
        for (const userId of fans) {
          await eventually(
            async () => {
              const seen = await open.queue.room.view(queueId, userId);
              return seen.ok && seen.view.state === "admitted";
            },
            { timeoutMs: 20_000, what: "the turn" },
          );
          expect(await open.queue.room.leave(queueId, userId)).to.deep.equal({ ok: true });
        }
      }),
    );
    await worker.close();
  });

  it("one master that is silent for a while · its commands are given up; who came meanwhile is connected in the end", async () => {
    const [silent] = (house.redis as Cluster).nodes("master");
    const pid = Number(/process_id:(\d+)/.exec((await silent?.info("server")) ?? "")?.[1]);
    const store = createLineStore(house.redis, loadScripts(LUA_FOLDER));
    const settings = { redisUrl: cluster.url, redisCluster: cluster.nodes };
    const opening: Promise<RedisClient>[] = [];
    process.kill(pid, "SIGSTOP");
    try {
      const answers = await Promise.all(
        queueIds.map((queueId) =>
          store.time(queueId).then(
            () => "answered",
            (fault: Error) => fault.message,
          ),
        ),
      );
      expect(answers.sort()).to.deep.equal(["Command timed out", "answered", "answered"]);
      for (let count = 0; count < 6; count += 1)
        opening.push(openSubscriber(settings, createLogger("test", "silent")));
      // Each asks any one of the three at first, so some have asked the silent one.
      await sleep(3_000);
    } finally {
      process.kill(pid, "SIGCONT");
    }
    await Promise.all((await Promise.all(opening)).map(closeRedis));
  });

  it("a command that was given up on a silent master · is not sent again when the connection is lost", async () => {
    const client = house.redis as Cluster;
    const owns = await Promise.all(
      client
        .nodes("master")
        .map(async (node) => ((await node.exists("counter").catch(() => null)) === null ? [] : [node])),
    );
    const [owner] = owns.flat() as [Redis];
    await whileSilent(owner, async () => {
      expect(await client.incr("counter").catch((fault: Error) => fault.message)).to.equal(
        "Command timed out",
      );
      owner.stream.destroy();
      // Longer than ioredis waits before it turns to another node.
      await sleep(500);
    });
    const count = await eventually(() => client.get("counter"), { what: "the master again" });
    await sleep(500);
    expect([count, await client.get("counter")]).to.deep.equal(["1", "1"]);
  });

  it("a master that is silent at the start · is passed over, and told", async () => {
    const client = house.redis as Cluster;
    const [silent] = client.nodes("master") as [Redis];
    const log = recordingLogger();
    await whileSilent(silent, () => refuseEviction(client, log));
    const { host, port } = silent.options;
    expect(log.lines.map(({ level, fields }) => [level, fields])).to.deep.equal([
      ["warn", { node: `${host}:${port}`, fault: "Command timed out" }],
    ]);
  });

  /** For less than the five seconds after which the other nodes would give it up. */
  async function whileSilent(master: Redis, work: () => Promise<void>): Promise<void> {
    const pid = Number(/process_id:(\d+)/.exec(await master.info("server"))?.[1]);
    process.kill(pid, "SIGSTOP");
    await work().finally(() => process.kill(pid, "SIGCONT"));
  }
});
