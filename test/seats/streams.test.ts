import { expect } from "chai";
import { v7 } from "uuid";
import type { SeatStatus } from "../../src/seats/index.ts";
import { seatKeys } from "../../src/seats/keys.ts";
import { eventually } from "../support/wait.ts";
import { type FeedClient, openFeedClient, refusal } from "./feed-client.ts";
import { type Gateway, type Hall, openWorld, passFor, type World } from "./world.ts";

describe("feed of the seats", () => {
  let world: World;
  const clients: FeedClient[] = [];

  before(async () => {
    world = await openWorld();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    await world.reset();
  });
  after(() => world.close());

  const path = (hall: Hall) => `/ws/v1/performances/${hall.performanceId}/seats`;

  async function follow(gateway: Gateway, hall: Hall, loses?: () => boolean): Promise<FeedClient> {
    const client = await openFeedClient({
      url: `${gateway.socketUrl}${path(hall)}`,
      token: passFor(hall.performanceId),
      loses,
      async fetchAvailability() {
        const answer = await fetch(`${gateway.url}/api/v1/performances/${hall.performanceId}/availability`);
        return (await answer.json()) as { epoch: number; seq: number; seats: string };
      },
    });
    clients.push(client);
    return client;
  }

  const agreement = (client: FeedClient, hall: Hall, timeoutMs = 5_000) =>
    eventually(async () => client.epoch > 0 && client.map === (await world.truth(hall)), {
      what: "a client's map equal to the database",
      timeoutMs,
    });

  const projectedGateway = async (hall: Hall) => {
    world.project();
    const gateway = await world.gateway();
    await eventually(async () => (await world.redis.exists(seatKeys(hall.performanceId).head)) === 1, {
      what: "a copy of the hall",
    });
    return gateway;
  };

  it("a follower · hears the snapshot first, then deltas · each with the next seq", async () => {
    const hall = await world.makeHall();
    const gateway = await projectedGateway(hall);
    const client = await follow(gateway, hall);
    await eventually(() => client.frames.length > 0, { what: "the first frame" });
    for (const ordinal of [3, 1, 2]) {
      await world.change(hall, [ordinal], "HELD");
      await agreement(client, hall);
    }
    const [snapshot, ...deltas] = client.frames;
    expect(snapshot).to.include({ type: "snapshot", seats: "A".repeat(30) });
    expect(deltas.map(({ type }) => type)).to.eql(["seats", "seats", "seats"]);
    expect(deltas.map(({ seq }) => seq)).to.eql([1, 2, 3].map((step) => (snapshot?.seq ?? 0) + step));
    expect(deltas[0]?.changes).to.eql([[3, "H"]]);
    expect(client.fetches).to.equal(0);
  });

  it("two gateways · followers of both · see the same", async () => {
    const hall = await world.makeHall();
    const one = await projectedGateway(hall);
    const two = await world.gateway();
    const followers = [await follow(one, hall), await follow(two, hall)];
    await world.change(hall, [7], "OCCUPIED");
    for (const follower of followers) await agreement(follower, hall);
    expect(followers.map(({ seq }) => seq)).to.eql([followers[0]?.seq, followers[0]?.seq]);
  });

  it("credentials · missing, forged, or of another performance · are refused by their close code", async () => {
    const hall = await world.makeHall();
    const gateway = await projectedGateway(hall);
    const url = `${gateway.socketUrl}${path(hall)}`;
    const other = passFor(v7());
    expect(await refusal(url, ["fastpass.v1"])).to.equal(4401);
    expect(await refusal(url, ["fastpass.v1", "token.nonsense"])).to.equal(4401);
    expect(await refusal(url, ["fastpass.v1", "token.a.bm9uZQ.c"])).to.equal(4401);
    expect(await refusal(url, ["fastpass.v1", `token.${passFor(hall.performanceId)}x`])).to.equal(4401);
    expect(await refusal(url, ["fastpass.v1", `token.${other}x`]), "forged, of another").to.equal(4401);
    expect(await refusal(url, ["fastpass.v1", `token.${other}`])).to.equal(4403);
    expect(await refusal(`${url}?token=${other}`, [])).to.equal(4403);
  });

  it("a follower · before any worker · has the seats of the database, then the copy's", async () => {
    const hall = await world.makeHall();
    await world.change(hall, [1], "HELD");
    const gateway = await world.gateway();
    const client = await follow(gateway, hall);
    await eventually(() => client.map === `AH${"A".repeat(28)}`, { what: "the seats" });
    expect(client.epoch).to.equal(0);
    world.project();
    await agreement(client, hall);
  });

  it("the copy · lost by Redis · followers get a snapshot of the new epoch and go on", async () => {
    const hall = await world.makeHall();
    const gateway = await projectedGateway(hall);
    const client = await follow(gateway, hall);
    await world.change(hall, [0], "HELD");
    await agreement(client, hall);
    const { epoch } = client;
    const { map, head } = seatKeys(hall.performanceId);
    await world.redis.del(map, head);
    await eventually(() => client.epoch > epoch, { what: "the new epoch" });
    await world.change(hall, [1], "HELD");
    await agreement(client, hall);
    expect(client.frames.at(-1)).to.include({ type: "seats", epoch: client.epoch, seq: 1 });
  });

  it("a delta that Redis did not deliver · is noticed by the next word · and made good", async () => {
    const hall = await world.makeHall();
    const gateway = await projectedGateway(hall);
    const client = await follow(gateway, hall);
    await eventually(() => client.frames.length > 0, { what: "the first frame" });
    // What a message lost on the way leaves behind: a copy that is ahead of what was heard.
    const { map, head } = seatKeys(hall.performanceId);
    await world.redis.setrange(map, 0, "B");
    await world.redis.hincrby(head, "seq", 1);
    await world.changeSilently(world.db, hall, [0], "BLOCKED");
    await agreement(client, hall);
  });

  it("a change of thousands of seats · reaches followers as a snapshot, which is shorter", async () => {
    const hall = await world.makeHall({ rows: 40, seatsPerRow: 100 });
    const gateway = await projectedGateway(hall);
    const client = await follow(gateway, hall);
    await eventually(() => client.frames.length > 0, { what: "the first frame" });
    const every = Array.from({ length: 4_000 }, (_, ordinal) => ordinal);
    await world.change(hall, every, "BLOCKED");
    await agreement(client, hall);
    expect(client.frames.map(({ type }) => type)).to.eql(["snapshot", "snapshot"]);
    await world.change(hall, [9], "AVAILABLE");
    await agreement(client, hall);
    expect(client.frames.at(-1)).to.include({ type: "seats" });
  });

  it("F26 · a client that loses a tenth of the frames · follows the gap rule · ends with the map of the database", async () => {
    const hall = await world.makeHall({ rows: 10, seatsPerRow: 20 });
    const gateway = await projectedGateway(hall);
    let deltas = 0;
    let lost = 0;
    // Every tenth, so that some are lost in any run.
    const client = await follow(gateway, hall, () => {
      deltas += 1;
      const loses = deltas % 10 === 3;
      if (loses) lost += 1;
      return loses;
    });
    const faithful = await follow(gateway, hall);
    const statuses: SeatStatus[] = ["HELD", "OCCUPIED", "BLOCKED"];
    for (let round = 0; round < 24; round += 1) {
      const seen = deltas;
      if (round >= 6) await world.change(hall, [round - 6], "AVAILABLE");
      await world.change(hall, [round, 50 + round * 3], statuses[round % 3] as SeatStatus);
      await eventually(() => deltas > seen, { what: "the delta of a round" });
    }
    await world.change(hall, [199], "HELD");
    await agreement(faithful, hall);
    await agreement(client, hall);
    expect(lost).to.be.above(0);
    expect(client.fetches).to.be.above(0);
    expect(faithful.fetches).to.equal(0);
  });
});
