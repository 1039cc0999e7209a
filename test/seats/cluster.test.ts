import { expect } from "chai";
import { type PrivateRedisCluster, privateRedisCluster } from "../platform/support.ts";
import { eventually } from "../support/wait.ts";
import { type FeedClient, openFeedClient } from "./feed-client.ts";
import { openWorld, passFor, type World } from "./world.ts";

describe("seats on a Redis Cluster", () => {
  let cluster: PrivateRedisCluster;
  let world: World;
  const clients: FeedClient[] = [];

  before(async function () {
    this.timeout(40_000);
    cluster = await privateRedisCluster();
    world = await openWorld(cluster.nodes);
  });
  after(async () => {
    for (const client of clients) await client.close();
    await world.reset();
    await world.close();
    await cluster.remove();
  });

  it("halls of several slots · projected and followed · reach clients as on one Redis", async () => {
    const halls = await Promise.all(Array.from({ length: 6 }, () => world.makeHall({ rows: 1 })));
    world.project();
    const gateway = await world.gateway();
    for (const { performanceId } of halls) {
      const url = `${gateway.socketUrl}/ws/v1/performances/${performanceId}/seats`;
      const fetchAvailability = () => Promise.reject(new Error("there was a gap"));
      clients.push(await openFeedClient({ url, token: passFor(performanceId), fetchAvailability }));
    }
    await eventually(() => clients.every(({ epoch }) => epoch > 0), {
      what: "projected copies",
      timeoutMs: 10_000,
    });
    for (const hall of halls) await world.change(hall, [2, 3], "HELD");
    await eventually(() => clients.every(({ map }) => map === "AAHHAAAAAA"), {
      what: "the change everywhere",
    });
    for (const { frames } of clients) {
      expect(frames.at(-1)).to.deep.include({
        type: "seats",
        changes: [
          [2, "H"],
          [3, "H"],
        ],
      });
    }
    expect(await gateway.seats.counts(halls[0]?.performanceId ?? "")).to.include({ held: 2 });
  });
});
