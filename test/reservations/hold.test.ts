import { expect } from "chai";
import { v7 } from "uuid";
import { eventually } from "../support/wait.ts";
import { passOf } from "./plain-queue.ts";
import { type Fan, type Hall, openWorld, tally, type World } from "./world.ts";

describe("holding seats", () => {
  let world: World;
  let hall: Hall;
  let fan: Fan;

  before(async () => {
    world = await openWorld();
  });
  beforeEach(async () => {
    hall = await world.makeHall();
    fan = await world.makeFan();
    world.queueCalls.length = 0;
  });
  afterEach(() => world.expectInvariants());
  after(() => world.close());

  it("hold · free seats · 201 with the whole reservation", async () => {
    const asked = Date.now();
    const answer = await world.hold(fan, hall, [3, 1]);
    expect(answer.status).to.equal(201);
    const { id, expiresAt, ...rest } = answer.body;
    expect(rest).to.deep.equal({
      performanceId: hall.id,
      status: "HELD",
      version: 1,
      seats: [1, 3].map((ordinal) => hall.map.describe(ordinal)),
      totalAmount: 100_000,
      currency: "KRW",
      extendedUntil: null,
    });
    expect(Date.parse(expiresAt) - asked).to.be.within(59_000, 62_000);
    expect(answer.headers.get("location")).to.equal(`/api/v1/reservations/${id}`);
    expect(answer.headers.get("etag")).to.equal('"1"');
    expect(await world.letters(hall)).to.equal(`AHAH${"A".repeat(16)}`);
  });

  it("hold · made · the queue is told how long it lives", async () => {
    const { expiresAt } = await world.held(fan, hall, [0]);
    const { userId, ticketId } = fan;
    await eventually(() => world.queueCalls.length === 2, { what: "the queue's news" });
    expect(world.queueCalls).to.deep.equal([
      { call: "useSlot", userId, ticketId, holdSeconds: 60 },
      { call: "holdsChanged", userId, ticketId, liveUntil: new Date(expiresAt) },
    ]);
  });

  /** Statements of the transaction that made a hold, but for BEGIN and COMMIT, for one seat and for twenty. */
  async function statementsOfHolds(
    prepare: (hall: Hall, seats: number[]) => Promise<void>,
  ): Promise<number[]> {
    const big = await world.makeHall({ rows: 10, maxSeatsPerFan: 20 });
    const counts: number[] = [];
    for (const seats of [[0], Array.from({ length: 20 }, (_, index) => 20 + index)]) {
      await prepare(big, seats);
      const statements: { sql: string; __knexTxId: string }[] = [];
      const listen = (query: { sql: string; __knexTxId: string }) => void statements.push(query);
      world.db.on("query", listen);
      const answer = await world.hold(fan, big, seats, { "Idempotency-Key": v7() });
      world.db.removeListener("query", listen);
      expect(answer.status, answer.text).to.equal(201);
      const taking = statements.findLast(({ sql }) => sql.includes("INSERT INTO reservations"));
      const inTransaction = statements.filter(
        ({ __knexTxId, sql }) => __knexTxId === taking?.__knexTxId && !/^(BEGIN|COMMIT)/.test(sql),
      );
      counts.push(inTransaction.length);
      await world.request("DELETE", `/reservations/${answer.body.id}`, fan);
    }
    return counts;
  }

  it("D3 · hold · the transaction · takes at most four statements, for one seat as for twenty, the key included", async () => {
    expect(await statementsOfHolds(async () => undefined)).to.deep.equal([4, 4]);
  });

  it("D3 · hold · judged alone · takes at most eight statements, for one seat as for twenty, takeover and key included", async () => {
    const other = await world.makeFan();
    const counts = await statementsOfHolds(async (big, seats) => {
      await world.lapse((await world.held(other, big, seats)).id);
    });
    expect(counts).to.deep.equal([8, 8]);
  });

  it("hold · a seat is held by another · 409 says which and what it is now, and takes none", async () => {
    await world.held(await world.makeFan(), hall, [5]);
    const answer = await world.hold(fan, hall, [4, 5]);
    expect(answer.status).to.equal(409);
    expect(answer.body.code).to.equal("SEAT_TAKEN");
    expect(answer.body.seats).to.deep.equal([{ id: hall.seatIds[5], ordinal: 5, state: "HELD" }]);
    expect(await world.letters(hall)).to.equal(`AAAAAH${"A".repeat(14)}`);
  });

  it("hold · a seat is blocked or sold · 409 with its state", async () => {
    await world.db.transaction((trx) => world.reservations.blockSeats(trx, hall.id, [7], "camera"));
    const sold = await world.held(await world.makeFan(), hall, [8]);
    await world.pay({ ...fan, userId: (await owner(sold.id)) ?? "" }, sold.id);
    const answer = await world.hold(fan, hall, [6, 7, 8]);
    expect(answer.body.seats.map(({ state }: { state: string }) => state)).to.deep.equal([
      "BLOCKED",
      "OCCUPIED",
    ]);
  });

  const owner = async (id: string) =>
    (await world.db("reservations").where({ id }).first("user_id"))?.user_id;

  it("hold · more seats than one fan may have · SEAT_LIMIT, in one request or over several", async () => {
    expect((await world.hold(fan, hall, [0, 1, 2, 3, 4])).body.code).to.equal("SEAT_LIMIT");
    const first = await world.held(fan, hall, [0, 1, 2]);
    expect((await world.hold(fan, hall, [3, 4])).body.code).to.equal("SEAT_LIMIT");
    await world.held(fan, hall, [3]);
    await world.pay(fan, first.id);
    expect((await world.hold(fan, hall, [4])).body.code).to.equal("SEAT_LIMIT");
  });

  it("hold · an own hold has lapsed unswept · it does not count", async () => {
    const first = await world.held(fan, hall, [0, 1, 2, 3]);
    await world.lapse(first.id);
    await world.held(fan, hall, [4, 5, 6, 7]);
    expect(await world.reservations.sweep(10)).to.equal(1);
  });

  it("hold · another performance's hold · does not count", async () => {
    const other = await world.makeHall();
    await world.held(fan, hall, [0, 1, 2, 3]);
    await world.held(fan, other, [0, 1, 2, 3]);
  });

  for (const [what, pass, code] of [
    ["no pass", () => "", "PASS_REQUIRED"],
    ["another performance's pass", () => passOf(fan, { id: v7() }), "PASS_REQUIRED"],
    ["an expired pass", () => passOf(fan, hall, "expired"), "PASS_EXPIRED"],
    ["another account's pass", () => passOf({ userId: v7(), ticketId: v7() }, hall), "PASS_REQUIRED"],
  ] as const) {
    it(`hold · ${what} · 403 ${code}`, async () => {
      const answer = await world.hold(fan, hall, [0], { "Queue-Pass": pass() });
      expect([answer.status, answer.body.code]).to.deep.equal([403, code]);
    });
  }

  it("hold · the slot was taken away · 403 PASS_REVOKED", async () => {
    world.revoked.add(fan.ticketId);
    const answer = await world.hold(fan, hall, [0]);
    expect([answer.status, answer.body.code]).to.deep.equal([403, "PASS_REVOKED"]);
  });

  it("F18 · hold · a seat twice, both forms, none, unknown fields, a foreign seat · 400", async () => {
    const seat = hall.seatIds[0];
    const bodies = [
      { seatIds: [seat, seat] },
      { seatIds: [seat], bestAvailable: { quantity: 1 } },
      {},
      { seatIds: [] },
      { seatIds: [seat], more: 1 },
      { seatIds: [v7()] },
      { seatIds: "all" },
      { bestAvailable: { quantity: 0 } },
      { bestAvailable: { quantity: 1, sectionId: v7() } },
    ];
    for (const body of bodies) {
      const answer = await world.hold(fan, hall, body);
      expect([answer.status, answer.body.code], JSON.stringify(body)).to.deep.equal([
        400,
        "VALIDATION_FAILED",
      ]);
    }
    expect((await world.held(fan, hall, [0])).status).to.equal("HELD");
  });

  it("F27 · hold · one pass copied to two clients · they are one fan: no more seats than one may have, and paying asks for the owner", async () => {
    const thief = await world.makeFan();
    const pass = { "Queue-Pass": passOf(fan, hall) };
    const seats = Array.from({ length: 8 }, (_, seat) => seat);
    const answers = await Promise.all(seats.map((seat) => world.hold(fan, hall, [seat], pass)));
    expect(tally(answers)).to.deep.equal({ "201": 4, "409 SEAT_LIMIT": 4 });
    expect((await world.hold(thief, hall, [9], pass)).body.code).to.equal("PASS_REQUIRED");
    const held = answers.find(({ status }) => status === 201);
    expect((await world.pay(thief, held?.body.id)).status).to.equal(404);
    world.revoked.add(fan.ticketId);
    expect((await world.hold(fan, hall, [9], pass)).body.code).to.equal("PASS_REVOKED");
    expect((await world.pay(fan, held?.body.id)).status, "paying needs no pass").to.equal(201);
  });

  it("hold · no such performance · 404", async () => {
    const gone = { ...hall, id: v7() };
    expect((await world.hold(fan, gone, [0])).status).to.equal(404);
  });

  it("hold · no access token · 401", async () => {
    const answer = await world.request("POST", `/performances/${hall.id}/reservations`, null, {
      body: { seatIds: [hall.seatIds[0]] },
    });
    expect(answer.status).to.equal(401);
  });

  it("hold · the lock is held by someone · SEAT_CONTENDED, retryable, nothing read from the database", async () => {
    const { Redis } = await import("ioredis");
    const redis = new Redis(world.redisUrl);
    await redis.set(`{perf:${hall.id}}:lock:seat:3`, "another", "PX", 5_000);
    const answer = await world.hold(fan, hall, [2, 3]);
    redis.disconnect();
    expect([answer.status, answer.body.code, answer.body.retryable]).to.deep.equal([
      409,
      "SEAT_CONTENDED",
      true,
    ]);
    await world.held(fan, hall, [2]);
  });

  it("hold · refused · leaves no lock behind", async () => {
    await world.held(await world.makeFan(), hall, [1]);
    await world.hold(fan, hall, [0, 1]);
    await world.held(fan, hall, [0]);
  });
});
