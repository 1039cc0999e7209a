/** Holding seats and giving them back; what money does stands in payments.test.ts. */
import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { v7 } from "uuid";
import { type Answer, type Fan, type House, type Inside, openHouse, type Show } from "../support/house.ts";

const SECTIONS = [
  { name: "Floor", rows: 3, seatsPerRow: 10, amount: 9_000, accessibleSeats: 4 },
  { name: "Box", rows: 1, seatsPerRow: 2, amount: 20_000 },
];
const RESERVATION = [
  ...[
    "id",
    "performanceId",
    "status",
    "version",
    "seats",
    "totalAmount",
    "currency",
    "expiresAt",
    "extendedUntil",
  ],
];

describe("contract · reservations", function () {
  this.timeout(30_000);
  let house: House;
  let show: Show;
  before(async () => {
    house = await openHouse({ gateways: 2 });
  });
  beforeEach(async () => {
    show = await house.makeShow({ sections: SECTIONS });
  });
  after(async () => {
    try {
      expect(await house?.invariants()).to.deep.equal([]);
    } finally {
      await house?.close();
    }
  });

  const enter = async () => house.enter(await house.fan(), show);
  const seats = (...ordinals: number[]) => ({ seatIds: ordinals.map((ordinal) => show.seatIds[ordinal]) });
  const remove = (fan: Fan, id: string, headers: Record<string, string> = {}) =>
    house.client.api("DELETE", `/reservations/${id}`, { token: fan.token, headers });
  const refusal = ({ status, body }: Answer) => [status, body.code];

  describe("holding by name", () => {
    it("free seats · 201 with Location, ETag and every field", async () => {
      const inside = await enter();
      const { body, headers } = await house.hold(inside, seats(5, 4), { expect: 201 });
      expect(body).to.have.all.keys(RESERVATION);
      expect(headers.location).to.equal(`/api/v1/reservations/${body.id}`);
      expect(headers.etag).to.equal(`"${body.version}"`);
      expect(body).to.include({
        performanceId: show.id,
        status: "HELD",
        totalAmount: 18_000,
        currency: "EUR",
      });
      expect(body.extendedUntil).to.equal(null);
      expect(Date.parse(body.expiresAt)).to.be.closeTo(Date.now() + 120_000, 5_000);
      expect(body.seats).to.deep.equal([
        { id: show.seatIds[4], ordinal: 4, section: "Floor", row: "A", number: 5, amount: 9_000 },
        { id: show.seatIds[5], ordinal: 5, section: "Floor", row: "A", number: 6, amount: 9_000 },
      ]);
      const read = await house.client.at("GET", headers.location as string, { token: inside.fan.token });
      expect([read.status, read.body, read.headers.etag]).to.deep.equal([200, body, headers.etag]);
    });

    it("a taken one among them · 409 SEAT_TAKEN naming it, and none of the others is held", async () => {
      const [first, second] = [await enter(), await enter()];
      await house.hold(first, seats(3), { expect: 201 });
      const refused = await house.hold(second, seats(2, 3, 4));
      expect(refusal(refused)).to.deep.equal([409, "SEAT_TAKEN"]);
      expect(refused.body.seats).to.deep.equal([{ id: show.seatIds[3], ordinal: 3, state: "HELD" }]);
      await house.hold(first, seats(2, 4), { expect: 201 });
    });

    it("a seat one holds oneself · is taken like any other", async () => {
      const inside = await enter();
      await house.hold(inside, seats(3), { expect: 201 });
      expect(refusal(await house.hold(inside, seats(3)))).to.deep.equal([409, "SEAT_TAKEN"]);
    });

    it("wrong bodies · 400 with the path: twice the same, unknown, foreign, none, too many, both ways at once", async () => {
      const inside = await enter();
      const other = await house.makeShow();
      const [a] = show.seatIds as [string];
      const wrong: [unknown, string][] = [
        [{ seatIds: [a, a] }, "seatIds.1"],
        [{ seatIds: [v7()] }, "seatIds.0"],
        [{ seatIds: [a, other.seatIds[0]] }, "seatIds.1"],
        [{ seatIds: [] }, "seatIds"],
        [{ seatIds: ["A1"] }, "seatIds.0"],
        [{ seatIds: [1] }, "seatIds.0"],
        [{ seatIds: null }, "seatIds"],
        [{ bestAvailable: { quantity: 0 } }, "bestAvailable.quantity"],
        [{ bestAvailable: { quantity: "2" } }, "bestAvailable.quantity"],
        [{ bestAvailable: { quantity: 1.5 } }, "bestAvailable.quantity"],
        [{ bestAvailable: {} }, "bestAvailable.quantity"],
        [{ bestAvailable: { quantity: 1, sectionId: v7() } }, "bestAvailable.sectionId"],
        [{ bestAvailable: { quantity: 1, accessible: "yes" } }, "bestAvailable.accessible"],
        [{ bestAvailable: { quantity: 1, cheapest: true } }, "bestAvailable.cheapest"],
      ];
      for (const [body, path] of wrong) {
        const { status, body: problem } = await house.hold(inside, body as object);
        const got = [status, problem.code, problem.errors?.[0]?.path];
        expect(got, JSON.stringify(body)).to.deep.equal([400, "VALIDATION_FAILED", path]);
      }
      for (const body of [{}, { seatIds: [a], bestAvailable: { quantity: 1 } }])
        expect((await house.hold(inside, body)).status).to.equal(400);
      expect((await house.availability(show)).seats).to.equal("A".repeat(32));
    });

    it("over maxSeatsPerFan · 409 SEAT_LIMIT, live holds and purchases counted together", async () => {
      const inside = await enter();
      expect(refusal(await house.hold(inside, seats(0, 1, 2, 3, 4)))).to.deep.equal([409, "SEAT_LIMIT"]);
      const bought = await house.hold(inside, seats(0, 1), { expect: 201 });
      const kept = await house.hold(inside, seats(2), { expect: 201 });
      expect((await house.pay(inside.fan, bought.body.id)).status).to.equal(201);
      expect(refusal(await house.hold(inside, seats(3, 4)))).to.deep.equal([409, "SEAT_LIMIT"]);
      await house.hold(inside, seats(3), { expect: 201 });
      expect((await remove(inside.fan, kept.body.id)).status).to.equal(204);
      await house.hold(inside, seats(4), { expect: 201 });
      expect(refusal(await house.hold(inside, seats(5)))).to.deep.equal([409, "SEAT_LIMIT"]);
    });

    it("twenty holds of one fan at once · never more seats than the cap", async () => {
      const inside = await enter();
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          house.hold(inside, seats(index), {}, house.gateways[index % 2]?.client),
        ),
      );
      const held = answers.filter(({ status }) => status === 201);
      expect(held).to.have.length(4);
      for (const answer of answers.filter(({ status }) => status !== 201))
        expect(refusal(answer)).to.be.deep.oneOf([
          [409, "SEAT_LIMIT"],
          [409, "SEAT_CONTENDED"],
        ]);
    });

    it("the same seats in every order by many at once · one wins, nobody is told of a fault", async () => {
      const crowd = await Promise.all(Array.from({ length: 12 }, enter));
      const orders = [seats(6, 7, 8), seats(8, 7, 6), seats(7, 8), seats(8, 6)];
      const answers = await Promise.all(
        crowd.map((inside, index) =>
          house.hold(inside, orders[index % 4] as object, {}, house.gateways[index % 2]?.client),
        ),
      );
      const won = answers.filter(({ status }) => status === 201);
      expect(won.length).to.be.at.least(1);
      const ordinals = won.flatMap(({ body }) => body.seats.map((seat: { ordinal: number }) => seat.ordinal));
      expect(new Set(ordinals).size, "a seat was held twice").to.equal(ordinals.length);
      for (const { status } of answers) expect(status).to.be.oneOf([201, 409]);
    });
  });

  describe("holding the best", () => {
    const best = (inside: Inside, what: object) => house.hold(inside, { bestAvailable: what });
    const numbers = ({ body }: Answer): number[] => body.seats.map((seat: { number: number }) => seat.number);

    it("two · side by side, the dearest section first", async () => {
      const held = await best(await enter(), { quantity: 2 });
      expect(held.body.totalAmount).to.equal(40_000);
      const next = await best(await enter(), { quantity: 3 });
      const [a = 0] = numbers(next);
      expect(numbers(next)).to.deep.equal([a, a + 1, a + 2]);
      const rows = new Set(next.body.seats.map(({ row }: { row: string }) => row));
      expect([rows.size, next.body.totalAmount]).to.deep.equal([1, 27_000]);
    });

    it("of a section, or accessible · as asked", async () => {
      const { body: layout } = await house.client.api("GET", `/performances/${show.id}/layout`);
      const [floor] = layout.sections;
      const ofFloor = await best(await enter(), { quantity: 2, sectionId: floor.id });
      expect(ofFloor.body.seats[0].section).to.equal("Floor");
      const accessible = new Set(
        floor.rows.flatMap(({ seats: row }: { seats: { id: string; accessible: boolean }[] }) =>
          row.filter((seat) => seat.accessible).map(({ id }) => id),
        ),
      );
      const wheel = await best(await enter(), { quantity: 1, accessible: true });
      expect(accessible.has(wheel.body.seats[0].id)).to.equal(true);
      const other = await best(await enter(), { quantity: 1, sectionId: floor.id });
      expect(accessible.has(other.body.seats[0].id)).to.equal(false);
    });

    it("more than stand side by side · 409 NO_ADJACENT_SEATS; more than allowed · 409 SEAT_LIMIT", async () => {
      const { body: layout } = await house.client.api("GET", `/performances/${show.id}/layout`);
      const box = layout.sections[1].id;
      const refused = await best(await enter(), { quantity: 3, sectionId: box });
      expect(refusal(refused)).to.deep.equal([409, "NO_ADJACENT_SEATS"]);
      expect(refusal(await best(await enter(), { quantity: 5 }))).to.deep.equal([409, "SEAT_LIMIT"]);
    });

    it("ten parties of two at once · all get two seats of their own", async () => {
      const crowd = await Promise.all(Array.from({ length: 10 }, enter));
      const answers = await Promise.all(
        crowd.map((inside, index) =>
          house.hold(inside, { bestAvailable: { quantity: 2 } }, {}, house.gateways[index % 2]?.client),
        ),
      );
      expect(answers.map(({ status }) => status)).to.deep.equal(answers.map(() => 201));
      const ids = answers.flatMap(({ body }) => body.seats.map(({ id }: { id: string }) => id));
      expect(new Set(ids).size).to.equal(20);
    });
  });

  describe("Idempotency-Key on a hold", () => {
    it("again · the same bytes with Idempotent-Replayed, also elsewhere and after the hold is over", async () => {
      const inside = await enter();
      const key = { idempotencyKey: randomUUID() };
      const first = await house.hold(inside, seats(1), { ...key, expect: 201 });
      expect(first.headers["idempotent-replayed"]).to.equal(undefined);
      const replays = [await house.hold(inside, seats(1), key)];
      replays.push(await house.hold(inside, seats(1), key, house.gateways[1]?.client));
      await remove(inside.fan, first.body.id);
      replays.push(await house.hold(inside, seats(1), key));
      for (const replay of replays) {
        expect([replay.status, replay.text]).to.deep.equal([201, first.text]);
        expect(replay.headers["idempotent-replayed"]).to.equal("true");
        for (const name of ["location", "etag", "content-type"])
          expect(replay.headers[name], name).to.equal(first.headers[name]);
      }
    });

    it("with another body · 422 IDEMPOTENCY_MISMATCH; of another account or performance · a key of its own", async () => {
      const [inside, stranger] = [await enter(), await enter()];
      const key = { idempotencyKey: `"${randomUUID()}" with ~ spaces` };
      await house.hold(inside, seats(1), { ...key, expect: 201 });
      expect(refusal(await house.hold(inside, seats(2), key))).to.deep.equal([422, "IDEMPOTENCY_MISMATCH"]);
      await house.hold(stranger, seats(2), { ...key, expect: 201 });
      const other = await house.makeShow();
      const there = await house.enter(inside.fan, other);
      await house.hold(there, { seatIds: [other.seatIds[0]] }, { ...key, expect: 201 });
    });

    it("twenty at once · one hold; the others are replays or told to wait", async () => {
      const inside = await enter();
      const key = { idempotencyKey: randomUUID() };
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          house.hold(inside, seats(1), key, house.gateways[index % 2]?.client),
        ),
      );
      const done = answers.filter(({ status }) => status === 201);
      expect(new Set(done.map(({ text }) => text)).size).to.equal(1);
      for (const answer of answers.filter(({ status }) => status !== 201))
        expect(refusal(answer)).to.deep.equal([409, "IDEMPOTENCY_IN_PROGRESS"]);
    });

    it("of a refusal without effect · may be used again", async () => {
      const [first, second] = [await enter(), await enter()];
      const { body } = await house.hold(first, seats(1), { expect: 201 });
      const key = { idempotencyKey: randomUUID() };
      expect((await house.hold(second, seats(1), key)).status).to.equal(409);
      await remove(first.fan, body.id);
      await house.hold(second, seats(1), { ...key, expect: 201 });
    });

    it("empty, too long or not ASCII · 400", async () => {
      const inside = await enter();
      for (const idempotencyKey of ["", "x".repeat(256), "caf\u00e9"]) {
        const { body } = await house.hold(inside, seats(1), { idempotencyKey, expect: 400 });
        expect(body.code).to.equal("VALIDATION_FAILED");
      }
      await house.hold(inside, seats(1), { idempotencyKey: "x".repeat(255), expect: 201 });
    });
  });

  describe("looking", () => {
    it("at others' reservations · 404, for an operator too; at one's own · newest first, in pages", async () => {
      const inside = await enter();
      const ids: string[] = [];
      for (const ordinal of [0, 1, 2]) ids.unshift((await house.hold(inside, seats(ordinal))).body.id);
      const stranger = await house.fan();
      for (const token of [stranger.token, house.operatorToken])
        await house.client.api("GET", `/reservations/${ids[0]}`, { token, expect: 404 });
      const list = (query: string) =>
        house.client.api("GET", `/me/reservations${query}`, { token: inside.fan.token, expect: 200 });
      const { body: all } = await list("");
      expect(all.items.map(({ id }: { id: string }) => id)).to.deep.equal(ids);
      expect(all.nextCursor).to.equal(null);
      const { body: page } = await list("?limit=2");
      const { body: rest } = await list(`?limit=2&cursor=${page.nextCursor}`);
      expect([...page.items, ...rest.items]).to.deep.equal(all.items);
      expect(rest.nextCursor).to.equal(null);
    });
  });

  describe("giving back", () => {
    it("a held one · 204 and the seats are free at once; again · 204", async () => {
      const inside = await enter();
      const { body } = await house.hold(inside, seats(0, 1), { expect: 201 });
      expect((await remove(inside.fan, body.id)).status).to.equal(204);
      await house.hold(await enter(), seats(0, 1), { expect: 201 });
      expect((await remove(inside.fan, body.id)).status).to.equal(204);
      const after = await house.reservation(inside.fan, body.id);
      expect([after.body.status, after.body.version]).to.deep.equal(["CANCELLED", body.version + 1]);
    });

    it("somebody else's · 404 and it stays", async () => {
      const inside = await enter();
      const { body } = await house.hold(inside, seats(0), { expect: 201 });
      expect((await remove(await house.fan(), body.id)).status).to.equal(404);
      expect((await house.reservation(inside.fan, body.id)).body.status).to.equal("HELD");
    });

    it("a paid one · 409 ALREADY_CONFIRMED", async () => {
      const inside = await enter();
      const { body } = await house.hold(inside, seats(0), { expect: 201 });
      await house.pay(inside.fan, body.id);
      expect(refusal(await remove(inside.fan, body.id))).to.deep.equal([409, "ALREADY_CONFIRMED"]);
    });

    it("with If-Match of another version · 412; of the one read · 204", async () => {
      const inside = await enter();
      const { body, headers } = await house.hold(inside, seats(0), { expect: 201 });
      const stale = await remove(inside.fan, body.id, { "If-Match": '"99"' });
      expect(refusal(stale)).to.deep.equal([412, "VERSION_MISMATCH"]);
      expect((await remove(inside.fan, body.id, { "If-Match": headers.etag as string })).status).to.equal(
        204,
      );
    });

    it("ten times at once · once in effect", async () => {
      const inside = await enter();
      const { body } = await house.hold(inside, seats(0), { expect: 201 });
      const answers = await Promise.all(Array.from({ length: 10 }, () => remove(inside.fan, body.id)));
      expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([204]));
      expect((await house.reservation(inside.fan, body.id)).body.version).to.equal(body.version + 1);
    });
  });
});
