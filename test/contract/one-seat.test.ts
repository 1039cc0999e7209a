/** Two gateways and two workers on one Redis and PostgreSQL: nobody gets what somebody else has. */
import { expect } from "chai";
import { type Fan, type House, type Inside, openHouse, type Show } from "../support/house.ts";
import { eventually } from "../support/wait.ts";

const CLIENTS = 200;
/** Admits that many at once; by itself a queue admits no more than there are seats worth admitting for. */
const WIDE = { ratePerMinute: 60_000, maxActive: 1_000, overbook: 10 };
const HALL = [{ name: "Floor", rows: 2, seatsPerRow: 15, amount: 9_000 }];

describe("contract · one seat, many fans", function () {
  this.timeout(60_000);

  for (const redlock of ["on", "off"]) {
    describe(`FASTPASS_REDLOCK=${redlock}`, () => {
      let house: House;
      before(async () => {
        house = await openHouse({ gateways: 2, workers: 2, environment: { FASTPASS_REDLOCK: redlock } });
      });
      after(() => house?.close());

      const at = (index: number) => house.gateways[index % 2]?.client;
      const enterAll = async (show: Show, fans: readonly Fan[]): Promise<Inside[]> =>
        Promise.all(fans.map((fan, index) => house.enter(fan, show, at(index))));

      it(`${CLIENTS} clients on one seat · exactly one 201 and ${CLIENTS - 1} 409s, one sale`, async () => {
        const show = await house.makeShow({ queue: WIDE, sections: HALL });
        const inside = await enterAll(show, await house.fans(CLIENTS));
        const body = { seatIds: [show.seatIds[7]] };
        const answers = await Promise.all(inside.map((each, index) => house.hold(each, body, {}, at(index))));
        const won = answers.filter(({ status }) => status === 201);
        const lost = answers.filter(({ status }) => status === 409);
        const others = answers.filter(({ status }) => status !== 201 && status !== 409);
        expect(others.map(({ status, body }) => `${status} ${body?.code}`)).to.deep.equal([]);
        expect([won.length, lost.length]).to.deep.equal([1, CLIENTS - 1]);
        for (const { body: refused } of lost)
          expect(refused.code).to.be.oneOf(["SEAT_TAKEN", "SEAT_CONTENDED"]);
        const winner = inside[answers.findIndex(({ status }) => status === 201)] as Inside;
        expect((await house.pay(winner.fan, won[0]?.body.id)).status).to.equal(201);
        const sold = `${"A".repeat(7)}O${"A".repeat(22)}`;
        await eventually(async () => (await house.availability(show)).seats === sold, {
          what: "the sold seat",
        });
        for (const late of inside.filter((each) => each !== winner).slice(0, 3)) {
          const refused = await house.hold(late, body);
          expect([refused.status, refused.body.code]).to.deep.equal([409, "SEAT_TAKEN"]);
          expect(refused.body.seats).to.deep.equal([{ id: show.seatIds[7], ordinal: 7, state: "OCCUPIED" }]);
        }
        expect(await house.invariants()).to.deep.equal([]);
      });

      it("a whole hall by three times as many · every seat once, everybody is told in HTTP", async () => {
        const show = await house.makeShow({ queue: WIDE, performance: { maxSeatsPerFan: 2 } });
        const inside = await enterAll(show, await house.fans(60));
        const wishes = inside.map((_, index) => {
          const first = (index * 7) % 19;
          return index % 3 === 0
            ? { bestAvailable: { quantity: 2 } }
            : { seatIds: [show.seatIds[first], show.seatIds[first + 1]].sort(() => (index % 2 ? 1 : -1)) };
        });
        const answers = await Promise.all(
          inside.map((each, index) => house.hold(each, wishes[index] as object, {}, at(index))),
        );
        for (const { status } of answers) expect(status).to.be.oneOf([201, 409]);
        const held = answers.flatMap(({ status, body }) => (status === 201 ? body.seats : []));
        const ordinals = held.map(({ ordinal }: { ordinal: number }) => ordinal);
        expect(new Set(ordinals).size).to.equal(ordinals.length);
        expect(ordinals.length).to.be.at.least(2);
        expect(await house.invariants()).to.deep.equal([]);
      });
    });
  }
});
