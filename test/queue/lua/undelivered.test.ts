/** Admissions that nobody acknowledged: the turn is kept once, by the rules of an absent fan. */
import { expect } from "chai";
import { Code } from "../../../src/queue/codes.ts";
import { type Lab, openLab } from "../lab.ts";
import { openHouse, type QueueHouse } from "../support.ts";

describe("undelivered admissions", () => {
  let house: QueueHouse;
  let lab: Lab;
  before(async () => {
    house = await openHouse();
  });
  beforeEach(async () => {
    lab = await openLab(house, { maxActive: 1, arrivalSeconds: 10, graceSeconds: 20, ratePerMinute: 6_000 });
    lab.confirmNothing();
  });
  afterEach(async () => {
    expect(await lab.check()).to.deep.equal([]);
    await lab.close();
  });
  after(() => house.close());

  const seen = (userId: string) => lab.store.attach(lab.queueId, userId, lab.GATEWAY);

  it("tick · an admission that no page received is not claimed · keeps the front for the grace, and the slot is free", async () => {
    const fan = await lab.join();
    const next = await lab.join();
    await lab.run(10.5);
    expect(await lab.states([fan, next])).to.deep.equal(["D", "A"]);
    expect(await lab.stateField("noShowTotal")).to.equal("0");
    await lab.run(20.5);
    expect((await lab.kinds(fan.ticketId)).at(-1)).to.equal("expire grace");
  });

  it("attach · within that grace · is the next one in, under a new fence, and can claim", async () => {
    const fan = await lab.join();
    const [next, third] = [await lab.join(), await lab.join()];
    await lab.run(10.5);
    await seen(fan.userId);
    await lab.store.leave(lab.queueId, next.userId, next.ticketId, "left", {});
    await lab.run(0.5);
    expect(await lab.states([fan, third])).to.deep.equal(["A", "W"]);
    const claim = await lab.store.claim(lab.queueId, fan.userId);
    expect([claim.code, claim.ticketId, claim.fence]).to.deep.equal([Code.ok, fan.ticketId, 3]);
  });

  it("tick · nobody acknowledged the second one either · it is a no-show for good", async () => {
    const fan = await lab.join();
    await lab.run(10.5);
    await seen(fan.userId);
    await lab.run(11);
    expect(await lab.kinds(fan.ticketId)).to.deep.equal([
      "join",
      "admit",
      "defer",
      "return",
      "admit",
      "expire no_show",
    ]);
    expect(await lab.stateField("noShowTotal")).to.equal("1");
  });

  it("tick · a page received it · the first time is the last", async () => {
    const fan = await lab.join();
    await lab.run(0.25);
    await lab.store.delivered(lab.queueId, [fan.userId]);
    await lab.run(10.5);
    expect(await lab.kinds(fan.ticketId)).to.deep.equal(["join", "admit", "expire no_show"]);
  });

  it("delivered · of one who waits, of an admission that is not committed · says nothing", async () => {
    const first = await lab.join();
    const second = await lab.join();
    await lab.store.delivered(lab.queueId, [first.userId, second.userId]);
    await lab.run(10.5);
    expect((await lab.states([first]))[0]).to.equal("D");
  });

  it("rebuild · after one was forgiven · does not forgive another", async () => {
    const fan = await lab.join();
    await lab.run(10.5);
    await lab.loseAll();
    await lab.run(1);
    await seen(fan.userId);
    await lab.run(14.5);
    expect((await lab.kinds(fan.ticketId)).slice(-2)).to.deep.equal(["admit", "expire no_show"]);
  });

  it("rebuild · a claim went down with Redis · the fan claims again, under the same fence", async () => {
    const fan = await lab.join();
    await lab.run(0.25);
    const before = await lab.store.claim(lab.queueId, fan.userId);
    await lab.loseAll();
    await lab.run(8);
    const again = await lab.store.claim(lab.queueId, fan.userId);
    expect([again.code, again.ticketId, again.fence]).to.deep.equal([Code.ok, fan.ticketId, before.fence]);
    await lab.run(0.25);
    expect(await lab.kinds(fan.ticketId)).to.deep.equal(["join", "admit", "claim"]);
  });

  it("rebuild · a claim went down with Redis and is not made again · there is no second turn", async () => {
    const fan = await lab.join();
    await lab.run(0.25);
    await lab.store.claim(lab.queueId, fan.userId);
    await lab.loseAll();
    await lab.run(0.25);
    await seen(fan.userId);
    await lab.run(14);
    expect(await lab.kinds(fan.ticketId)).to.deep.equal(["join", "admit", "expire no_show"]);
  });
});
