import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { openDatabase } from "../../src/platform/postgres.ts";
import { claimOf, createIdempotency } from "../../src/reservations/idempotency.ts";
import { loadReservationStatements } from "../../src/reservations/statements.ts";
import { type Fan, type Hall, openWorld, tally, type World } from "./world.ts";

describe("idempotency of a hold", () => {
  let world: World;
  let hall: Hall;
  let fan: Fan;
  let key: string;

  before(async () => {
    world = await openWorld();
  });
  beforeEach(async () => {
    hall = await world.makeHall();
    fan = await world.makeFan();
    key = randomUUID();
  });
  afterEach(() => world.expectInvariants());
  after(() => world.close());

  const hold = (seats: readonly number[], where = hall) =>
    world.hold(fan, where, seats, { "Idempotency-Key": key });

  it("F14 · hold · 50 at once with one key, from two gateways · one effect, every 201 the same bytes", async () => {
    const other = await openWorld({ beside: world });
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        (index % 2 ? world : other).hold(fan, hall, [0, 1], { "Idempotency-Key": key }),
      ),
    );
    await other.close();
    const { "201": made = 0, ...others } = tally(answers);
    expect(made).to.be.at.least(1);
    expect(Object.keys(others).filter((kind) => kind !== "409 IDEMPOTENCY_IN_PROGRESS")).to.deep.equal([]);
    const texts = new Set(answers.filter(({ status }) => status === 201).map(({ text }) => text));
    expect(texts.size).to.equal(1);
    expect(await world.db("reservations").where({ user_id: fan.userId })).to.have.length(1);
  });

  it("hold · again with the same key · the same answer byte for byte, marked as a replay", async () => {
    const first = await hold([0]);
    await world.request("DELETE", `/reservations/${first.body.id}`, fan);
    const again = await hold([0]);
    expect([again.status, again.text]).to.deep.equal([201, first.text]);
    for (const name of ["content-type", "location", "etag"])
      expect(again.headers.get(name)).to.equal(first.headers.get(name));
    expect([
      first.headers.get("idempotent-replayed"),
      again.headers.get("idempotent-replayed"),
    ]).to.deep.equal([null, "true"]);
    expect(await world.letters(hall)).to.equal("A".repeat(20));
  });

  it("hold · again when the pass is over · still the same answer", async () => {
    const first = await hold([0]);
    world.revoked.add(fan.ticketId);
    expect((await hold([0])).text).to.equal(first.text);
    const withoutPass = await world.request("POST", `/performances/${hall.id}/reservations`, fan, {
      body: { seatIds: [hall.seatIds[0]] },
      headers: { "Idempotency-Key": key },
    });
    expect(withoutPass.text).to.equal(first.text);
  });

  it("hold · the same key with another body · 422", async () => {
    await hold([0]);
    const answer = await hold([1]);
    expect([answer.status, answer.body.code]).to.deep.equal([422, "IDEMPOTENCY_MISMATCH"]);
  });

  it("hold · the same key of another fan, or for another performance · is another key", async () => {
    await hold([0]);
    expect((await hold([0], await world.makeHall())).status).to.equal(201);
    const answer = await world.hold(await world.makeFan(), hall, [1], { "Idempotency-Key": key });
    expect([answer.status, answer.headers.get("idempotent-replayed")]).to.deep.equal([201, null]);
  });

  it("hold · refused without an effect · the key may be used again", async () => {
    const other = await world.held(await world.makeFan(), hall, [0]);
    expect((await hold([0])).body.code).to.equal("SEAT_TAKEN");
    await world.db("reservations").where({ id: other.id }).first();
    await world.lapse(other.id);
    expect((await hold([0])).status).to.equal(201);
  });

  it("hold · a key that is empty, too long or not printable ASCII · 400; 255 characters are a key", async () => {
    for (const bad of ["x".repeat(256), "naïve", "tab\tbed"]) {
      const answer = await world.hold(fan, hall, [0], { "Idempotency-Key": bad });
      expect([answer.status, answer.body.code], bad).to.deep.equal([400, "VALIDATION_FAILED"]);
    }
    expect((await world.hold(fan, hall, [0], { "Idempotency-Key": "k".repeat(255) })).status).to.equal(201);
  });

  it("hold · while the first runs on another gateway · IN_PROGRESS at once, without waiting", async () => {
    const claim = claimOf(fan.userId, `POST /performances/${hall.id}/reservations`, key, {});
    await world.db.transaction(async (trx) => {
      await trx.raw("SELECT pg_advisory_xact_lock(?::bigint)", [claim?.lock ?? ""]);
      const began = performance.now();
      expect((await hold([0])).body.code).to.equal("IDEMPOTENCY_IN_PROGRESS");
      expect(performance.now() - began).to.be.below(1_000);
    });
    expect((await hold([0])).status).to.equal(201);
  });

  it("sweeper · records older than 24 hours · are deleted in batches, and stop counting before that", async () => {
    await hold([0]);
    await world.db.raw(
      "UPDATE idempotency_keys SET created_at = created_at - interval '25 hours' WHERE key = ?",
      [key],
    );
    expect((await hold([1])).status, "an old record is no record").to.equal(201);
    await world.db.raw(
      "UPDATE idempotency_keys SET created_at = created_at - interval '25 hours' WHERE key = ?",
      [key],
    );
    expect(await world.reservations.forgetOldKeys(100)).to.equal(1);
    expect(await world.reservations.forgetOldKeys(100)).to.equal(0);
  });

  it("body · the same members in another order · is the same body", () => {
    const one = claimOf("user", "route", "key", { a: 1, b: { c: [1, 2], d: 2 } });
    const other = claimOf("user", "route", "key", { b: { d: 2, c: [1, 2] }, a: 1 });
    const third = claimOf("user", "route", "key", { b: { d: 2, c: [2, 1] }, a: 1 });
    expect(one?.bodyHash.equals(other!.bodyHash)).to.equal(true);
    expect(one?.bodyHash.equals(third!.bodyHash)).to.equal(false);
  });

  it("remember · a key that has an answer · keeps it", async () => {
    const idempotency = createIdempotency(loadReservationStatements());
    const claim = claimOf(fan.userId, "route", key, {})!;
    const db = openDatabase(world.databaseUrl, 1, "test");
    const reply = (body: string) => ({ status: 201, headers: {}, body });
    await db.transaction(async (trx) => {
      expect(await idempotency.remember(trx, claim, reply("first"))).to.equal(true);
      expect(await idempotency.remember(trx, claim, reply("second"))).to.equal(false);
    });
    const found = await idempotency.find(db, claim);
    expect(found).to.deep.equal({ found: "reply", reply: reply("first") });
    await db.destroy();
  });
});
