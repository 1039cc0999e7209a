import { expect } from "chai";
import { v7 } from "uuid";
import { newPerformance, OPERATOR, openWorld, type World } from "./world.ts";

describe("operator: productions", () => {
  let world: World;
  before(async () => {
    world = await openWorld();
  });
  after(() => world.close());

  const makeEvent = async () =>
    (await world.request("post", "/operator/events", { title: "Aria", venue: "Hall" })).body;
  const create = async (body: object) =>
    world.request("post", `/operator/events/${(await makeEvent()).id}/performances`, body);
  const rows = async (table: string) => Number((await world.db(table).count())[0]?.count);

  it("POST events · answers the event where Location says, and writes it down", async () => {
    const { body, headers } = await world
      .request("post", "/operator/events", { title: "Aria", venue: "Hall", description: "One\nnight" })
      .expect(201);
    expect(body).to.deep.include({
      title: "Aria",
      venue: "Hall",
      description: "One\nnight",
      performances: [],
    });
    expect(headers.location).to.equal(`/api/v1/events/${body.id}`);
    const read = await world.request("get", `/events/${body.id}`).expect(200);
    expect(read.body).to.eql(body);
    expect((await world.audit()).at(-1)).to.deep.include({
      actor_id: OPERATOR.userId,
      actor: "Ada",
      action: "event.create",
      subject_id: body.id,
      before: null,
      after: { title: "Aria", venue: "Hall", description: "One\nnight" },
    });
  });

  const badEvents: [string, object, string][] = [
    ["no title", { venue: "Hall" }, "title"],
    ["a blank title", { title: "  ", venue: "Hall" }, "title"],
    ["a NUL in the venue", { title: "A", venue: "H\u0000" }, "venue"],
    ["half a surrogate pair", { title: "A\ud800", venue: "H" }, "title"],
    ["a title of 201 characters", { title: "x".repeat(201), venue: "H" }, "title"],
    ["a number as description", { title: "A", venue: "H", description: 1 }, "description"],
    ["an unknown field", { title: "A", venue: "H", price: 1 }, "price"],
  ];
  for (const [what, body, path] of badEvents) {
    it(`POST events · with ${what} · answers 400 at its path`, async () => {
      const answer = await world.request("post", "/operator/events", body).expect(400);
      expect(answer.body.code).to.equal("VALIDATION_FAILED");
      expect(answer.body.errors.map((error: { path: string }) => error.path)).to.eql([path]);
    });
  }

  for (const role of ["fan", "gate"] as const) {
    it(`every operator route · for a ${role} · answers 403, but for those of the gate`, async () => {
      for (const { method, path } of world.operator.routes.filter(
        ({ access }) => role === "fan" || access !== "gate",
      )) {
        const address = path.replace(/:\w+/g, v7());
        const answer = await world.request(method as "get", address, method === "get" ? undefined : {}, role);
        expect(answer.status, `${method} ${path}`).to.equal(403);
      }
    });
  }

  it("POST performances · makes seats, states and queue together, and answers all of it", async () => {
    const { body, headers } = await create(newPerformance());
    expect(headers.location).to.equal(`/api/v1/performances/${body.id}`);
    expect(body).to.deep.include({ seatCount: 14, currency: "EUR", holdSeconds: 300, maxSeatsPerFan: 4 });
    expect(body.counts).to.eql({ available: 14, held: 0, occupied: 0, blocked: 0 });
    expect(body.queue).to.deep.include({
      ...newPerformance().queue,
      overbook: 1.5,
      mode: "fixed",
      closesAt: null,
    });
    const read = await world.request("get", `/performances/${body.id}`).expect(200);
    expect(read.body.queueId).to.equal(body.queueId);
    expect(await world.db("seat_states").where({ performance_id: body.id })).to.have.length(14);
    expect(await world.db("queues").where({ id: body.queueId })).to.have.length(1);
    expect(world.calls.at(-1)).to.equal(`initialise ${body.queueId}`);
    const [entry] = await world.db("audit_log").where({ subject_id: body.id });
    expect(entry).to.deep.include({ action: "performance.create", before: null });
    expect(entry.after.sections).to.eql(newPerformance().sections);
    expect(entry.after.queue).to.eql(body.queue);
  });

  it("POST performances · the queue cannot be loaded now · is made all the same", async () => {
    world.failing.add("initialise");
    const answer = await create(newPerformance());
    world.failing.clear();
    expect(answer.status).to.equal(201);
    expect(await world.db("queues").where({ id: answer.body.queueId })).to.have.length(1);
  });

  it("POST performances · the queue's row cannot be written · leaves nothing", async () => {
    const before = [await rows("performances"), await rows("seats"), await rows("seat_states")];
    world.failing.add("createQueue");
    const answer = await create(newPerformance());
    world.failing.clear();
    expect(answer.status).to.equal(500);
    expect([await rows("performances"), await rows("seats"), await rows("seat_states")]).to.eql(before);
    expect(await world.db("audit_log").where({ action: "performance.create" })).to.have.length(
      await rows("performances"),
    );
  });

  it("POST performances · of no event · answers 404", async () => {
    const { body } = await world
      .request("post", `/operator/events/${v7()}/performances`, newPerformance())
      .expect(404);
    expect(body.code).to.equal("NOT_FOUND");
  });

  const section = { name: "A", rows: 1, seatsPerRow: 1, amount: 1 };
  const ofSection = (change: object) => ({ sections: [{ ...section, ...change }] });
  const ofQueue = (change: object) => ({ queue: { ...newPerformance().queue, ...change } });
  const bad: [string, object, string[]][] = [
    ["holdSeconds 29", { holdSeconds: 29 }, ["holdSeconds"]],
    ["holdSeconds 3601", { holdSeconds: 3_601 }, ["holdSeconds"]],
    ["maxSeatsPerFan 21", { maxSeatsPerFan: 21 }, ["maxSeatsPerFan"]],
    ["maxSeatsPerFan 0", { maxSeatsPerFan: 0 }, ["maxSeatsPerFan"]],
    ["currency euro", { currency: "euro" }, ["currency"]],
    ["startsAt tomorrow", { startsAt: "tomorrow" }, ["startsAt"]],
    ["startsAt on 30 February", { startsAt: "2030-02-30T10:00:00Z" }, ["startsAt"]],
    ["no sections", { sections: [] }, ["sections"]],
    ["101 sections", { sections: Array(101).fill(section) }, ["sections"]],
    ["rows 501", ofSection({ rows: 501 }), ["sections.0.rows"]],
    ["seatsPerRow 0", ofSection({ seatsPerRow: 0 }), ["sections.0.seatsPerRow"]],
    ["a negative amount", ofSection({ amount: -1 }), ["sections.0.amount"]],
    ["rows as text", ofSection({ rows: "1" }), ["sections.0.rows"]],
    [
      "50,001 seats",
      {
        sections: [
          { ...section, rows: 100, seatsPerRow: 500 },
          { ...section, name: "B" },
        ],
      },
      ["sections"],
    ],
    ["one name twice", { sections: [section, section] }, ["sections.1.name"]],
    ["too many accessible seats", ofSection({ accessibleSeats: 2 }), ["sections.0.accessibleSeats"]],
    ["ratePerMinute 60,001", ofQueue({ ratePerMinute: 60_001 }), ["queue.ratePerMinute"]],
    ["no queue", { queue: undefined }, ["queue"]],
    ["opensAt on 30 February", ofQueue({ opensAt: "2030-02-30T10:00:00Z" }), ["queue.opensAt"]],
    ["a lobby after the opening", ofQueue({ lobbyOpensAt: "2030-01-01T10:00:01Z" }), ["queue.lobbyOpensAt"]],
    ["closing at the opening", ofQueue({ closesAt: "2030-01-01T10:00:00Z" }), ["queue.closesAt"]],
    ["an unknown field", { colour: "red" }, ["colour"]],
    ["an unknown field of the queue", ofQueue({ speed: 1 }), ["queue.speed"]],
  ];
  for (const [what, change, paths] of bad) {
    it(`POST performances · with ${what} · answers 400 at ${paths}`, async () => {
      const { status, body } = await create({ ...newPerformance(), ...change });
      expect(status).to.equal(400);
      expect(body.code).to.equal("VALIDATION_FAILED");
      expect([...new Set(body.errors.map((error: { path: string }) => error.path))]).to.eql(paths);
    });
  }

  it("POST performances · 50,000 seats · is done in one request", async function () {
    this.timeout(30_000);
    const sections = Array.from({ length: 5 }, (_, i) => ({
      ...section,
      name: `S${i}`,
      rows: 100,
      seatsPerRow: 100,
    }));
    const { status, body } = await create({ ...newPerformance(), sections });
    expect(status).to.equal(201);
    expect(body.seatCount).to.equal(50_000);
  });

  it("POST performances · with limits off · takes durations from 5 seconds", async () => {
    const request = newPerformance();
    request.holdSeconds = 5;
    Object.assign(request.queue, { arrivalSeconds: 5, sessionSeconds: 5, graceSeconds: 5 });
    const strict = await create(request);
    expect(strict.body.errors.map((error: { path: string }) => error.path)).to.have.members([
      "holdSeconds",
      "queue.arrivalSeconds",
      "queue.sessionSeconds",
      "queue.graceSeconds",
    ]);
    const free = await openWorld({ limits: false });
    try {
      const event = await free.request("post", "/operator/events", { title: "A", venue: "H" });
      const path = `/operator/events/${event.body.id}/performances`;
      await free.request("post", path, request).expect(201);
      await free.request("post", path, { ...request, holdSeconds: 4 }).expect(400);
    } finally {
      await free.close();
    }
  });
});
