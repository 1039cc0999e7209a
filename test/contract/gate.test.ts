/** The evening itself: tickets at the gate, and a performance that is called off. */
import { expect } from "chai";
import { v7 } from "uuid";
import { type Answer, type Fan, type House, openHouse, type Show } from "../support/house.ts";
import { eventually } from "../support/wait.ts";

describe("contract · gate and cancellation", function () {
  this.timeout(40_000);
  let house: House;
  let gateToken: string;
  before(async () => {
    house = await openHouse({ gateways: 2, workers: 2 });
    const login = { body: await house.staff("gate"), expect: 200 };
    gateToken = (await house.client.api("POST", "/auth/login", login)).body.accessToken;
  });
  after(async () => {
    try {
      expect(await house?.invariants()).to.deep.equal([]);
    } finally {
      await house?.close();
    }
  });

  const refusal = ({ status, body }: Answer) => [status, body.code];
  const checkIn = (code: unknown, token = gateToken, on = house.client) =>
    on.api("POST", "/operator/check-ins", { token, body: { code } });
  const refund = (fan: Fan, id: string) =>
    house.client.api("POST", `/reservations/${id}/refunds`, { token: fan.token, idempotencyKey: v7() });

  interface Sold {
    readonly fan: Fan;
    readonly id: string;
    readonly tickets: { id: string; seatId: string; code: string }[];
  }
  async function sell(show: Show, ...ordinals: number[]): Promise<Sold> {
    const inside = await house.enter(await house.fan(), show);
    const seatIds = ordinals.map((ordinal) => show.seatIds[ordinal]);
    const { body } = await house.hold(inside, { seatIds }, { expect: 201 });
    const paid = await house.pay(inside.fan, body.id);
    expect(paid.status).to.equal(201);
    return { fan: inside.fan, id: body.id, tickets: paid.body.reservation.tickets };
  }

  describe("check-in", () => {
    it("a ticket at two gates at once · 201 exactly once, else 409 with when", async () => {
      const { tickets } = await sell(await house.makeShow(), 0, 1);
      const [first, second] = tickets.map(({ code }) => code) as [string, string];
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          checkIn(first, gateToken, house.gateways[index % 2]?.client),
        ),
      );
      expect(answers.filter(({ status }) => status === 201)).to.have.length(1);
      for (const answer of answers.filter(({ status }) => status !== 201)) {
        expect(refusal(answer)).to.deep.equal([409, "ALREADY_CHECKED_IN"]);
        expect(Math.abs(Date.parse(answer.body.checkedInAt) - Date.now())).to.be.below(10_000);
      }
      expect((await checkIn(second, house.operatorToken)).status).to.equal(201);
    });

    it("a code that is none · 404; wrong bodies · 400; a fan · 403", async () => {
      const { fan, tickets } = await sell(await house.makeShow(), 0);
      const code = tickets[0]?.code as string;
      const changed = `${code.slice(0, -1)}${code.endsWith("A") ? "B" : "A"}`;
      for (const wrong of ["FP1.AAAA", changed, "hello", tickets[0]?.id])
        expect(refusal(await checkIn(wrong)), wrong).to.deep.equal([404, "NOT_FOUND"]);
      for (const wrong of ["", 7, null, "x".repeat(5_000)])
        expect((await checkIn(wrong)).status, String(wrong).slice(0, 20)).to.be.oneOf([400, 404]);
      expect(refusal(await checkIn(code, fan.token))).to.deep.equal([403, "FORBIDDEN"]);
      expect((await checkIn(code)).status, "it is still good").to.equal(201);
    });

    it("a refunded ticket · 404; a used one · can't be refunded", async () => {
      const show = await house.makeShow();
      const [refunded, used] = [await sell(show, 0), await sell(show, 1)];
      expect((await refund(refunded.fan, refunded.id)).status).to.equal(201);
      expect((await checkIn(refunded.tickets[0]?.code)).status).to.equal(404);
      expect((await checkIn(used.tickets[0]?.code)).status).to.equal(201);
      expect(refusal(await refund(used.fan, used.id))).to.deep.equal([409, "NOT_REFUNDABLE"]);
    });

    it("its picture · for its owner alone, and never from a cache", async () => {
      const { fan, tickets } = await sell(await house.makeShow(), 0);
      const path = `/tickets/${tickets[0]?.id}/qr.svg`;
      const { headers, text } = await house.client.api("GET", path, { token: fan.token, expect: 200 });
      expect(headers["content-type"]).to.match(/^image\/svg\+xml/);
      expect(headers["cache-control"]).to.contain("no-store");
      expect(text).to.match(/^<(\?xml|svg)/);
      await house.client.api("GET", path, { token: (await house.fan()).token, expect: 404 });
    });
  });

  describe("cancellation", () => {
    const cancel = (show: Show, body: object, expected: number) =>
      house.operator("POST", `/performances/${show.id}/cancel`, body, expected);

    it("a performance called off · 202; nobody comes in, holds end, everybody has the money back", async () => {
      const show = await house.makeShow({ queue: { maxActive: 3 } });
      const buyers = [await sell(show, 0), await sell(show, 1, 2)];
      const holder = await house.enter(await house.fan(), show);
      const held = await house.hold(holder, { seatIds: [show.seatIds[3]] }, { expect: 201 });
      const { body, headers } = await cancel(show, { reason: "storm" }, 202);
      expect(body.toRefund + body.refunding + body.refunded).to.equal(2);
      await cancel(show, { reason: "again" }, 202);
      const late = await house.client.api("POST", `/queues/${show.queueId}/tickets`, {
        token: (await house.fan()).token,
      });
      expect(refusal(late)).to.deep.equal([409, "QUEUE_CLOSED"]);
      const done = await eventually(
        async () => {
          const asked = { token: house.operatorToken, expect: 200 };
          const { body: now } = await house.client.at("GET", headers.location as string, asked);
          return now.finishedAt !== null && now.refunded === 2 && now;
        },
        { timeoutMs: 15_000, intervalMs: 100, what: "the last refund" },
      );
      expect(done.reason).to.equal("storm");
      for (const { fan, id, tickets } of buyers) {
        expect((await house.reservation(fan, id)).body.status).to.equal("REFUNDED");
        expect((await checkIn(tickets[0]?.code)).status).to.equal(404);
      }
      const { body: over } = await house.reservation(holder.fan, held.body.id);
      expect(over.status).to.be.oneOf(["CANCELLED", "EXPIRED"]);
      await eventually(async () => !(await house.availability(show)).seats.includes("A"), {
        what: "a hall off sale",
      });
    });

    it("of an unknown performance · 404; without a reason · 400", async () => {
      const show = await house.makeShow();
      await house.operator("POST", `/performances/${v7()}/cancel`, { reason: "r" }, 404);
      await cancel(show, {}, 400);
      await house.operator("GET", `/performances/${show.id}/cancellation`, undefined, 404);
    });
  });
});
