import { expect } from "chai";
import supertest from "supertest";
import { v7 } from "uuid";
import { seatKeys } from "../../src/seats/keys.ts";
import { availabilityView } from "../../src/seats/routes.ts";
import { createSeatStore, type SeatStore } from "../../src/seats/store.ts";
import { eventually } from "../support/wait.ts";
import { type Gateway, type Hall, openWorld, type World } from "./world.ts";

describe("availability in the gateways", () => {
  let world: World;
  let store: SeatStore;

  before(async () => {
    world = await openWorld();
    store = createSeatStore(world.redis);
  });
  afterEach(() => world.reset());
  after(() => world.close());

  const get = ({ url }: Gateway, hall: Hall) =>
    supertest(url).get(`/api/v1/performances/${hall.performanceId}/availability`);

  const projected = (hall: Hall) =>
    eventually(() => store.readCopy(hall.performanceId), { what: "a copy of the hall" });

  /** Counts what a gateway reads from the database. */
  function counted() {
    const tally = { reads: 0 };
    const reads = {
      ...world.reads,
      readAllSeatStates(performanceId: string) {
        tally.reads += 1;
        return world.reads.readAllSeatStates(performanceId);
      },
    };
    return { tally, reads };
  }

  it("GET · of a projected hall · is the documented form and the map of the database", async () => {
    const hall = await world.makeHall();
    await world.change(hall, [0], "HELD");
    await world.change(hall, [1], "OCCUPIED");
    await world.change(hall, [2], "BLOCKED");
    world.project();
    const copy = await projected(hall);
    const { body, headers } = await get(await world.gateway(), hall).expect(200);
    expect(availabilityView.validate(body, { convert: false }).error).to.equal(undefined);
    expect(body).to.deep.include({
      epoch: copy.epoch,
      seats: await world.truth(hall),
      counts: { available: 27, held: 1, occupied: 1, blocked: 1 },
    });
    expect(Date.now() - Date.parse(body.asOf)).to.be.below(3_000);
    expect(headers).to.include({
      etag: `W/"${body.epoch}-${body.seq}"`,
      "cache-control": "public, no-cache",
      "content-type": "application/json; charset=utf-8",
    });
  });

  it("GET · with the tag of the current map · is 304, and 200 again after a change", async () => {
    const hall = await world.makeHall();
    world.project();
    await projected(hall);
    const gateway = await world.gateway();
    const { headers } = await get(gateway, hall).expect(200);
    const again = await get(gateway, hall)
      .set("If-None-Match", headers.etag as string)
      .expect(304);
    expect(again.text).to.equal("");
    expect(again.headers.etag).to.equal(headers.etag);
    await world.change(hall, [0], "HELD");
    await eventually(
      async () => (await get(gateway, hall).set("If-None-Match", headers.etag as string)).status === 200,
      {
        what: "the changed map",
        timeoutMs: 1_500,
      },
    );
  });

  it("GET · while nothing changes · has a fresh asOf under the same tag", async () => {
    const hall = await world.makeHall();
    world.project();
    await projected(hall);
    const gateway = await world.gateway();
    const first = await get(gateway, hall);
    const later = await eventually(
      async () => {
        const answer = await get(gateway, hall);
        return answer.body.asOf > first.body.asOf ? answer : null;
      },
      { what: "a later asOf", timeoutMs: 3_000 },
    );
    expect(later.headers.etag).to.equal(first.headers.etag);
  });

  it("GET · a hundred at once · loads the copy once and reads no database", async () => {
    const hall = await world.makeHall();
    world.project();
    await projected(hall);
    const { reads, tally } = counted();
    const gateway = await world.gateway({ reads });
    const answers = await Promise.all(Array.from({ length: 100 }, () => get(gateway, hall)));
    expect(new Set(answers.map(({ status }) => status))).to.eql(new Set([200]));
    expect(tally.reads).to.equal(0);
  });

  it("GET · of what does not exist · is 404", async () => {
    const gateway = await world.gateway();
    const unknown = await get(gateway, { performanceId: v7(), queueId: "" }).expect(404);
    expect(unknown.body.code).to.equal("NOT_FOUND");
    await get(gateway, { performanceId: "none", queueId: "" }).expect(404);
  });

  it("GET and counts · before any worker · are read from the database, once for all who ask", async () => {
    const hall = await world.makeHall();
    await world.change(hall, [4], "HELD");
    const { reads, tally } = counted();
    const gateway = await world.gateway({ reads });
    const answers = await Promise.all(Array.from({ length: 20 }, () => get(gateway, hall)));
    expect(tally.reads).to.equal(1);
    for (const { body, headers } of answers) {
      expect(body).to.deep.include({ epoch: 0, seq: 0, seats: await world.truth(hall) });
      expect(headers.etag).to.equal(answers[0]?.headers.etag);
    }
    expect(await gateway.seats.counts(hall.performanceId)).to.eql({
      available: 29,
      held: 1,
      occupied: 0,
      blocked: 0,
    });
    await world.change(hall, [5], "HELD");
    const tag = answers[0]?.headers.etag as string;
    await eventually(async () => (await get(gateway, hall).set("If-None-Match", tag)).status === 200, {
      what: "the change, read again",
    });
    world.project();
    await eventually(async () => (await get(gateway, hall)).body.epoch > 0, { what: "the projected copy" });
  });

  it("counts · of many performances · follow none of them", async () => {
    const halls = await Promise.all(Array.from({ length: 12 }, () => world.makeHall({ rows: 1 })));
    world.project();
    for (const hall of halls) await projected(hall);
    const { reads, tally } = counted();
    const gateway = await world.gateway({ reads, maxCopies: 2 });
    for (const { performanceId } of halls) {
      expect(await gateway.seats.counts(performanceId)).to.eql({
        available: 10,
        held: 0,
        occupied: 0,
        blocked: 0,
      });
    }
    expect(tally.reads).to.equal(0);
    const feeds = await world.redis.call("PUBSUB", "SHARDCHANNELS", "{seats:*");
    expect(feeds).to.eql([]);
  });

  it("counts · after a change · are right within about a second", async () => {
    const hall = await world.makeHall();
    world.project();
    await projected(hall);
    const { seats } = await world.gateway();
    expect((await seats.counts(hall.performanceId)).held).to.equal(0);
    await world.change(hall, [0], "HELD");
    await eventually(async () => (await seats.counts(hall.performanceId)).held === 1, {
      what: "the count of the change",
      timeoutMs: 2_000,
    });
  });

  it("copies · more than are kept · drop the one used longest ago and its subscription", async () => {
    const halls = await Promise.all(Array.from({ length: 4 }, () => world.makeHall({ rows: 1 })));
    world.project();
    for (const hall of halls) await projected(hall);
    const gateway = await world.gateway({ maxCopies: 2 });
    for (const hall of halls) await get(gateway, hall).expect(200);
    const followed = async () => {
      const counts = (await world.redis.call(
        "PUBSUB",
        "SHARDNUMSUB",
        ...halls.map(({ performanceId }) => seatKeys(performanceId).feed),
      )) as (string | number)[];
      return counts.filter((_, index) => index % 2 === 1).join();
    };
    await eventually(async () => (await followed()) === "0,0,1,1", { what: "two subscriptions, the newest" });
    for (const hall of halls) await get(gateway, hall).expect(200);
  });

  it("GET · of a copy that nobody had asked about for long · wakes the projector", async () => {
    const hall = await world.makeHall();
    // Nothing in its queue and nobody following: the projector looks once a minute.
    const live = async () => [{ ...hall, queueActive: false }];
    world.project({ livePerformances: live });
    const { asOf } = await projected(hall);
    await world.redis.hset(seatKeys(hall.performanceId).head, "asOf", asOf - 60_000);
    const gateway = await world.gateway();
    await eventually(async () => Date.now() - Date.parse((await get(gateway, hall)).body.asOf) < 3_000, {
      what: "a fresh asOf",
      timeoutMs: 2_000,
    });
  });

  it("GET · of 50,000 seats · is one letter each", async () => {
    const hall = await world.makeHall({ rows: 200, seatsPerRow: 250 });
    world.project();
    await projected(hall);
    const { body } = await get(await world.gateway(), hall).expect(200);
    expect(body.seats).to.equal("A".repeat(50_000));
    expect(body.counts.available).to.equal(50_000);
  });
});
