import { expect } from "chai";
import { newFan, type OpenQueue, openHouse, type QueueHouse } from "../queue/support.ts";
import { testServers } from "../support/servers.ts";
import { eventually } from "../support/wait.ts";
import { fakeStream } from "./fake-stream.ts";
import { type Monitor, openMonitor } from "./monitor.ts";

const FANS = 1_000;
/** Looked up in one command. */
const AT_ONCE = 200;

describe("D8 · Redis commands of a storm of reconnects", () => {
  let house: QueueHouse;
  let door: OpenQueue;
  let monitor: Monitor;
  let queueId: string;
  const fans = Array.from({ length: FANS }, newFan);

  before(async () => {
    house = await openHouse();
    door = await house.openQueue();
    ({ queueId } = await house.newQueue({ maxActive: 1, ratePerMinute: 1, arrivalSeconds: 3_600 }));
    await door.queue.room.join(queueId, newFan(), null);
    await Promise.all(fans.map((fan) => door.queue.room.join(queueId, fan, null)));
    monitor = await openMonitor((await testServers()).redisUrl);
  });
  after(async () => {
    monitor.close();
    await door.close();
    await house.close();
  });

  /** How many commands named any of these fans, when they came to a gateway of its own. */
  async function commandsFor(some: readonly string[]): Promise<number> {
    const gateway = await house.openQueue();
    try {
      const streams = some.map(fakeStream);
      await monitor.take();
      const opened = some.map((fan, index) =>
        gateway.queue.room.openStream(queueId, fan, streams[index] as never),
      );
      expect(await Promise.all(opened)).to.deep.equal(some.map(() => true));
      await eventually(() => streams.every(({ frames }) => frames.length > 0), { what: "everybody's place" });
      const wanted = new Set(some);
      const commands = await monitor.take();
      // The script itself is sent once, when Redis does not know it yet.
      return commands.filter(({ args }) => args.some((arg) => wanted.has(arg))).length - 1;
    } finally {
      await gateway.close();
    }
  }

  it("1,000 fans at once · are marked and looked up by the hundred", async () => {
    expect(await commandsFor(fans)).to.be.at.most(FANS / AT_ONCE);
  });

  it("a single fan · is one command", async () => {
    expect(await commandsFor(fans.slice(0, 1))).to.be.at.most(1);
  });
});
