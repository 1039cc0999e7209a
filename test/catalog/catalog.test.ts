import { expect } from "chai";
import supertest from "supertest";
import { v7 } from "uuid";
import { type Catalog, createCatalog, type NewPerformance } from "../../src/catalog/index.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { type Database, DEFAULT_LIMITS, inTransaction, openDatabase } from "../../src/platform/postgres.ts";
import { nobody, type ServedRoutes, serveRoutes } from "../support/http.ts";
import { type TestDatabase, testServers } from "../support/servers.ts";

const counts = { available: 3, held: 2, occupied: 1, blocked: 0 };

describe("catalog", () => {
  let database: TestDatabase;
  let db: Database;
  let catalog: Catalog;
  let served: ServedRoutes;
  let queries: string[];

  const open = () => createCatalog({ db, log: createLogger("test", "silent"), counts: async () => counts });
  const get = (path: string) => supertest(served.url).get(`/api/v1${path}`);

  before(async () => {
    database = await (await testServers()).createDatabase();
  });
  beforeEach(async () => {
    db = openDatabase(database.url, 4, "test-catalog");
    queries = [];
    db.on("query", ({ sql }) => queries.push(sql));
    catalog = open();
    served = await serveRoutes(catalog.routes, nobody);
  });
  afterEach(async () => {
    await served.close();
    await db.destroy();
  });
  after(() => database.drop());

  const makeEvent = (title = "Aria") =>
    inTransaction(db, DEFAULT_LIMITS, (trx) => catalog.createEvent(trx, { title, venue: "Hall" }));

  function makePerformance(eventId: string, input: Partial<NewPerformance> = {}) {
    const sections = [
      { name: 'The "Floor"', rows: 2, seatsPerRow: 3, amount: 12_000, accessibleSeats: 1 },
      { name: "Balcony", rows: 1, seatsPerRow: 2, amount: 0 },
    ];
    const startsAt = new Date("2030-05-01T19:30:00Z");
    const rest = { startsAt, currency: "KRW", holdSeconds: 300, maxSeatsPerFan: 4, sections, queueId: v7() };
    return inTransaction(db, DEFAULT_LIMITS, (trx) =>
      catalog.createPerformance(trx, eventId, { ...rest, ...input }),
    );
  }

  it("GET events/{id} · with performances · shows them by start", async () => {
    const event = await makeEvent();
    const later = await makePerformance(event.id);
    const sooner = await makePerformance(event.id, { startsAt: new Date("2029-01-01T00:00:00Z") });
    const { body } = await get(`/events/${event.id}`).expect(200);
    expect(body).to.deep.include({ id: event.id, title: "Aria", venue: "Hall", description: null });
    expect(body.createdAt).to.match(/^\d{4}-.*\.\d{3}Z$/);
    expect(body.performances.map(({ id }: { id: string }) => id)).to.eql([sooner?.id, later?.id]);
    expect(body.performances[1]).to.eql({
      id: later?.id,
      eventId: event.id,
      startsAt: "2030-05-01T19:30:00.000Z",
      currency: "KRW",
      seatCount: 8,
      maxSeatsPerFan: 4,
      holdSeconds: 300,
      queueId: later?.queueId,
    });
  });

  it("GET events · more than a page · walks them newest first, each once", async () => {
    const made: string[] = [];
    for (let i = 0; i < 5; i += 1) made.unshift((await makeEvent(`E${i}`)).id);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: supertest.Response = await get(
        `/events?limit=2${cursor ? `&cursor=${cursor}` : ""}`,
      ).expect(200);
      seen.push(...page.body.items.map(({ id }: { id: string }) => id));
      cursor = page.body.nextCursor;
    } while (cursor);
    expect(seen.slice(0, 5)).to.eql(made);
    expect(new Set(seen).size).to.equal(seen.length);
  });

  for (const query of ["limit=0", "limit=101", "limit=x", "cursor=!!", "cursor=abc", "page=2"]) {
    it(`GET events · with ${query} · answers 400`, async () => {
      const { body } = await get(`/events?${query}`).expect(400);
      expect(body.code).to.equal("VALIDATION_FAILED");
      expect(body.errors).to.have.length(1);
    });
  }

  it("GET performances/{id} · joins the facts with the counts it is given", async () => {
    const event = await makeEvent();
    const made = await makePerformance(event.id);
    const { body } = await get(`/performances/${made?.id}`).expect(200);
    expect(body).to.deep.include({ id: made?.id, seatCount: 8, queueId: made?.queueId, counts });
    expect(body).not.to.have.property("layoutVersion");
  });

  const strangers = {
    "an unknown id": v7(),
    "no id at all": "nonsense",
    "a NUL": "%00",
    "an id in brackets": `[${v7()}]`,
    "an id in braces": `{${v7()}}`,
  };
  for (const [what, id] of Object.entries(strangers)) {
    it(`GET of one thing · by ${what} · answers 404`, async () => {
      for (const path of [`/events/${id}`, `/performances/${id}`, `/performances/${id}/layout`]) {
        const { body } = await get(path).expect(404);
        expect(body.code).to.equal("NOT_FOUND");
      }
    });
  }

  it("GET layout · names every seat once, in ordinal order", async () => {
    const event = await makeEvent();
    const made = await makePerformance(event.id);
    const { body, headers } = await get(`/performances/${made?.id}/layout`).expect(200);
    expect(headers["content-type"]).to.equal("application/json; charset=utf-8");
    expect(headers["cache-control"]).to.equal("public, max-age=3600, immutable");
    expect(headers.etag).to.match(/^W\/"[\w-]{22}"$/);
    expect(body.version).to.equal(1);
    const [floor, balcony] = body.sections;
    expect([floor.name, floor.amount, balcony.name, balcony.amount]).to.eql([
      'The "Floor"',
      12_000,
      "Balcony",
      0,
    ]);
    expect(floor.rows.map(({ name }: { name: string }) => name)).to.eql(["A", "B"]);
    const seats = body.sections.flatMap((s: { rows: { seats: object[] }[] }) =>
      s.rows.flatMap((r) => r.seats),
    );
    expect(seats.map(({ ordinal }: { ordinal: number }) => ordinal)).to.eql([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(seats.map(({ number }: { number: number }) => number)).to.eql([1, 2, 3, 1, 2, 3, 1, 2]);
    expect(seats.filter((seat: { accessible: boolean }) => seat.accessible)).to.have.length(1);
    expect(new Set(seats.map(({ id }: { id: string }) => id)).size).to.equal(8);
  });

  it("GET layout · with the ETag it gave · answers 304 without a body", async () => {
    const event = await makeEvent();
    const made = await makePerformance(event.id);
    const path = `/performances/${made?.id}/layout`;
    const { etag } = (await get(path)).headers;
    for (const header of [etag as string, String(etag).replace("W/", ""), `"other", ${etag}`, "*"]) {
      const answer = await get(path).set("If-None-Match", header).expect(304);
      expect(answer.headers.etag).to.equal(etag);
      expect(answer.text).to.equal("");
    }
    await get(path).set("If-None-Match", '"other"').expect(200);
  });

  it("GET layout · with and without compression · is the same, under the same ETag, and caches are told", async () => {
    const event = await makeEvent();
    const made = await makePerformance(event.id);
    const path = `/performances/${made?.id}/layout`;
    const packed = await get(path).set("Accept-Encoding", "gzip").expect(200);
    const plain = await get(path).set("Accept-Encoding", "identity").expect(200);
    expect(packed.headers["content-encoding"]).to.equal("gzip");
    expect(plain.headers).not.to.have.property("content-encoding");
    expect(plain.text).to.equal(packed.text);
    for (const { headers } of [packed, plain]) expect(headers.vary).to.include("Accept-Encoding");
    expect(plain.headers.etag).to.equal(packed.headers.etag);
  });

  it("GET layout · the same from a second process · has the same ETag", async () => {
    const event = await makeEvent();
    const made = await makePerformance(event.id);
    const other = await serveRoutes(open().routes, nobody);
    const path = `/api/v1/performances/${made?.id}/layout`;
    const tags = await Promise.all([served.url, other.url].map((url) => supertest(url).get(path)));
    await other.close();
    expect(tags[0]?.headers.etag).to.equal(tags[1]?.headers.etag);
  });

  it("createPerformance · no such event · answers null and leaves nothing", async () => {
    expect(await makePerformance(v7())).to.equal(null);
  });

  it("createPerformance · the transaction fails later · leaves nothing", async () => {
    const event = await makeEvent();
    let id = "";
    const failed = inTransaction(db, DEFAULT_LIMITS, async (trx) => {
      const input = {
        startsAt: new Date(),
        currency: "EUR",
        holdSeconds: 30,
        maxSeatsPerFan: 1,
        queueId: v7(),
      };
      const sections = [{ name: "A", rows: 1, seatsPerRow: 1, amount: 1 }];
      const made = await catalog.createPerformance(trx, event.id, { ...input, sections });
      id = made?.id ?? "";
      throw new Error("no queue");
    });
    await failed.catch(() => undefined);
    expect(await catalog.facts(id)).to.equal(null);
  });

  it("seatMap · knows each seat by id and by ordinal, and nobody else's", async () => {
    const event = await makeEvent();
    const made = await makePerformance(event.id);
    const map = await catalog.seatMap(made?.id ?? "");
    if (!map) throw new Error("no map");
    for (let ordinal = 0; ordinal < 8; ordinal += 1) {
      expect(map.ordinalOf(map.ids[ordinal] as string)).to.equal(ordinal);
    }
    expect(map.describe(4)).to.eql({
      id: map.ids[4],
      ordinal: 4,
      section: 'The "Floor"',
      row: "B",
      number: 2,
      amount: 12_000,
    });
    expect(map.describe(7)).to.deep.include({ section: "Balcony", row: "A", number: 2, amount: 0 });
    expect(map.ordinalOf(v7())).to.equal(undefined);
    expect(() => map.describe(8)).to.throw(RangeError);
    expect(() => map.describe(-1)).to.throw(RangeError);
  });

  it("50,000 seats · are made in five statements and read by a crowd with one load", async function () {
    this.timeout(30_000);
    const event = await makeEvent();
    queries.length = 0;
    const sections = Array.from({ length: 100 }, (_, i) => ({
      name: `S${i}`,
      rows: 20,
      seatsPerRow: 25,
      amount: i,
    }));
    const made = await makePerformance(event.id, { sections });
    expect(queries.filter((sql) => sql.includes("INSERT INTO seats"))).to.have.length(5);

    const path = `/performances/${made?.id}/layout`;
    queries.length = 0;
    const answers = await Promise.all(Array.from({ length: 20 }, () => get(path).expect(200)));
    const seatQueries = queries.filter((sql) => sql.includes('from "seats"'));
    // 10,000 a query.
    expect(seatQueries).to.have.length(5);
    expect(new Set(answers.map(({ headers }) => headers.etag)).size).to.equal(1);
    const ids = answers[0]?.body.sections.flatMap((s: { rows: { seats: { id: string }[] }[] }) =>
      s.rows.flatMap((r) => r.seats.map(({ id }) => id)),
    );
    expect(new Set(ids).size).to.equal(50_000);

    queries.length = 0;
    await get(path).expect(200);
    expect(queries).to.eql([]);
  });
});
