import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { loadConfig } from "../../src/config.ts";
import { signWebhook } from "../../src/payments/index.ts";
import { type House, type Inside, openHouse, type Show } from "../support/house.ts";

describe("the operator's view of the money", () => {
  let house: House;
  let show: Show;

  before(async function () {
    this.timeout(40_000);
    house = await openHouse({ workers: 0 });
    show = await house.makeShow();
  });
  after(() => house?.close());

  const list = async (query = "") => (await house.operator("GET", `/payments${query}`, undefined, 200)).body;

  it("GET payments · undecided, late, refunding · each is found by its filter, page by page", async () => {
    const worker = await house.addWorker();
    const inside: Inside[] = await Promise.all((await house.fans(3)).map((fan) => house.enter(fan, show)));
    await worker.stop();
    const held = await Promise.all(
      inside.map((one, seat) => house.hold(one, { seatIds: [show.seatIds[seat]] }, { expect: 201 })),
    );
    const [undecided, late, refunded] = held.map(({ body }) => body.id) as [string, string, string];
    const [first, second, third] = inside.map(({ fan }) => fan) as [
      Inside["fan"],
      Inside["fan"],
      Inside["fan"],
    ];
    await house.pay(first, undecided, { type: "sandbox", card: "undecided", settleAfterSeconds: 600 });
    await house.pay(second, late, "declined");
    await house.client.api("DELETE", `/reservations/${late}`, { token: second.token, expect: 204 });
    await house.operator(
      "POST",
      `/performances/${show.id}/seats/block`,
      { seatIds: [show.seatIds[1]], reason: "Wet." },
      200,
    );
    const { id: paymentId } = await house.db("payments").where({ reservation_id: late }).first("id");
    const raw = JSON.stringify({ id: randomUUID(), type: "payment.succeeded", data: { paymentId } });
    const signature = signWebhook(
      loadConfig(house.environment).webhookKey,
      raw,
      Math.floor(Date.now() / 1_000),
    );
    const headers = { "FastPass-Signature": signature, "Content-Type": "application/json" };
    await house.client.api("POST", "/payments/webhooks/sandbox", { raw, headers, expect: 200 });
    await house.pay(third, refunded);
    const key = { token: third.token, idempotencyKey: randomUUID(), expect: 201 };
    await house.client.api("POST", `/reservations/${refunded}/refunds`, key);

    const of = ({ items }: { items: { reservationId: string }[] }) =>
      items.map(({ reservationId }) => reservationId);
    expect(of(await list("?status=undecided"))).to.deep.equal([undecided]);
    expect(of(await list("?status=late"))).to.deep.equal([late]);
    expect(of(await list("?status=refunding"))).to.have.members([late, refunded]);
    const page = await list("?limit=2");
    const rest = await list(`?limit=2&cursor=${page.nextCursor}`);
    expect([...of(page), ...of(rest)]).to.have.members([undecided, late, refunded]);
    expect(rest.nextCursor).to.equal(null);
    const [money] = (await list("?status=late")).items;
    expect(money).to.include({ status: "succeeded", reservationStatus: "REFUNDING", performanceId: show.id });
    expect(money.refund).to.include({ reason: "late_payment", status: "pending" });
  });

  it("GET payments · an unknown filter, a fan · 400, 403", async () => {
    await house.operator("GET", "/payments?status=lost", undefined, 400);
    await house.client.api("GET", "/operator/payments", { token: (await house.fan()).token, expect: 403 });
  });
});
