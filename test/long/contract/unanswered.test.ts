/** A page that does not answer: its turn may have reached nobody. */
import { expect } from "chai";
import { type Fan, type House, openHouse } from "../../support/house.ts";
import { eventually } from "../../support/wait.ts";

describe("contract · an admission that nobody acknowledged", function () {
  this.timeout(60_000);
  let house: House;
  before(async () => {
    house = await openHouse();
  });
  after(() => house?.close());

  async function waiting(autoPong: boolean) {
    const show = await house.makeShow({ queue: { maxActive: 1, arrivalSeconds: 5, graceSeconds: 60 } });
    const [inside, fan] = (await house.fans(2)) as [Fan, Fan];
    await house.enter(inside, show);
    const { body } = await house.join(fan, show);
    const stream = house.stream(`/ws/v1/queues/${show.queueId}`, body.ticket, { autoPong });
    await stream.next("state");
    let last: Buffer = Buffer.alloc(0);
    stream.socket.on("ping", (said) => {
      last = said;
    });
    await house.leave(inside, show);
    await stream.next("admitted");
    return { show, fan, stream, answer: () => stream.socket.pong(last) };
  }

  it("it is deferred, once; an answer brings the fan back to the front and in again", async () => {
    const { show, fan, stream, answer } = await waiting(false);
    const deferred = await stream.next("state", ({ state }) => state === "deferred", 12_000);
    expect([deferred.position, typeof deferred.deferredUntil]).to.deep.equal([1, "string"]);
    await eventually(
      () => {
        answer();
        return stream.of("admitted").length === 2;
      },
      { timeoutMs: 10_000, intervalMs: 100, what: "the second turn" },
    );
    expect((await house.claim(fan, show)).status).to.equal(200);
  });

  it("a page that answered · is not given a second turn", async () => {
    const { stream } = await waiting(true);
    expect((await stream.next("ended", () => true, 12_000)).reason).to.equal("expired");
    expect(stream.of("state").map(({ state }) => state)).to.not.include("deferred");
  });

  it("a poll that showed it · is an answer too", async () => {
    const { show, fan, stream } = await waiting(false);
    expect((await house.ticketOf(fan, show)).body.state).to.equal("admitted");
    expect((await stream.next("ended", () => true, 12_000)).reason).to.equal("expired");
  });
});
