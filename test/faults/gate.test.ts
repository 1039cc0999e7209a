/** Twenty scanners and one ticket; a scan against a refund. */
import { randomUUID } from "node:crypto";
import { expect } from "chai";
import decodeQR from "qr/decode.js";
import { type Answer, type Fan, type House, openHouse, type Show } from "../support/house.ts";

describe("the gate", () => {
  let house: House;
  let show: Show;
  let gateToken: string;

  before(async function () {
    this.timeout(40_000);
    house = await openHouse({ workers: 1, gateways: 2 });
    show = await house.makeShow();
    const { email, password } = await house.staff("gate");
    const { body } = await house.client.api("POST", "/auth/login", {
      body: { email, password },
      expect: 200,
    });
    gateToken = body.accessToken;
  });
  afterEach(async () => expect(await house.invariants()).to.deep.equal([]));
  after(() => house?.close());

  let nextSeat = 0;
  async function bought(
    count = 1,
  ): Promise<{ fan: Fan; id: string; tickets: { id: string; code: string; seatId: string }[] }> {
    const inside = await house.enter(await house.fan(), show);
    const seatIds = show.seatIds.slice(nextSeat, nextSeat + count);
    nextSeat += count;
    const { body } = await house.hold(inside, { seatIds }, { expect: 201 });
    const paid = await house.pay(inside.fan, body.id);
    expect(paid.status, paid.text).to.equal(201);
    return { fan: inside.fan, id: body.id, tickets: paid.body.reservation.tickets };
  }
  const scan = (code: string, more: object = {}, at = house.client): Promise<Answer> =>
    at.api("POST", "/operator/check-ins", { token: gateToken, body: { code }, ...more });
  const refund = (fan: Fan, id: string) =>
    house.client.api("POST", `/reservations/${id}/refunds`, {
      token: fan.token,
      idempotencyKey: randomUUID(),
    });

  it("F31 · check-in · twenty scanners at two gateways read one ticket at once · one lets in, the others are told when", async () => {
    const { tickets } = await bought();
    const { code, id, seatId } = tickets[0] as (typeof tickets)[0];
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => scan(code, {}, house.gateways[index % 2]?.client)),
    );
    const [admitted, ...more] = answers.filter(({ status }) => status === 201);
    expect(more).to.have.length(0);
    expect(admitted?.body).to.deep.include({ ticketId: id, performanceId: show.id });
    expect(admitted?.body.seat.id).to.equal(seatId);
    const refused = answers.filter(({ status }) => status === 409);
    expect(refused).to.have.length(19);
    for (const { body } of refused)
      expect([body.code, body.checkedInAt]).to.deep.equal(["ALREADY_CHECKED_IN", admitted?.body.checkedInAt]);
    const { body } = await house.operator("GET", `/audit?subjectId=${id}`, undefined, 200);
    expect(body.items.map(({ action }: { action: string }) => action)).to.deep.equal(["ticket.check-in"]);
  });

  it("check-in · typed in lower case · lets in; a forged, refunded or unknown code is 404", async () => {
    const { fan, id, tickets } = await bought();
    const code = tickets[0]?.code as string;
    await scan(`${code.slice(0, -1)}${code.endsWith("A") ? "B" : "A"}`, { expect: 404 });
    await scan("nonsense", { expect: 404 });
    expect((await refund(fan, id)).status).to.equal(201);
    await scan(code, { expect: 404 });
    const other = await bought();
    await scan(other.tickets[0]?.code.toLowerCase() as string, { expect: 201 });
  });

  it("check-in · by a fan, by nobody · 403, 401; by an operator · lets in", async () => {
    const { fan, tickets } = await bought();
    const code = tickets[0]?.code as string;
    await scan(code, { token: fan.token, expect: 403 });
    await scan(code, { token: undefined, expect: 401 });
    await scan(code, { token: house.operatorToken, expect: 201 });
  });

  it("refund · one of the tickets was used · NOT_REFUNDABLE", async () => {
    const { fan, id, tickets } = await bought(2);
    await scan(tickets[1]?.code as string, { expect: 201 });
    const answer = await refund(fan, id);
    expect([answer.status, answer.body.code]).to.deep.equal([409, "NOT_REFUNDABLE"]);
  });

  it("F31 · check-in against refund at the same instant, five times · one of them wins, never both", async () => {
    for (let round = 0; round < 5; round += 1) {
      const { fan, id, tickets } = await bought();
      const code = tickets[0]?.code as string;
      const [scanned, refunded] = await Promise.all([scan(code), refund(fan, id)]);
      expect([[201, 409].join(), [404, 201].join()]).to.include([scanned.status, refunded.status].join());
    }
  });

  it("picture · of one's own ticket · is an SVG of its code; another's, or a refunded one's · 404", async () => {
    const { fan, id, tickets } = await bought();
    const ticket = tickets[0] as (typeof tickets)[0];
    const path = `/tickets/${ticket.id}/qr.svg`;
    const { headers, text } = await house.client.api("GET", path, { token: fan.token, expect: 200 });
    expect(headers["content-type"]).to.match(/^image\/svg\+xml/);
    expect(headers["cache-control"]).to.equal("no-store");
    expect(read(text)).to.equal(ticket.code);
    await house.client.api("GET", path, { token: (await house.fan()).token, expect: 404 });
    await refund(fan, id);
    await house.client.api("GET", path, { token: fan.token, expect: 404 });
  });
});

/** Draws the picture's squares and reads them as a camera would. */
function read(svg: string): string {
  const scale = 6;
  const side = Number(/viewBox="0 0 (\d+) \d+"/.exec(svg)?.[1]) * scale;
  const data = new Uint8Array(side * side * 4).fill(255);
  for (const [x, y] of squaresOf(svg)) {
    for (let line = y * scale; line < (y + 1) * scale; line += 1)
      for (let dot = x * scale; dot < (x + 1) * scale; dot += 1)
        data.fill(0, (line * side + dot) * 4, (line * side + dot) * 4 + 3);
  }
  return decodeQR({ width: side, height: side, data });
}

/** Each square of the path is `M` or `m`, its corner, and its outline. */
function squaresOf(svg: string): [number, number][] {
  let [x, y] = [0, 0];
  return [...svg.matchAll(/([Mm])(-?\d+)[ ,]?(-?\d+)h1v1[Hh]-?\d+Z/g)].map(([, how, a, b]) => {
    const [dx, dy] = how === "m" ? [x, y] : [0, 0];
    [x, y] = [dx + Number(a), dy + Number(b)];
    return [x, y];
  });
}
