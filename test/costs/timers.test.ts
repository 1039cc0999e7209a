import { createHook } from "node:async_hooks";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { openStream, type StreamClient } from "../../scripts/bench/load/stream-client.ts";
import { loadConfig } from "../../src/config.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import { attachSockets, type SocketServer } from "../../src/platform/sockets/index.ts";
import { createCredentials } from "../../src/queue/credentials.ts";
import { newFan, type OpenQueue, openHouse, type QueueHouse } from "../queue/support.ts";
import { eventually } from "../support/wait.ts";

const SOCKETS = 200;

describe("D5 · timers a socket", () => {
  let house: QueueHouse;
  let gateway: OpenQueue;
  let server: Server;
  let sockets: SocketServer;
  const clients: StreamClient[] = [];

  before(async () => {
    house = await openHouse();
    gateway = await house.openQueue();
    server = createServer();
    sockets = attachSockets(server, {
      log: createLogger("test", "silent"),
      metrics: createMetrics(),
      routes: gateway.queue.sockets,
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  after(async () => {
    for (const client of clients) client.close();
    await sockets.close();
    await new Promise((resolve) => server.close(resolve));
    await gateway.close();
    await house.close();
  });

  it("200 fans open their streams and are told their places · no timer lives for any of them", async () => {
    const { queueId } = await house.newQueue({ maxActive: 1, ratePerMinute: 1 });
    const fans = Array.from({ length: SOCKETS + 1 }, newFan);
    for (const fan of fans) await gateway.queue.room.join(queueId, fan, null);
    const { ticketKey, passPrivateKey } = loadConfig({
      DATABASE_URL: "postgres://nowhere/none",
      REDIS_URL: "redis://nowhere",
      NODE_ENV: "test",
    });
    const { signTicket } = createCredentials(ticketKey, passPrivateKey);
    const { port } = server.address() as AddressInfo;

    const openOne = (userId: string) =>
      new Promise<void>((resolve) => {
        const token = signTicket(queueId, { userId, ticketId: userId, sequence: 1, epoch: 1 });
        const target = { port, path: `/ws/v1/queues/${queueId}`, token, localAddress: "127.0.0.1" };
        clients.push(
          openStream(target, { opened: () => undefined, frame: () => resolve(), closed: () => resolve() }),
        );
      });
    const timers = watchTimers();
    try {
      await Promise.all(fans.slice(1).map(openOne));
      expect(sockets.connections).to.equal(SOCKETS);
      // A Redis command has a deadline of its own while it runs, and the process has its few; a timer a socket would be 200.
      await eventually(() => timers.living() <= SOCKETS / 10, {
        what: "the end of what is not the process's own",
      });
    } finally {
      timers.stop();
    }
  });
});

/** Counts the timers that Node makes from now on, of whatever module, and that have not ended. */
function watchTimers() {
  const living = new Set<number>();
  const hook = createHook({
    init(id, type) {
      if (type === "Timeout") living.add(id);
    },
    destroy: (id) => void living.delete(id),
  });
  hook.enable();
  return { living: () => living.size, stop: () => void hook.disable() };
}
