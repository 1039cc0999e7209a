/** What a queue's ticks ask of Redis, with as many sockets and as many waiting as one likes. */
import { Redis } from "ioredis";
import { fillLine, mouldOf } from "../../scripts/bench/house/long-line.ts";
import { newFan, openHouse } from "../queue/support.ts";
import { testServers } from "../support/servers.ts";
import { eventually } from "../support/wait.ts";
import { fakeStream } from "./fake-stream.ts";
import { type Command, openMonitor } from "./monitor.ts";

export interface Crowd {
  /** Open position streams, each of a fan who waits. */
  readonly sockets: number;
  /** Others in the line, whom no gateway here knows. */
  readonly others: number;
}

export interface Cost {
  readonly commands: number;
  readonly ticks: number;
  /** Position messages that the sockets got meanwhile. */
  readonly told: number;
}

const TICKS = 8;
const JOINS_AT_ONCE = 100;

/** Counts over some ticks of a queue that admits a few in each. Heartbeats are left out: they are the gateway's. */
export async function costOfTicks({ sockets, others }: Crowd): Promise<Cost> {
  const { redisUrl } = await testServers();
  const house = await openHouse();
  const gateway = await house.openQueue();
  const monitor = await openMonitor(redisUrl);
  const redis = new Redis(redisUrl);
  try {
    const { room } = gateway.queue;
    const { queueId } = await house.newQueue({ maxActive: 1, ratePerMinute: 600, arrivalSeconds: 3_600 });
    await room.join(queueId, newFan(), null);
    const fans = Array.from({ length: sockets }, newFan);
    const streams = fans.map(fakeStream);
    for (let start = 0; start < sockets; start += JOINS_AT_ONCE) {
      const batch = fans.slice(start, start + JOINS_AT_ONCE);
      await Promise.all(batch.map((fan) => room.join(queueId, fan, null)));
      const opened = batch.map((fan, index) =>
        room.openStream(queueId, fan, streams[start + index] as never),
      );
      await Promise.all(opened);
    }
    await fillLine(redis, await mouldOf(redis, queueId, fans[0] as string), others);
    gateway.startWorker();
    const ticked = async () => Number(await redis.hget(`{q:${queueId}}:state`, "tick"));
    const journalled = async () => (await redis.xlen(`{q:${queueId}}:events`)) < 10;
    await eventually(journalled, { timeoutMs: 60_000, what: "the joins in the journal" });

    const from = await ticked();
    const framesBefore = streams.reduce((sum, { frames }) => sum + frames.length, 0);
    await monitor.take();
    await eventually(async () => (await ticked()) >= from + TICKS, { timeoutMs: 30_000, what: "some ticks" });
    const ticks = (await ticked()) - from;
    const commands = (await monitor.take()).filter((command) => isOfTick(command, queueId, room.gatewayId));
    const told = streams.reduce((sum, { frames }) => sum + frames.length, 0) - framesBefore;
    return { commands: commands.length, ticks, told };
  } finally {
    redis.disconnect();
    monitor.close();
    await gateway.close();
    await house.close();
  }
}

/** Neither this test's own question nor a heartbeat. */
function isOfTick({ name, args }: Command, queueId: string, gatewayId: string): boolean {
  if (!args.some((arg) => arg.includes(queueId))) return false;
  return name !== "hget" && name !== "xlen" && !args.includes(gatewayId);
}
