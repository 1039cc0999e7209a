/** What time alone does to a line. The clocks of all these cases run at once, so that the file lasts as long as one. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { atOnce } from "../support/house/at-once.ts";
import { type Answer, type Client, type Fan, type House, openHouse } from "../support/house.ts";
import { eventually } from "../support/wait.ts";

type View = Answer["body"];
const PATIENCE = { timeoutMs: 25_000, intervalMs: 150 };

describe("contract · queue · clocks", function () {
  this.timeout(60_000);
  let house: House;
  const { over, start, settled } = atOnce();

  before(async () => {
    house = await openHouse({ gateways: 2, workers: 2 });
    start();
  });
  after(async () => {
    await settled();
    await house?.close();
  });

  const state = async (fan: Fan, show: { queueId: string }, at?: Client): Promise<View> =>
    (await house.ticketOf(fan, show as never, at)).body;

  // Set once everybody stands where the case wants them, however long that took.
  const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();
  const setTime = (show: { queueId: string }, change: object) =>
    house.operator("PATCH", `/queues/${show.queueId}`, change, 200);

  over("an admission nobody claims · expires, its slot goes on, the fan joins at the end", async () => {
    const show = await house.makeShow({ queue: { maxActive: 1, arrivalSeconds: 5 } });
    const [absent, next] = (await house.fans(2)) as [Fan, Fan];
    const first = await house.admitted(absent, show);
    await house.join(next, show);
    const expired = await house.untilState(absent, show, "expired", 15_000);
    expect(Date.now()).to.be.at.least(Date.parse(first.arriveBy));
    expect(expired.arriveBy).to.equal(null);
    const late = await house.claim(absent, show);
    expect([late.status, late.body.code]).to.deep.equal([409, "ADMISSION_EXPIRED"]);
    await house.untilState(next, show, "admitted");
    const again = await house.join(absent, show);
    expect([again.status, again.body.state]).to.deep.equal([201, "waiting"]);
    expect(again.body.ticketId).to.not.equal(first.ticketId);
  });

  over("a session · ends, its pass with it, and its slot goes on", async () => {
    const show = await house.makeShow({ queue: { maxActive: 1, sessionSeconds: 5 } });
    const [fan, next] = (await house.fans(2)) as [Fan, Fan];
    const inside = await house.enter(fan, show);
    await house.join(next, show);
    await eventually(async () => (await state(fan, show)).state !== "inside", {
      ...PATIENCE,
      what: "the end",
    });
    expect(Date.now()).to.be.at.least(Date.parse(inside.passExpiresAt));
    const refused = await house.hold(inside, { seatIds: [show.seatIds[0]] });
    expect([refused.status, refused.body.code]).to.deep.equal([403, "PASS_EXPIRED"]);
    expect((await state(fan, show)).state).to.equal("expired");
    await house.untilState(next, show, "admitted");
  });

  over(
    "a session that ends before its hold · keeps the slot, takes no new hold, and can be paid",
    async () => {
      const show = await house.makeShow({
        queue: { maxActive: 1, sessionSeconds: 5 },
        performance: { holdSeconds: 14 },
      });
      const [fan, next] = (await house.fans(2)) as [Fan, Fan];
      const inside = await house.enter(fan, show);
      await house.join(next, show);
      const held = await house.hold(inside, { seatIds: [show.seatIds[0]] }, { expect: 201 });
      await sleep(Date.parse(inside.passExpiresAt) - Date.now() + 1_100);
      const refused = await house.hold(inside, { seatIds: [show.seatIds[1]] });
      expect([refused.status, refused.body.code]).to.deep.equal([403, "PASS_EXPIRED"]);
      expect((await state(next, show)).state).to.equal("waiting");
      expect((await house.pay(fan, held.body.id)).status).to.equal(201);
      await house.untilState(next, show, "admitted");
    },
  );

  over("a session whose hold lapses · frees the slot then", async () => {
    const show = await house.makeShow({
      queue: { maxActive: 1, sessionSeconds: 5 },
      performance: { holdSeconds: 7 },
    });
    const [fan, next] = (await house.fans(2)) as [Fan, Fan];
    const inside = await house.enter(fan, show);
    await house.join(next, show);
    const { body } = await house.hold(inside, { seatIds: [show.seatIds[0]] }, { expect: 201 });
    await house.untilState(next, show, "admitted", 20_000);
    expect(Date.now()).to.be.at.least(Date.parse(body.expiresAt));
    expect((await house.reservation(fan, body.id)).body.status).to.equal("EXPIRED");
  });

  over("the opening after a lobby · everybody gets a number, whoever comes later stands behind", async () => {
    const lobbyOpensAt = inSeconds(-60);
    const show = await house.makeShow({
      queue: { lobbyOpensAt, opensAt: inSeconds(3_600), ratePerMinute: 1 },
    });
    const [late, ...early] = (await house.fans(13)) as [Fan, ...Fan[]];
    const tickets = new Set<string>();
    for (const fan of early) {
      const { body } = await house.join(fan, show);
      tickets.add(body.ticketId);
      expect([body.state, body.position]).to.deep.equal(["lobby", null]);
    }
    await setTime(show, { opensAt: inSeconds(2) });
    const drawn = await eventually(
      async () => {
        const views = await Promise.all(early.map((fan) => state(fan, show)));
        return views.every((view) => view.state !== "lobby") && views;
      },
      { ...PATIENCE, what: "the draw" },
    );
    expect(new Set(drawn.map(({ ticketId }) => ticketId))).to.deep.equal(tickets);
    const numbers = drawn.map(({ sequence }) => sequence).sort((a, b) => a - b);
    expect(numbers).to.deep.equal(early.map((_, index) => index + 1));
    const { body } = await house.join(late, show);
    expect(body.sequence).to.be.greaterThan(numbers.at(-1) as number);
  });

  over("the closing time · ends who waits, lets those inside finish, takes nobody", async () => {
    const show = await house.makeShow({ queue: { maxActive: 1, closesAt: inSeconds(3_600) } });
    const [fan, waiting, late] = (await house.fans(3)) as [Fan, Fan, Fan];
    const inside = await house.enter(fan, show);
    const { body } = await house.join(waiting, show);
    const stream = house.stream(`/ws/v1/queues/${show.queueId}`, body.ticket);
    const closesAt = inSeconds(2);
    await setTime(show, { closesAt });
    expect((await stream.next("ended", undefined, 15_000)).reason).to.equal("closed");
    expect((await stream.ended()).code).to.equal(1000);
    expect(Date.now()).to.be.at.least(Date.parse(closesAt));
    const refused = await house.client.api("POST", `/queues/${show.queueId}/tickets`, { token: late.token });
    expect([refused.status, refused.body.code]).to.deep.equal([409, "QUEUE_CLOSED"]);
    const held = await house.hold(inside, { seatIds: [show.seatIds[0]] }, { expect: 201 });
    expect((await house.pay(fan, held.body.id)).status).to.equal(201);
  });

  over("an opening without a lobby · QUEUE_NOT_OPEN until then, the line from then on", async () => {
    const show = await house.makeShow({ queue: { opensAt: inSeconds(3_600) } });
    const fan = await house.fan();
    const join = () => house.client.api("POST", `/queues/${show.queueId}/tickets`, { token: fan.token });
    expect((await join()).body.code).to.equal("QUEUE_NOT_OPEN");
    const opensAt = inSeconds(2);
    await setTime(show, { opensAt });
    await eventually(async () => (await join()).status === 201, { ...PATIENCE, what: "the opening" });
    expect(Date.now()).to.be.at.least(Date.parse(opensAt));
    await house.untilState(fan, show, "admitted");
  });

  over("an admission that runs out · is told on the stream", async () => {
    const show = await house.makeShow({ queue: { maxActive: 1, arrivalSeconds: 5 } });
    const [first, fan] = (await house.fans(2)) as [Fan, Fan];
    await house.enter(first, show);
    const { ticket } = (await house.join(fan, show)).body;
    const stream = house.stream(`/ws/v1/queues/${show.queueId}`, ticket);
    await house.leave(first, show);
    await stream.next("admitted");
    expect((await stream.next("ended", undefined, 15_000)).reason).to.equal("expired");
    expect((await stream.ended()).code).to.equal(1000);
  });

  over("a pause · stops the clock of an admission", async () => {
    const show = await house.makeShow({ queue: { arrivalSeconds: 5 } });
    const fan = await house.fan();
    const view = await house.admitted(fan, show);
    await house.operator("POST", `/queues/${show.queueId}/pause`, undefined, 204);
    await sleep(Date.parse(view.arriveBy) - Date.now() + 1_500);
    expect((await state(fan, show)).state).to.equal("admitted");
    await house.operator("POST", `/queues/${show.queueId}/resume`, undefined, 204);
    expect((await house.claim(fan, show)).status).to.equal(200);
  });
});
