/** The line over HTTP: joining, looking, claiming, leaving; what time alone brings stands in queue-clocks.test.ts. */
import { expect } from "chai";
import jwt from "jsonwebtoken";
import { v7 } from "uuid";
import { type Answer, type Client, type Fan, type House, openHouse, type Show } from "../support/house.ts";
import { eventually } from "../support/wait.ts";

const VIEW = [
  ...[
    "ticketId",
    "queueId",
    "epoch",
    "ticket",
    "lane",
    "state",
    "sequence",
    "position",
    "ahead",
    "waiting",
    "eta",
  ],
  ...[
    "seatsLeft",
    "seatsHeld",
    "asOf",
    "pollAfterSeconds",
    "reconnectSpreadSeconds",
    "arriveBy",
    "passExpiresAt",
  ],
  "deferredUntil",
];

type View = Answer["body"];

describe("contract · queue", () => {
  let house: House;
  let there: Client;
  before(async function () {
    this.timeout(60_000);
    house = await openHouse({ gateways: 2, workers: 2 });
    there = house.gateways[1]?.client as Client;
  });
  after(() => house?.close());

  const statusOf = async (show: Show, at = house.client) =>
    (await at.api("GET", `/queues/${show.queueId}`, { expect: 200 })).body;
  const rawJoin = (fan: Fan, show: Show, body?: object) =>
    house.client.api("POST", `/queues/${show.queueId}/tickets`, { token: fan.token, body });
  /** One slot, which the first fan takes. */
  async function withLine(length: number): Promise<{ show: Show; first: Fan; line: Fan[] }> {
    const show = await house.makeShow({ queue: { maxActive: 1 } });
    const [first, ...line] = (await house.fans(length + 1)) as [Fan, ...Fan[]];
    await house.enter(first, show);
    for (const fan of line) await house.join(fan, show);
    return { show, first, line };
  }

  describe("the queue itself", () => {
    it("anyone · sees every field, cacheable for a second", async () => {
      const show = await house.makeShow();
      await house.enter(await house.fan(), show);
      const { body, headers } = await house.client.api("GET", `/queues/${show.queueId}`, { expect: 200 });
      expect(body).to.have.all.keys(
        ...["id", "performanceId", "phase", "epoch", "lobbyOpensAt", "opensAt", "closesAt", "waiting"],
        ...["ratePerMinute", "limitedBy", "seatsLeft", "seatsHeld", "notice", "draw", "logHead"],
      );
      expect(headers["cache-control"]).to.match(/public, max-age=1$/);
      const turn = await house.client.api("GET", `/queues/${show.queueId}/turn`, { expect: 200 });
      expect(turn.body).to.deep.equal({ arrivalSeconds: 60, sessionSeconds: 600 });
      const { id, performanceId, phase, ratePerMinute, waiting, notice, epoch } = body;
      expect({ id, performanceId, phase, ratePerMinute, waiting, notice, epoch }).to.deep.equal({
        id: show.queueId,
        performanceId: show.id,
        phase: "open",
        ratePerMinute: 6_000,
        waiting: 0,
        notice: null,
        epoch: 1,
      });
      await eventually(async () => (await statusOf(show)).seatsLeft === 20, { what: "the number of seats" });
      const logHead = await eventually(async () => (await statusOf(show)).logHead, { what: "a signed head" });
      const [head, claims] = logHead.split(".").map((part: string) => Buffer.from(part, "base64url"));
      const { keys } = (await house.client.at("GET", "/.well-known/jwks.json")).body;
      expect(JSON.parse(head).kid).to.equal(keys[0].kid);
      expect(JSON.parse(claims)).to.include({ iss: "fastpass", aud: `log:${show.queueId}` });
    });

    it("before, in and after its times · the phase follows from settings alone", async () => {
      const phases = {
        scheduled: { opensAt: at(3_600) },
        lobby: { lobbyOpensAt: at(-60), opensAt: at(3_600) },
        open: { opensAt: at(-60) },
        closed: { opensAt: at(-60), closesAt: at(-30) },
      };
      for (const [phase, queue] of Object.entries(phases)) {
        const show = await house.makeShow({ queue });
        expect((await statusOf(show)).phase).to.equal(phase);
        const answer = await rawJoin(await house.fan(), show);
        const expected = { scheduled: "QUEUE_NOT_OPEN", closed: "QUEUE_CLOSED" }[phase];
        expect([phase, answer.body.code, answer.status]).to.deep.equal([
          ...[phase, expected, expected ? 409 : 201],
        ]);
      }
    });
  });

  describe("joining", () => {
    it("with room inside and nobody waiting · 201 and admitted at once, with every field of the view", async () => {
      const show = await house.makeShow();
      const fan = await house.fan();
      const body = await house.admitted(fan, show);
      expect(body).to.have.all.keys(VIEW);
      expect((await house.join(fan, show)).status).to.equal(200);
      expect(Date.parse(body.arriveBy)).to.be.closeTo(Date.now() + 60_000, 5_000);
      expect([body.position, body.ahead, body.passExpiresAt, body.deferredUntil]).to.deep.equal(nulls(4));
    });

    it("again, from anywhere · 200 and the same place, however often at once", async () => {
      const { show } = await withLine(1);
      const fan = await house.fan();
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => house.join(fan, show, index % 2 ? there : house.client)),
      );
      expect(answers.filter(({ status }) => status === 201)).to.have.length(1);
      expect(new Set(answers.map(({ body }) => body.ticketId)).size).to.equal(1);
      expect(new Set(answers.map(({ body }) => body.ticket)).size).to.equal(1);
      const seen = await house.ticketOf(fan, show, there);
      expect(seen.body.ticketId).to.equal(answers[0]?.body.ticketId);
    });

    it("forty at once through two gateways · sequences are unique and places dense", async () => {
      const { show } = await withLine(0);
      const fans = await house.fans(40);
      await Promise.all(fans.map((fan, index) => house.join(fan, show, index % 2 ? there : house.client)));
      const views = await eventually(
        async () => {
          const seen = await Promise.all(fans.map(async (fan) => (await house.ticketOf(fan, show)).body));
          const places = new Set(seen.map(({ position }) => position));
          return places.size === 40 && seen.every(({ waiting }) => waiting === 40) && seen;
        },
        { timeoutMs: 8_000, what: "places of all" },
      );
      const bySequence = [...views].sort((a: View, b: View) => a.sequence - b.sequence);
      expect(bySequence.map(({ position }) => position)).to.deep.equal(
        bySequence.map((_, index) => index + 1),
      );
      expect(new Set(views.map(({ sequence }) => sequence)).size).to.equal(40);
      for (const view of views) {
        expect(view).to.have.all.keys(VIEW);
        expect([view.state, view.lane]).to.deep.equal(["waiting", "general"]);
        expect(view.ahead).to.equal(view.position - 1);
        expect(view.pollAfterSeconds).to.be.within(1, 30);
        expect(view.reconnectSpreadSeconds).to.be.within(1, 60);
        expect(Math.abs(Date.parse(view.asOf) - Date.now())).to.be.below(5_000);
      }
    });

    it("one after the other · the later one stands behind the earlier one", async () => {
      const { show, line } = await withLine(3);
      const views: View[] = [];
      for (const fan of line) views.push(await eventuallyPlaced(house, fan, show));
      expect(views.map(({ position }) => position)).to.deep.equal([1, 2, 3]);
      const sequences = views.map(({ sequence }) => sequence);
      expect(sequences).to.deep.equal([...sequences].sort((a, b) => a - b));
    });

    it("in the lobby · no number for anybody", async () => {
      const show = await house.makeShow({ queue: { lobbyOpensAt: at(-60), opensAt: at(3_600) } });
      const { status, body } = await rawJoin(await house.fan(), show);
      expect([status, body.state, body.position, body.ahead, body.eta]).to.deep.equal([
        201,
        "lobby",
        ...nulls(3),
      ]);
    });

    it("with a signed ticket of another queue, account or epoch, or with nonsense · joins at the end", async () => {
      const { show, line } = await withLine(2);
      const others = (await house.ticketOf(line[0] as Fan, show)).body.ticket;
      const decoded = jwt.decode(others) as jwt.JwtPayload;
      const forged = jwt.sign({ ...decoded, seq: 1, epoch: 0 }, "x".repeat(32));
      for (const ticket of [others, forged, "nonsense", "a.b.c"]) {
        const fan = await house.fan();
        const { status, body } = await rawJoin(fan, show, { ticket });
        expect([status, body.state]).to.deep.equal([201, "waiting"]);
        expect(body.sequence).to.be.greaterThan(decoded.seq);
        expect((await house.leave(fan, show)).status).to.equal(204);
      }
    });

    it("with a code that opens nothing · 409 CODE_INVALID, and no place is made", async () => {
      const show = await house.makeShow();
      const fan = await house.fan();
      for (const code of ["NOPE-1234", "x", " "]) {
        const { status, body } = await rawJoin(fan, show, { code });
        expect([status, body.code]).to.deep.equal([409, "CODE_INVALID"]);
      }
      expect((await house.ticketOf(fan, show)).body.code).to.equal("NO_TICKET");
    });
  });

  describe("looking", () => {
    it("who never joined · 404 NO_TICKET, of an unknown queue NOT_FOUND", async () => {
      const show = await house.makeShow();
      const fan = await house.fan();
      const none = await house.ticketOf(fan, show);
      expect([none.status, none.body.code]).to.deep.equal([404, "NO_TICKET"]);
      const unknown = await house.client.api("GET", `/queues/${v7()}/tickets/me`, { token: fan.token });
      expect([unknown.status, unknown.body.code]).to.deep.equal([404, "NOT_FOUND"]);
    });

    it("while those ahead leave · the place falls and never rises, on each gateway", async () => {
      const { show, line } = await withLine(6);
      const last = line.at(-1) as Fan;
      const heard: { ticketId: string; asOf: string; position: number }[] = [];
      const look = async () => {
        for (const at of [house.client, there]) heard.push((await house.ticketOf(last, show, at)).body);
        return heard.at(-1)?.position;
      };
      await eventually(async () => (await look()) === 6, { what: "the place 6" });
      for (const [index, fan] of line.slice(0, 5).entries()) {
        await house.leave(fan, show, index % 2 ? there : house.client);
        await look();
      }
      await eventually(async () => (await look()) === 1, { what: "the place 1" });
      const inOrder = [...heard].sort((a, b) => Date.parse(a.asOf) - Date.parse(b.asOf));
      for (const [index, view] of inOrder.entries()) {
        const before = inOrder[index - 1];
        if (before) expect(view.position).to.be.at.most(before.position);
      }
    });
  });

  describe("claiming", () => {
    it("an admission · 200 with a pass; again, on another gateway · the very same", async () => {
      const show = await house.makeShow();
      const fan = await house.fan();
      await house.admitted(fan, show);
      const first = await house.claim(fan, show);
      expect(first.status).to.equal(200);
      expect(first.body).to.have.all.keys("pass", "passExpiresAt", "fence", "performanceId");
      expect(first.body.performanceId).to.equal(show.id);
      expect(Date.parse(first.body.passExpiresAt)).to.be.closeTo(Date.now() + 600_000, 5_000);
      const again = await Promise.all([
        house.claim(fan, show),
        house.claim(fan, show, there),
        house.claim(fan, show),
      ]);
      for (const { status, body } of again) expect([status, body]).to.deep.equal([200, first.body]);
      const { body: view } = await house.ticketOf(fan, show, there);
      expect(view.state).to.equal("inside");
      expect(view.passExpiresAt).to.equal(first.body.passExpiresAt);
      expect(view.arriveBy).to.equal(null);
    });

    it("ten at once · one pass", async () => {
      const show = await house.makeShow();
      const fan = await house.fan();
      await house.admitted(fan, show);
      const claims = await Promise.all(
        Array.from({ length: 10 }, (_, index) => house.claim(fan, show, index % 2 ? there : house.client)),
      );
      expect(new Set(claims.map(({ text }) => text)).size).to.equal(1);
      expect(claims[0]?.status).to.equal(200);
    });

    it("whose turn it is not · 409 NOT_ADMITTED; who never joined · 404 NO_TICKET", async () => {
      const { show, line } = await withLine(1);
      const early = await house.claim(line[0] as Fan, show);
      expect([early.status, early.body.code, early.body.retryable]).to.deep.equal([
        409,
        "NOT_ADMITTED",
        true,
      ]);
      const stranger = await house.claim(await house.fan(), show);
      expect([stranger.status, stranger.body.code]).to.deep.equal([404, "NO_TICKET"]);
    });

    it("fences · rise with each admission of the queue", async () => {
      const show = await house.makeShow();
      const fences: number[] = [];
      for (const fan of await house.fans(3)) fences.push((await house.enter(fan, show)).fence);
      expect(fences).to.deep.equal([...new Set(fences)].sort((a, b) => a - b));
    });
  });

  describe("leaving", () => {
    it("the line · 204, again 204, never joined 204; the ticket says left, a new one stands at the end", async () => {
      const { show, line } = await withLine(3);
      const [fan, , last] = line as [Fan, Fan, Fan];
      const before = await eventuallyPlaced(house, fan, show);
      expect((await house.leave(fan, show)).status).to.equal(204);
      expect((await house.leave(fan, show, there)).status).to.equal(204);
      expect((await house.leave(await house.fan(), show)).status).to.equal(204);
      expect((await house.ticketOf(fan, show)).body.state).to.equal("left");
      expect((await house.claim(fan, show)).status).to.equal(409);
      const again = await house.join(fan, show);
      expect(again.status).to.equal(201);
      expect(again.body.ticketId).to.not.equal(before.ticketId);
      const behind = await eventuallyPlaced(house, last, show);
      expect(again.body.sequence).to.be.greaterThan(behind.sequence);
    });

    it("an admission · frees its slot for the next in line", async () => {
      const { show, first, line } = await withLine(2);
      await house.leave(first, show);
      await house.untilState(line[0] as Fan, show, "admitted");
      expect((await house.ticketOf(line[1] as Fan, show)).body.state).to.equal("waiting");
      await house.leave(line[0] as Fan, show);
      await house.untilState(line[1] as Fan, show, "admitted");
    });

    it("while inside · gives the held seats back at once", async () => {
      const show = await house.makeShow();
      const inside = await house.enter(await house.fan(), show);
      const held = await house.hold(inside, { seatIds: show.seatIds.slice(0, 2) }, { expect: 201 });
      expect((await house.leave(inside.fan, show)).status).to.equal(204);
      const { body } = await house.reservation(inside.fan, held.body.id);
      expect(body.status).to.equal("CANCELLED");
      const next = await house.enter(await house.fan(), show);
      await house.hold(next, { seatIds: show.seatIds.slice(0, 2) }, { expect: 201 });
    });

    it("while a payment is undecided · 409 PAYMENT_IN_PROGRESS, and everything stays", async () => {
      const show = await house.makeShow();
      const inside = await house.enter(await house.fan(), show);
      const held = await house.hold(inside, { seatIds: [show.seatIds[0]] }, { expect: 201 });
      const undecided = { type: "sandbox", card: "undecided", settleAfterSeconds: 600 };
      expect((await house.pay(inside.fan, held.body.id, undecided)).status).to.equal(202);
      const refused = await house.leave(inside.fan, show);
      expect([refused.status, refused.body.code]).to.deep.equal([409, "PAYMENT_IN_PROGRESS"]);
      expect((await house.ticketOf(inside.fan, show)).body.state).to.equal("inside");
      expect((await house.reservation(inside.fan, held.body.id)).body.status).to.equal("PAYING");
    });
  });

  describe("after a purchase", () => {
    it("the ticket has ended and the slot is free; joining makes a new ticket at the end", async () => {
      const { show, first, line } = await withLine(1);
      const { body: ticket } = await house.ticketOf(first, show);
      const claimed = await house.claim(first, show);
      const inside = { ...claimed.body, fan: first, show, ticketId: ticket.ticketId, ticket: ticket.ticket };
      const held = await house.hold(inside, { seatIds: [show.seatIds[0]] }, { expect: 201 });
      expect((await house.pay(first, held.body.id)).status).to.equal(201);
      await house.untilState(line[0] as Fan, show, "admitted");
      expect((await house.ticketOf(first, show)).body.state).to.equal("ended");
      const refused = await house.hold(inside, { seatIds: [show.seatIds[1]] });
      expect([refused.status, refused.body.code]).to.deep.equal([403, "PASS_REVOKED"]);
      const again = await house.join(first, show);
      expect([again.status, again.body.state]).to.deep.equal([201, "waiting"]);
      expect(again.body.ticketId).to.not.equal(ticket.ticketId);
    });

    it("of the last seat · the queue is sold out, ends every ticket and takes nobody", async () => {
      const section = { name: "Box", rows: 1, seatsPerRow: 2, amount: 5_000 };
      const show = await house.makeShow({ queue: { maxActive: 1 }, sections: [section] });
      const [buyer, waiting, late] = (await house.fans(3)) as [Fan, Fan, Fan];
      const inside = await house.enter(buyer, show);
      const view = (await house.join(waiting, show)).body;
      const stream = house.stream(`/ws/v1/queues/${show.queueId}`, view.ticket);
      const held = await house.hold(inside, { seatIds: show.seatIds }, { expect: 201 });
      expect((await house.pay(buyer, held.body.id)).status).to.equal(201);
      expect((await stream.next("ended")).reason).to.equal("sold_out");
      expect((await stream.ended()).code).to.equal(1000);
      await house.untilState(waiting, show, "ended");
      const refused = await rawJoin(late, show);
      expect([refused.status, refused.body.code]).to.deep.equal([409, "SOLD_OUT"]);
      await eventually(async () => (await statusOf(show)).phase === "sold_out", { what: "the phase" });
      const refund = { token: buyer.token, idempotencyKey: v7(), expect: 201 };
      await house.client.api("POST", `/reservations/${held.body.id}/refunds`, refund);
      await eventually(async () => (await rawJoin(late, show)).status === 201, {
        what: "a queue open again",
      });
      expect((await house.ticketOf(waiting, show)).body.state, "who was ended stays so").to.equal("ended");
    });

    it("while the last seats are held · the queue stays open and admits nobody, until one comes back", async () => {
      const section = { name: "Box", rows: 1, seatsPerRow: 1, amount: 5_000 };
      const show = await house.makeShow({ sections: [section] });
      const [holder, next] = (await house.fans(2)) as [Fan, Fan];
      const inside = await house.enter(holder, show);
      const { body } = await house.hold(inside, { seatIds: show.seatIds }, { expect: 201 });
      await eventually(async () => (await statusOf(show)).seatsLeft === 0, { what: "no seat left" });
      const joined = await rawJoin(next, show);
      expect([joined.status, joined.body.state]).to.deep.equal([201, "waiting"]);
      await eventually(async () => (await statusOf(show)).limitedBy === "seats", { what: "the limit" });
      const { phase, seatsHeld } = await statusOf(show);
      expect([phase, seatsHeld]).to.deep.equal(["open", 1]);
      expect((await house.ticketOf(next, show)).body.state).to.equal("waiting");
      await house.client.api("DELETE", `/reservations/${body.id}`, { token: holder.token, expect: 204 });
      await house.untilState(next, show, "admitted");
    });
  });
});

function at(seconds: number): string {
  return new Date(Date.now() + seconds * 1_000).toISOString();
}

const nulls = (count: number): null[] => new Array(count).fill(null);

/** The view once it has a number: a join that awaits its commit may not have one yet. */
async function eventuallyPlaced(house: House, fan: Fan, show: Show): Promise<View> {
  return eventually(
    async () => {
      const { body } = await house.ticketOf(fan, show);
      return body.position !== null && body;
    },
    { what: "a place" },
  );
}
