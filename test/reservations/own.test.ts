import { expect } from "chai";
import { v7 } from "uuid";
import { verifyTicketCode } from "../../src/reservations/index.ts";
import { eventually } from "../support/wait.ts";
import { CODE_KEY, type Fan, type Hall, openWorld, type World } from "./world.ts";

describe("one's own reservations", () => {
  let world: World;
  let hall: Hall;
  let fan: Fan;

  before(async () => {
    world = await openWorld();
  });
  beforeEach(async () => {
    hall = await world.makeHall();
    fan = await world.makeFan();
  });
  afterEach(() => world.expectInvariants());
  after(() => world.close());

  const cancel = (id: string, who = fan, headers = {}) =>
    world.request("DELETE", `/reservations/${id}`, who, { headers });

  it("get · one's own · the reservation and its version as ETag", async () => {
    const made = await world.held(fan, hall, [2]);
    const answer = await world.get(fan, made.id);
    expect([answer.status, answer.body]).to.deep.equal([200, made]);
    expect(answer.headers.get("etag")).to.equal('"1"');
  });

  it("get · another fan's, one that never was, no id at all · 404", async () => {
    const { id } = await world.held(fan, hall, [2]);
    expect((await world.get(await world.makeFan(), id)).status).to.equal(404);
    expect((await world.get(fan, v7())).status).to.equal(404);
    expect((await world.get(fan, "none")).status).to.equal(404);
  });

  it("get · past its deadline, and no worker has come · it is EXPIRED, and its seats are free", async () => {
    const { id } = await world.held(fan, hall, [2]);
    await world.lapse(id);
    const answer = await world.get(fan, id);
    expect([answer.body.status, answer.body.version]).to.deep.equal(["EXPIRED", 2]);
    expect(await world.letters(hall)).to.equal("A".repeat(20));
  });

  it("get · confirmed · carries a ticket for each seat, with a code that verifies", async () => {
    const { id } = await world.held(fan, hall, [2, 5]);
    await world.pay(fan, id);
    const { body } = await world.get(fan, id);
    expect(body.tickets.map(({ seatId }: { seatId: string }) => seatId)).to.deep.equal([
      hall.seatIds[2],
      hall.seatIds[5],
    ]);
    for (const ticket of body.tickets) expect(verifyTicketCode(ticket.code, CODE_KEY)).to.equal(ticket.id);
  });

  it("list · newest first, page by page · all of one's own, none of others, none lapsed", async () => {
    const halls = [hall, await world.makeHall(), await world.makeHall()];
    const ids: string[] = [];
    for (const one of halls) ids.unshift((await world.held(fan, one, [0])).id);
    await world.held(await world.makeFan(), hall, [1]);
    await world.lapse(ids[1]!);
    const first = await world.request("GET", "/me/reservations?limit=2", fan);
    const second = await world.request(
      "GET",
      `/me/reservations?limit=2&cursor=${first.body.nextCursor}`,
      fan,
    );
    const items = [...first.body.items, ...second.body.items];
    expect(items.map(({ id }) => id)).to.deep.equal(ids);
    expect(items.map(({ status }) => status)).to.deep.equal(["HELD", "EXPIRED", "HELD"]);
    expect(second.body.nextCursor).to.equal(null);
    expect((await world.request("GET", "/me/reservations?cursor=abc", fan)).status).to.equal(400);
    expect((await world.request("GET", "/me/reservations", await world.makeFan())).body).to.deep.equal({
      items: [],
      nextCursor: null,
    });
  });

  it("cancel · held · 204, the seats are free at once, the queue is told", async () => {
    const { id } = await world.held(fan, hall, [0, 1]);
    world.queueCalls.length = 0;
    expect((await cancel(id)).status).to.equal(204);
    expect(await world.letters(hall)).to.equal("A".repeat(20));
    await world.held(await world.makeFan(), hall, [0]);
    await eventually(
      () => world.queueCalls.some(({ call, liveUntil }) => call === "holdsChanged" && liveUntil === null),
      {
        what: "the queue's news",
      },
    );
    expect((await cancel(id)).status, "again").to.equal(204);
  });

  it("cancel · another hold of the fan lives on · the queue is told its end", async () => {
    const first = await world.held(fan, hall, [0]);
    const second = await world.held(fan, hall, [1]);
    await world.reservations.close();
    world.queueCalls.length = 0;
    await cancel(first.id);
    await eventually(() => world.queueCalls.length === 1, { what: "the queue's news" });
    expect(world.queueCalls[0]?.liveUntil).to.deep.equal(new Date(second.expiresAt));
  });

  it("F20 · cancel · another fan's · 404, and it stays held", async () => {
    const { id } = await world.held(fan, hall, [0]);
    expect((await cancel(id, await world.makeFan())).status).to.equal(404);
    expect(await world.statusOf(id)).to.equal("HELD");
  });

  it("cancel · If-Match · another version, a weak or a foreign tag is 412, the right one and * are not", async () => {
    const { id } = await world.held(fan, hall, [0]);
    for (const tag of ['"2"', 'W/"1"', '"x"', '"2", "3"']) {
      const answer = await cancel(id, fan, { "If-Match": tag });
      expect([answer.status, answer.body.code], tag).to.deep.equal([412, "VERSION_MISMATCH"]);
    }
    expect((await cancel(id, fan, { "If-Match": '"7", "1"' })).status).to.equal(204);
    expect((await cancel(id, fan, { "If-Match": "*" })).status).to.equal(204);
  });

  it("cancel · paid, or being paid · 409", async () => {
    const paid = await world.held(fan, hall, [0]);
    await world.pay(fan, paid.id);
    expect((await cancel(paid.id)).body.code).to.equal("ALREADY_CONFIRMED");
    const paying = await world.held(fan, hall, [1]);
    await world.pay(fan, paying.id, "undecided");
    expect((await cancel(paying.id)).body.code).to.equal("PAYMENT_IN_PROGRESS");
  });

  it("releaseHoldsOf · the fan leaves the queue · all holds end, those of other performances stay", async () => {
    const elsewhere = await world.held(fan, await world.makeHall(), [0]);
    await world.held(fan, hall, [0]);
    await world.held(fan, hall, [1]);
    expect(await world.reservations.releaseHoldsOf(fan.userId, hall.id, "left")).to.deep.equal({ ok: true });
    expect(await world.letters(hall)).to.equal("A".repeat(20));
    expect(await world.statusOf(elsewhere.id)).to.equal("HELD");
    expect(await world.reservations.releaseHoldsOf(fan.userId, hall.id, "left")).to.deep.equal({ ok: true });
  });

  it("releaseHoldsOf · a payment is undecided · refused, and nothing is released", async () => {
    const { id } = await world.held(fan, hall, [0]);
    await world.held(fan, hall, [1]);
    await world.pay(fan, id, "undecided");
    const outcome = await world.reservations.releaseHoldsOf(fan.userId, hall.id, "left");
    expect(outcome).to.deep.equal({ ok: false, reason: "PAYMENT_IN_PROGRESS" });
    expect(await world.letters(hall)).to.equal(`HH${"A".repeat(18)}`);
  });

  it("releaseHoldsOf · removed while a payment is undecided · that one goes on, the others end", async () => {
    const paying = await world.held(fan, hall, [0]);
    const held = await world.held(fan, hall, [1]);
    await world.pay(fan, paying.id, "undecided");
    const outcome = await world.reservations.releaseHoldsOf(fan.userId, hall.id, "removed");
    expect(outcome).to.deep.equal({ ok: true });
    expect([await world.statusOf(paying.id), await world.statusOf(held.id)]).to.deep.equal([
      "PAYING",
      "CANCELLED",
    ]);
    const last = await world
      .db("reservation_history")
      .where({ reservation_id: held.id })
      .orderBy("version", "desc")
      .first();
    expect(last.cause).to.equal("removed");
  });

  it("a fan who is removed while a hold is under way · does not keep it", async () => {
    world.removed.add(fan.ticketId);
    const { id } = await world.held(fan, hall, [0]);
    await eventually(async () => (await world.statusOf(id)) === "CANCELLED", { what: "its end" });
  });

  it("a fan who is removed while paying · declined · does not keep the hold", async () => {
    const { id } = await world.held(fan, hall, [0]);
    const isTold = () =>
      world.queueCalls.some(({ call, ticketId }) => call === "holdsChanged" && ticketId === fan.ticketId);
    await eventually(isTold, { what: "the queue to hear of the hold" });
    world.removed.add(fan.ticketId);
    expect((await world.pay(fan, id, "declined")).status).to.equal(402);
    await eventually(async () => (await world.statusOf(id)) === "CANCELLED", { what: "its end" });
  });

  it("liveHolds · holds and payments · the latest end of each fan's", async () => {
    const other = await world.makeFan();
    await world.held(fan, hall, [0]);
    const last = await world.held(fan, hall, [1]);
    const paying = await world.held(other, hall, [2]);
    await world.pay(other, paying.id, "undecided");
    await world.lapse((await world.held(await world.makeFan(), hall, [3])).id);
    const ends = new Map(
      (await world.reservations.liveHolds(hall.id)).map(({ userId, until }) => [userId, until]),
    );
    expect([...ends.keys()].sort()).to.deep.equal([fan.userId, other.userId].sort());
    expect(ends.get(fan.userId)).to.deep.equal(new Date(last.expiresAt));
    expect(ends.get(other.userId)?.getTime()).to.be.above(Date.now() + 300_000);
    await world.reservations.sweep(10);
  });
});
