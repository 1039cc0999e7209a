/** Events, performances, layouts, availability and its live feed. */
import { expect } from "chai";
import { v7 } from "uuid";
import {
  type Frame,
  type House,
  type Inside,
  newShow,
  openHouse,
  type Show,
  seatsOf,
} from "../support/house.ts";
import { eventually } from "../support/wait.ts";

const SECTIONS = [
  { name: "Floor", rows: 3, seatsPerRow: 8, amount: 12_000, accessibleSeats: 2 },
  { name: "발코니", rows: 28, seatsPerRow: 2, amount: 0 },
];

describe("contract · events, performances, seats", () => {
  let house: House;
  let show: Show;
  before(async function () {
    this.timeout(60_000);
    house = await openHouse({ gateways: 2 });
    show = await house.makeShow({ sections: SECTIONS });
  });
  after(() => house?.close());

  it("an event · is listed with its performances, newest first", async () => {
    const { body: list } = await house.client.api("GET", "/events", { expect: 200 });
    const { body: event } = await house.client.api("GET", `/events/${show.eventId}`, { expect: 200 });
    expect(list.items[0]).to.deep.equal(event);
    expect(event.performances).to.have.length(1);
    expect(event.performances[0]).to.include({ id: show.id, queueId: show.queueId, eventId: show.eventId });
  });

  it("a performance · has every field of the contract", async () => {
    const { body } = await house.client.api("GET", `/performances/${show.id}`, { expect: 200 });
    expect(body).to.have.all.keys(
      ...[
        "id",
        "eventId",
        "startsAt",
        "currency",
        "seatCount",
        "maxSeatsPerFan",
        "holdSeconds",
        "queueId",
        "counts",
      ],
    );
    expect(body).to.include({ seatCount: 80, maxSeatsPerFan: 4, holdSeconds: 120, currency: "EUR" });
    expect(body.startsAt).to.equal("2035-05-01T19:30:00.000Z");
    expect(body.counts).to.deep.equal({ available: 80, held: 0, occupied: 0, blocked: 0 });
  });

  it("the layout · every seat once, by dense ordinals, with rows and prices as asked for", async () => {
    const { body, headers } = await house.client.api("GET", `/performances/${show.id}/layout`, {
      expect: 200,
    });
    expect(body).to.have.all.keys("version", "sections");
    expect(
      body.sections.map(({ name, amount }: { name: string; amount: number }) => [name, amount]),
    ).to.deep.equal([
      ["Floor", 12_000],
      ["발코니", 0],
    ]);
    expect(body.sections[1].rows.at(-1).name).to.equal("AB");
    const seats = seatsOf(body);
    expect(seats.map(({ ordinal }) => ordinal)).to.deep.equal(seats.map((_, index) => index));
    expect(new Set(seats.map(({ id }) => id)).size).to.equal(80);
    expect(seats.filter(({ accessible }) => accessible)).to.have.length(2);
    for (const seat of seats)
      expect(seat).to.have.all.keys("id", "ordinal", "number", "x", "y", "accessible");
    const places = new Set(
      seats.map((seat) =>
        JSON.stringify([
          (seat as unknown as { x: number; y: number }).x,
          (seat as unknown as { x: number; y: number }).y,
        ]),
      ),
    );
    expect(places.size, "two seats stand in one place").to.equal(80);
    expect(headers["cache-control"]).to.match(/max-age=[1-9]/);
    const { etag } = headers;
    const same = await house.client.api("GET", `/performances/${show.id}/layout`, {
      headers: { "If-None-Match": etag as string },
    });
    expect([same.status, same.text, same.headers.etag]).to.deep.equal([304, "", etag]);
    const elsewhere = await house.gateways[1]?.client.api("GET", `/performances/${show.id}/layout`);
    expect(elsewhere?.headers.etag, "another gateway names it differently").to.equal(etag);
  });

  it("availability · one letter a seat, an ETag that follows every change, the same on each gateway", async () => {
    const other = await house.makeShow({ sections: SECTIONS });
    const path = `/performances/${other.id}/availability`;
    const first = await house.client.api("GET", path, { expect: 200 });
    expect(first.body).to.have.all.keys("epoch", "seq", "asOf", "counts", "seats");
    expect(first.body.seats).to.equal("A".repeat(80));
    const same = await house.client.api("GET", path, {
      headers: { "If-None-Match": first.headers.etag as string },
    });
    expect([same.status, same.text]).to.deep.equal([304, ""]);

    const inside = await house.enter(await house.fan(), other);
    const held = await house.hold(inside, { seatIds: [other.seatIds[3], other.seatIds[0]] }, { expect: 201 });
    await house.operator("POST", `/performances/${other.id}/seats/block`, {
      seatIds: [other.seatIds[79]],
      reason: "camera",
    });
    await shows(house, other, `HAAH${"A".repeat(75)}B`);
    const then = await house.client.api("GET", path, { expect: 200 });
    expect(then.headers.etag).to.not.equal(first.headers.etag);
    await house.pay(inside.fan, held.body.id);
    const sold = `OAAO${"A".repeat(75)}B`;
    await shows(house, other, sold);
    const { body } = await house.client.api("GET", path, { expect: 200 });
    expect(body.counts).to.deep.equal({ available: 77, held: 0, occupied: 2, blocked: 1 });
    expect(body.epoch, "no copy was lost in between").to.equal(then.body.epoch);
    expect(body.seq).to.be.greaterThan(then.body.seq);
    const { body: performance } = await house.client.api("GET", `/performances/${other.id}`);
    expect(performance.counts).to.deep.equal(body.counts);
    await eventually(
      async () => (await house.availability(other, house.gateways[1]?.client)).seats === sold,
      { what: "the other gateway's copy" },
    );
  });

  describe("the live feed", () => {
    let inside: Inside;
    before(async () => {
      inside = await house.enter(await house.fan(), show);
    });

    it("a snapshot, then deltas · whose seq rises by one and which make the map, on two gateways", async () => {
      const path = `/ws/v1/performances/${show.id}/seats`;
      const feeds = house.gateways.map(({ client }) => house.stream(path, inside.pass, { on: client }));
      for (const feed of feeds) {
        const snapshot = await feed.next("snapshot");
        expect(feed.frames[0]).to.equal(snapshot);
        expect(snapshot).to.have.all.keys("type", "epoch", "seq", "seats");
      }
      const held = await house.hold(inside, { seatIds: show.seatIds.slice(10, 12) }, { expect: 201 });
      await house.client.api("DELETE", `/reservations/${held.body.id}`, {
        token: inside.fan.token,
        expect: 204,
      });
      await house.hold(inside, { seatIds: [show.seatIds[20]] }, { expect: 201 });
      const wanted = `${"A".repeat(20)}H${"A".repeat(59)}`;
      for (const feed of feeds) {
        await eventually(() => mapOf(feed.frames) === wanted, { what: `the map (${mapOf(feed.frames)})` });
        for (const frame of feed.of("seats"))
          expect(frame).to.have.all.keys("type", "epoch", "seq", "changes");
      }
    });

    it("of a performance that was made just now · a hold is a delta, not another snapshot", async () => {
      const fresh = await house.makeShow();
      const holder = await house.enter(await house.fan(), fresh);
      const feed = house.stream(`/ws/v1/performances/${fresh.id}/seats`, holder.pass);
      const snapshot = await feed.next("snapshot");
      await house.hold(holder, { seatIds: [fresh.seatIds[0]] }, { expect: 201 });
      const delta = await feed.next("seats");
      expect(delta).to.include({ epoch: snapshot.epoch, seq: Number(snapshot.seq) + 1 });
      expect(delta.changes).to.deep.equal([[0, "H"]]);
      expect(feed.of("snapshot")).to.have.length(1);
    });

    it("a client that speaks · is closed with 1008", async () => {
      const feed = house.stream(`/ws/v1/performances/${show.id}/seats`, inside.pass);
      await feed.next("snapshot");
      feed.socket.send("hello");
      expect((await feed.ended()).code).to.equal(1008);
    });
  });

  describe("creating", () => {
    const create = (performance: object, queue: object = {}, sections?: object[]) =>
      house.operator(
        "POST",
        `/events/${show.eventId}/performances`,
        newShow({ performance, queue, ...(sections && { sections }) }),
      );

    it("out of bounds · 400 with the field's path, and nothing is made", async () => {
      const before = await house.client.api("GET", `/events/${show.eventId}`);
      const section = { name: "S", rows: 1, seatsPerRow: 1, amount: 1 };
      const wrong: [object, object, object[] | undefined, string][] = [
        [{ maxSeatsPerFan: 0 }, {}, undefined, "maxSeatsPerFan"],
        [{ maxSeatsPerFan: 21 }, {}, undefined, "maxSeatsPerFan"],
        [{ holdSeconds: 4 }, {}, undefined, "holdSeconds"],
        [{ holdSeconds: 3_601 }, {}, undefined, "holdSeconds"],
        [{ holdSeconds: 60.5 }, {}, undefined, "holdSeconds"],
        [{ currency: "eur" }, {}, undefined, "currency"],
        [{ currency: "ZZZ" }, {}, undefined, "currency"],
        [{ startsAt: "tomorrow" }, {}, undefined, "startsAt"],
        [{ startsAt: "2035-05-01" }, {}, undefined, "startsAt"],
        [{ startsAt: "2035-02-30T10:00:00Z" }, {}, undefined, "startsAt"],
        [{}, { ratePerMinute: 0 }, undefined, "queue.ratePerMinute"],
        [{}, { ratePerMinute: 60_001 }, undefined, "queue.ratePerMinute"],
        [{}, { maxActive: 0 }, undefined, "queue.maxActive"],
        [{}, { maxActive: 1_000_001 }, undefined, "queue.maxActive"],
        [{}, { arrivalSeconds: 4 }, undefined, "queue.arrivalSeconds"],
        [{}, { sessionSeconds: 7_201 }, undefined, "queue.sessionSeconds"],
        [{}, { graceSeconds: 3_601 }, undefined, "queue.graceSeconds"],
        [{}, { closesAt: "2001-01-01T00:00:00Z" }, undefined, "queue.closesAt"],
        [{}, { lobbyOpensAt: "2035-01-01T00:00:00Z" }, undefined, "queue.lobbyOpensAt"],
        [{}, { color: "red" }, undefined, "queue.color"],
        [{}, {}, [], "sections"],
        [{}, {}, [{ ...section, amount: -1 }], "sections.0.amount"],
        [{}, {}, [{ ...section, amount: 0.5 }], "sections.0.amount"],
        [{}, {}, [{ ...section, rows: 0 }], "sections.0.rows"],
        [{}, {}, [{ ...section, accessibleSeats: 2 }], "sections.0.accessibleSeats"],
        [{}, {}, [section, section], "sections.1.name"],
      ];
      for (const [performance, queue, sections, path] of wrong) {
        const { status, body } = await create(performance, queue, sections);
        expect([status, body.code, body.errors?.[0]?.path]).to.deep.equal([400, "VALIDATION_FAILED", path]);
      }
      const many = { ...section, rows: 500, seatsPerRow: 101 };
      expect((await create({}, {}, [many])).status, "50,500 seats").to.equal(400);
      const after = await house.client.api("GET", `/events/${show.eventId}`);
      expect(after.body).to.deep.equal(before.body);
    });

    it("with an offset · times come back in UTC", async () => {
      const { body } = await create({ startsAt: "2035-05-01T21:30:00+02:00" });
      expect(body.startsAt).to.equal("2035-05-01T19:30:00.000Z");
    });

    it("of an unknown event · 404", async () => {
      await house.operator("POST", `/events/${v7()}/performances`, newShow(), 404);
    });

    it("50,000 seats · in a few seconds, and the whole map fits", async function () {
      this.timeout(30_000);
      const sections = Array.from({ length: 10 }, (_, index) => ({
        ...{ name: `Block ${index}`, rows: 50, seatsPerRow: 100, amount: 1_000 },
      }));
      const large = await house.makeShow({ sections });
      expect(large.seatIds).to.have.length(50_000);
      expect((await house.availability(large)).seats).to.equal("A".repeat(50_000));
    });
  });
});

function mapOf(frames: readonly Frame[]): string {
  const [snapshot, ...deltas] = frames;
  const map = [...(snapshot?.seats ?? "")];
  let { epoch, seq } = snapshot ?? { epoch: 0, seq: 0 };
  for (const delta of deltas) {
    expect([delta.type, delta.epoch, delta.seq]).to.deep.equal(["seats", epoch, seq + 1]);
    ({ epoch, seq } = delta);
    for (const [ordinal, letter] of delta.changes) map[ordinal] = letter;
  }
  return map.join("");
}

async function shows(house: House, show: Show, seats: string): Promise<void> {
  let last = "";
  await eventually(
    async () => {
      last = (await house.availability(show)).seats;
      return last === seats;
    },
    { what: `the map ${seats}` },
  ).catch((error: Error) => {
    throw new Error(`${error.message}; the last was ${last}`);
  });
}
