/** The lobby and its draw, as anybody can follow and check it over HTTP. */
import { createHash } from "node:crypto";
import { expect } from "chai";
import { readEntries, verifyDraw, verifyProof } from "../../src/web/draw-check/verify.ts";
import { type Fan, type House, openHouse, type Show } from "../support/house.ts";
import { eventually } from "../support/wait.ts";

const at = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();

describe("contract · the draw", function () {
  this.timeout(60_000);

  let house: House;
  before(async () => {
    house = await openHouse();
  });
  after(() => house?.close());

  const drawOf = async (show: Show) =>
    (await house.client.api("GET", `/queues/${show.queueId}/draw`, { expect: 200 })).body;
  const proofOf = (fan: Fan, show: Show) =>
    house.client.api("GET", `/queues/${show.queueId}/tickets/me/proof`, { token: fan.token });
  const entriesOf = (show: Show) => house.client.api("GET", `/queues/${show.queueId}/draw/entries`);

  it("from the making of the queue to the last place · every step is shown when it is taken, and all can be checked", async () => {
    const show = await house.makeShow({
      queue: { lobbyOpensAt: at(-60), opensAt: at(3_600), maxActive: 1, ratePerMinute: 1 },
    });
    const [late, stranger, ...early] = (await house.fans(11)) as [Fan, Fan, ...Fan[]];
    const tickets: string[] = [];
    for (const fan of early) tickets.push((await house.join(fan, show)).body.ticketId);

    const before = await drawOf(show);
    expect(before).to.include({ algorithm: "fastpass-draw-1", root: null, seed: null, beacon: null });
    expect(before.commitment).to.match(/^[0-9a-f]{64}$/);
    expect(before.counts).to.deep.equal({ entries: null });
    expect((await entriesOf(show)).body.code).to.equal("NOT_DRAWN");
    expect((await proofOf(early[0] as Fan, show)).body.code).to.equal("NOT_DRAWN");
    expect((await proofOf(stranger, show)).body.code).to.equal("NO_TICKET");

    await house.operator("PATCH", `/queues/${show.queueId}`, { opensAt: at(-1) }, 200);
    const draw = await eventually(async () => ((await drawOf(show)).seed ? drawOf(show) : null), {
      timeoutMs: 15_000,
      what: "the seed",
    });
    expect(draw.commitment).to.equal(before.commitment);
    expect(createHash("sha256").update(Buffer.from(draw.seed, "hex")).digest("hex")).to.equal(
      draw.commitment,
    );

    const { status, text, headers } = await entriesOf(show);
    expect(status).to.equal(200);
    expect(headers["content-type"]).to.match(/^application\/x-ndjson/);
    const { order, findings } = readEntries(text);
    expect(findings).to.deep.equal([]);
    expect(order).to.have.members(tickets);
    expect((await verifyDraw(draw, order)).findings).to.deep.equal([]);

    for (const [index, fan] of early.entries()) {
      const { body } = await proofOf(fan, show);
      expect(body).to.include({ ticketId: tickets[index], root: draw.root, entries: early.length });
      expect(body.place).to.equal(order.indexOf(tickets[index] as string) + 1);
      expect(await verifyProof(draw, body)).to.deep.equal([]);
    }
    expect((await house.join(late, show)).status).to.equal(201);
    expect((await proofOf(late, show)).body.code).to.equal("NOT_IN_DRAW");

    const { body } = await house.client.api("GET", `/queues/${show.queueId}`, { expect: 200 });
    const { commitment, root, seed } = draw;
    await eventually(
      async () => {
        const { draw: short } = (await house.client.api("GET", `/queues/${show.queueId}`)).body;
        expect(short).to.deep.equal({ commitment, root, seed });
        return true;
      },
      { what: "the draw in the queue's status" },
    );
    expect(body.draw.commitment).to.equal(commitment);
  });

  it("two queues · made alike · are committed to different seeds", async () => {
    const shows = [await house.makeShow(), await house.makeShow()];
    const commitments = await Promise.all(shows.map(async (show) => (await drawOf(show)).commitment));
    expect(new Set(commitments).size).to.equal(2);
  });

  it("the draw of a queue that is not there · 404", async () => {
    const nowhere = "018f3c1e-0000-7000-8000-000000000000";
    for (const path of ["draw", "draw/entries"])
      expect((await house.client.api("GET", `/queues/${nowhere}/${path}`)).status).to.equal(404);
    const fan = await house.fan();
    const { status } = await house.client.api("GET", `/queues/${nowhere}/tickets/me/proof`, {
      token: fan.token,
    });
    expect(status).to.equal(404);
  });
});
