/** Who is away when the turn comes. Presence by polls lasts some ten seconds, which no test can shorten. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { type Answer, type Fan, type House, openHouse, type Show } from "../../support/house.ts";
import { eventually } from "../../support/wait.ts";

type View = Answer["body"];
/** A poll counts for 2 × pollAfterSeconds + 5 s. */
const FORGOTTEN_MS = 11_000;

describe("contract · away at the turn", function () {
  this.timeout(90_000);
  let house: House;
  before(async () => {
    house = await openHouse({ gateways: 2, workers: 2 });
  });
  after(() => house?.close());

  const state = async (fan: Fan, show: Show): Promise<View> => (await house.ticketOf(fan, show)).body;
  const watch = (show: Show, { ticket }: View) => house.stream(`/ws/v1/queues/${show.queueId}`, ticket);

  it("comes back in time · keeps the front, and is next", async () => {
    const show = await house.makeShow({ queue: { maxActive: 1, graceSeconds: 60 } });
    const [inside, away, present, later] = (await house.fans(4)) as [Fan, Fan, Fan, Fan];
    await house.enter(inside, show);
    await house.join(away, show);
    for (const fan of [present, later]) watch(show, (await house.join(fan, show)).body);
    await sleep(FORGOTTEN_MS);
    await house.leave(inside, show);
    await house.untilState(present, show, "admitted");
    const back = await state(away, show);
    expect([back.state, back.position, back.ahead]).to.deep.equal(["deferred", 1, 0]);
    expect(Date.parse(back.deferredUntil)).to.be.closeTo(Date.now() + 60_000, 10_000);
    await house.leave(present, show);
    await house.untilState(away, show, "admitted");
    expect((await state(later, show)).state).to.equal("waiting");
  });

  it("stays away · loses the place when grace is over", async () => {
    const show = await house.makeShow({ queue: { maxActive: 1, graceSeconds: 5 } });
    const [inside, away, present] = (await house.fans(3)) as [Fan, Fan, Fan];
    await house.enter(inside, show);
    const { body } = await house.join(away, show);
    watch(show, (await house.join(present, show)).body);
    await sleep(FORGOTTEN_MS);
    await house.leave(inside, show);
    await house.untilState(present, show, "admitted");
    // Looking would count as coming back, so the journal's word is waited for.
    const ends = () => house.db("queue_journal").where({ ticket_id: body.ticketId, kind: "expire" });
    await eventually(async () => (await ends()).length === 1, {
      timeoutMs: 25_000,
      what: "the end of the grace",
    });
    expect((await state(away, show)).state).to.equal("expired");
    expect((await house.join(away, show)).status).to.equal(201);
  });
});
