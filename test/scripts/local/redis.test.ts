import { chmod, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { Redis } from "ioredis";
import { removePlace, temporaryPlace } from "../../../scripts/local/places.ts";
import { freePort } from "../../../scripts/local/ports.ts";
import { ensureRedisServer, type RunningRedis, startRedis } from "../../../scripts/local/redis.ts";
import { endForeigners, isAlive, occupyPort, refusal, startBystander } from "./support.ts";

describe("local redis", () => {
  let place: string;
  const started: RunningRedis[] = [];

  beforeEach(async () => {
    place = await temporaryPlace("local-redis");
  });
  afterEach(async () => {
    for (const redis of started.splice(0)) await redis.stop();
    endForeigners();
    await removePlace(place);
  });

  async function start(options: Partial<Parameters<typeof startRedis>[0]> = {}): Promise<RunningRedis> {
    const redis = await startRedis({ dir: path.join(place, "redis"), durable: false, ...options });
    started.push(redis);
    return redis;
  }

  async function ask<T>(redis: RunningRedis, question: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis(redis.url);
    try {
      return await question(client);
    } finally {
      client.disconnect();
    }
  }

  it("start · on a free machine · serves on loopback, never evicts and keeps nothing", async () => {
    const redis = await start();
    const settings = await ask(redis, async (client) => [
      await client.config("GET", "maxmemory-policy"),
      await client.config("GET", "appendonly"),
      await client.config("GET", "bind"),
    ]);
    expect(settings.map((pair) => (pair as string[])[1])).to.deep.equal(["noeviction", "no", "127.0.0.1"]);
    expect(redis.port).to.be.greaterThan(1023);
  });

  it("start · with further arguments · they win over ours", async () => {
    const redis = await start({ args: ["--appendonly", "yes", "--databases", "3"] });
    const answer = await ask(redis, (client) => client.config("GET", "databases", "appendonly"));
    expect(answer).to.include.members(["3", "yes"]);
  });

  it("stop · twice · the process is gone and the second does nothing", async () => {
    const redis = await start();
    await redis.stop();
    expect(isAlive(redis.pid)).to.equal(false);
    await redis.stop();
  });

  it("stop · when the server does not listen to signals · it is killed in the end", async () => {
    const redis = await start();
    process.kill(redis.pid, "SIGSTOP");
    await redis.stop(200);
    expect(isAlive(redis.pid)).to.equal(false);
  });

  it("restart · after a kill, durable · same port, same data", async () => {
    const redis = await start({ durable: true });
    await ask(redis, (client) => client.set("kept", "1"));
    await redis.kill();
    await redis.restart();
    expect(await ask(redis, (client) => client.get("kept"))).to.equal("1");
  });

  it("start · when the port asked for is taken · a sentence names it", async () => {
    const port = await occupyPort();
    const error = await refusal(start({ port }));
    expect(error.name).to.equal("SetupError");
    expect(error.message).to.contain(`port ${port}`);
  });

  it("start · when a free port is taken before it binds · takes another one", async () => {
    const port = await occupyPort();
    const offers = [port, await freePort()];
    const redis = await start({ findPort: async () => offers.shift() ?? 0 });
    expect(redis.port).to.not.equal(port);
    expect(await ask(redis, (client) => client.ping())).to.equal("PONG");
  });

  it("start · in a folder that is in use · is refused and the first one lives on", async () => {
    const first = await start();
    const error = await refusal(start());
    expect(error.message).to.contain(`Process ${process.pid} already uses`);
    expect(await ask(first, (client) => client.ping())).to.equal("PONG");
  });

  it("start · when an old claim names a pid that is somebody else's now · leaves that process alone", async () => {
    const bystander = startBystander();
    const dir = path.join(place, "redis");
    const stranger = { pid: bystander.pid, identity: "born at another time" };
    await mkdir(dir);
    const claim = { owner: stranger, server: { ...stranger, stopSignal: "SIGKILL" } };
    await writeFile(path.join(dir, "server.json"), JSON.stringify(claim));
    await start();
    expect(isAlive(bystander.pid)).to.equal(true);
  });

  it("ensureRedisServer · when the one on the PATH is too old · says so", async () => {
    const program = path.join(place, "redis-server");
    await writeFile(program, '#!/bin/sh\necho "Redis server v=6.0.16 sha=0:0"\n');
    await chmod(program, 0o755);
    const before = process.env.PATH;
    process.env.PATH = `${place}:${before}`;
    const error = await refusal(ensureRedisServer()).finally(() => {
      process.env.PATH = before;
    });
    expect(error.name).to.equal("SetupError");
    expect(error.message).to.contain("6.0.16");
  });
});
