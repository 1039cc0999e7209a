/** Signed tickets after a loss of Redis: they give a lost place back, and never one that was used up. */
import { expect } from "chai";
import { loadConfig } from "../../src/config.ts";
import { Code } from "../../src/queue/codes.ts";
import { createCredentials } from "../../src/queue/credentials.ts";
import type { TicketView } from "../../src/queue/index.ts";
import { eventually } from "../support/wait.ts";
import { type Lab, openLab } from "./lab.ts";
import { newFan, openHouse, type QueueHouse } from "./support.ts";

describe("lost tickets", () => {
  let house: QueueHouse;
  let lab: Lab;
  const { ticketKey, passPrivateKey } = loadConfig({
    DATABASE_URL: "postgres://unused",
    REDIS_URL: "redis://unused",
    NODE_ENV: "test",
  });
  const credentials = createCredentials(ticketKey, passPrivateKey);
  before(async () => {
    house = await openHouse();
  });
  beforeEach(async () => {
    lab = await openLab(house, {
      maxActive: 1,
      ratePerMinute: 6_000,
      arrivalSeconds: 10,
      sessionSeconds: 30,
      graceSeconds: 10,
    });
  });
  afterEach(async () => {
    expect(await lab.check()).to.deep.equal([]);
    await lab.close();
  });
  after(() => house.close());

  /** At a gateway that dies with Redis: nobody but the fan has the ticket. */
  async function joinElsewhere(userId: string = newFan()) {
    const { view, ticketId } = await lab.join(userId);
    const sequence = view?.sequence ?? 0;
    const claims = { userId, ticketId, sequence, epoch: 1 };
    return { ...claims, ticket: credentials.signTicket(lab.queueId, claims) };
  }
  async function join(
    userId: string = newFan(),
    ticket: string | null = null,
  ): Promise<TicketView & { userId: string }> {
    const outcome = await lab.queue.room.join(lab.queueId, userId, null, ticket);
    if (!outcome.ok) throw new Error(outcome.reason);
    return { ...outcome.view, userId };
  }
  /** Somebody takes the only slot, so that the others wait. */
  const fill = async () => {
    const view = await join();
    await lab.beat();
    return view;
  };
  const leave = ({ userId, ticketId }: { userId: string; ticketId: string }) =>
    lab.store.leave(lab.queueId, userId, ticketId, "left", {});
  /** Redis comes back empty and is rebuilt; the time in which nobody is admitted has begun. */
  async function lose(): Promise<void> {
    await lab.loseAll();
    await lab.beat();
    await lab.beat();
  }
  const recovered = () => lab.run(4);
  /** In which order they are admitted when each leaves at once. */
  async function admissions(count: number): Promise<string[]> {
    const order: string[] = [];
    for (let left = count * 8; left > 0 && order.length < count; left -= 1) {
      await lab.run(0.25);
      const inside = await lab.redis.zrange(`{q:${lab.queueId}}:arriving`, "0", "-1");
      for (const userId of inside) {
        order.push(userId);
        await lab.store.leave(lab.queueId, userId, "", "left", {});
      }
    }
    return order;
  }

  it("join · with a ticket whose join was lost, while recovering · has its own place again, whoever comes first", async () => {
    const inside = await fill();
    const known = await join();
    await lab.beat();
    const first = await joinElsewhere();
    const second = await joinElsewhere();
    await lose();
    const newcomer = await lab.queue.room.join(lab.queueId, newFan(), null);
    expect(newcomer).to.deep.equal({ ok: false, reason: "REBUILDING" });
    const secondBack = await join(second.userId, second.ticket);
    const firstBack = await join(first.userId, first.ticket);
    expect([firstBack.ticketId, firstBack.sequence, firstBack.position]).to.deep.equal([
      first.ticketId,
      first.sequence,
      null,
    ]);
    expect(secondBack.sequence).to.equal(second.sequence);
    await recovered();
    const last = await join();
    await leave(inside);
    const order = await admissions(4);
    expect(order).to.deep.equal([known.userId, first.userId, second.userId, last.userId]);
  });

  it("removeTicket, readmit · while the queue is not there yet · refused, and done when it is", async () => {
    const { ticketId } = await join();
    await lab.beat();
    await lab.loseAll();
    const refused = { ok: false, reason: "REBUILDING" };
    const remove = () => lab.queue.removeTicket(lab.queueId, ticketId, "operator", "bot");
    expect(await remove()).to.deep.equal(refused);
    expect(await lab.queue.readmit(lab.queueId, ticketId, "operator")).to.deep.equal(refused);
    await lab.beat();
    await lab.beat();
    expect((await remove()).ok).to.equal(true);
    await lab.beat();
    const kinds = await lab
      .db("queue_journal")
      .where({ queue_id: lab.queueId, ticket_id: ticketId })
      .pluck("kind");
    expect(kinds.filter((kind) => kind === "remove")).to.deep.equal(["remove"]);
  });

  it("join · with such a ticket when others have places again · nobody's place rises, and the order is that of joining", async () => {
    const inside = await fill();
    await join();
    await lab.beat();
    const lost = await joinElsewhere();
    await lose();
    await recovered();
    const newcomers = [await join(), await join()];
    await lab.beat();
    const before = await Promise.all(newcomers.map(({ userId }) => lab.viewOf(userId)));
    const back = await join(lost.userId, lost.ticket);
    expect([back.ticketId, back.sequence, back.position]).to.deep.equal([lost.ticketId, lost.sequence, 2]);
    await lab.beat();
    const after = await Promise.all(newcomers.map(({ userId }) => lab.viewOf(userId)));
    expect(after.map(({ rank }) => rank)).to.deep.equal(before.map(({ rank }) => rank));
    await leave(inside);
    const order = await admissions(4);
    expect(order.slice(1)).to.deep.equal([lost, ...newcomers].map(({ userId }) => userId));
  });

  it("join · with a ticket that went with less than a tick of Redis · shows the loss, and all have their places again", async () => {
    const inside = await fill();
    const known = await join();
    await lab.beat();
    await lab.takeSnapshot();
    const lost = await joinElsewhere();
    await lab.loseSince();
    await lab.pass(50_000);
    const later = await join();
    await lab.beat();
    expect((await lab.row()).epoch).to.equal(1);
    const [leaver, removed] = [await join(), await join()];
    await leave(leaver);
    await lab.store.leave(lab.queueId, removed.userId, removed.ticketId, "removed", {});
    const outcome = await lab.queue.room.join(lab.queueId, lost.userId, null, lost.ticket);
    expect(outcome).to.deep.equal({ ok: false, reason: "REBUILDING" });
    expect(await lab.queue.room.join(lab.queueId, newFan(), null)).to.deep.equal(outcome);
    await lab.beat();
    expect((await lab.row()).epoch).to.equal(2);
    // Done since the loss, and in no journal when it was found.
    expect(await lab.states([leaver, removed])).to.deep.equal(["G", "M"]);
    // Once its gateway has heard of the new epoch.
    const back = await eventually(() => join(lost.userId, lost.ticket), { what: "its place" });
    expect([back.ticketId, back.sequence]).to.deep.equal([lost.ticketId, lost.sequence]);
    await recovered();
    await leave(inside);
    expect(await admissions(3)).to.deep.equal([known.userId, lost.userId, later.userId]);
  });

  it("join · with the ticket that the account has · never takes it for lost, live or ended", async () => {
    await fill();
    const here = await joinElsewhere();
    expect((await join(here.userId, here.ticket)).ticketId).to.equal(here.ticketId);
    await leave(here);
    await lab.beat();
    const again = await join(here.userId, here.ticket);
    expect(again.sequence).to.be.above(here.sequence);
    await lab.beat();
    expect((await lab.row()).epoch).to.equal(1);
  });

  it("join · with such a ticket, then leaving · it comes back neither now nor after another loss", async () => {
    await fill();
    const lost = await joinElsewhere();
    await lose();
    await recovered();
    const honoured = await join(lost.userId, lost.ticket);
    expect(honoured.ticketId).to.equal(lost.ticketId);
    await leave(honoured);
    await lab.run(0.5);
    for (const loss of [false, true]) {
      if (loss) {
        await lose();
        await recovered();
      }
      const again = await join(lost.userId, lost.ticket);
      expect(again.ticketId).to.not.equal(lost.ticketId);
      expect(again.sequence).to.be.above(lost.sequence);
      await leave(again);
      await lab.run(0.5);
    }
  });

  it("join · with one of two lost tickets, used up · the other is worth nothing, also after another loss", async () => {
    await fill();
    const one = await joinElsewhere();
    await leave(one);
    await lab.tick();
    const two = await joinElsewhere(one.userId);
    expect(two.ticketId).to.not.equal(one.ticketId);
    await lose();
    await recovered();
    const honoured = await join(one.userId, one.ticket);
    expect(honoured.ticketId).to.equal(one.ticketId);
    await leave(honoured);
    await lab.run(0.5);
    const again = await join(one.userId, two.ticket);
    expect([again.ticketId === one.ticketId, again.ticketId === two.ticketId]).to.deep.equal([false, false]);
    await leave(again);
    await lab.run(0.5);
    await lose();
    await recovered();
    const once = await join(one.userId, two.ticket);
    expect([one.ticketId, two.ticketId]).to.not.include(once.ticketId);
  });

  it("join · with a forged, a foreign or another fan's ticket · starts at the end", async () => {
    await fill();
    const lost = await joinElsewhere();
    const other = await openLab(house, { maxActive: 1 });
    const outcome = await other.queue.room.join(other.queueId, lost.userId, null);
    const foreign = outcome.ok ? outcome.view.ticket : "";
    await other.close();
    await lose();
    await recovered();
    const [head, claims] = lost.ticket.split(".");
    for (const ticket of [`${head}.${claims}.${"x".repeat(43)}`, "no ticket", foreign]) {
      const view = await join(lost.userId, ticket);
      expect(view.sequence).to.be.above(lost.sequence);
      await leave(view);
      await lab.run(0.5);
    }
    const thief = await join(newFan(), lost.ticket);
    expect([thief.ticketId === lost.ticketId, thief.sequence > lost.sequence]).to.deep.equal([false, true]);
  });

  it("join · with a ticket that lost only Redis' memory of it · is the place that the journal knows", async () => {
    await fill();
    const fan = await join();
    await lab.beat();
    await lose();
    await recovered();
    const again = await join(fan.userId, fan.ticket);
    expect([again.ticketId, again.sequence, again.position]).to.deep.equal([fan.ticketId, fan.sequence, 1]);
  });

  it("hand-in · fans whose gateway lives on · have their places back by themselves, in their order", async () => {
    const inside = await fill();
    const fans = [await join(), await join(), await join()];
    await lose();
    await lab.whenHandedIn(fans.length + 1);
    await recovered();
    await leave(inside);
    expect(await admissions(3)).to.deep.equal(fans.map(({ userId }) => userId));
  });

  describe("used up", () => {
    const claim = async (fan: TicketView & { userId: string }) =>
      expect((await lab.store.claim(lab.queueId, fan.userId)).code).to.equal(Code.ok);
    const ways: readonly [string, (fan: TicketView & { userId: string }) => Promise<unknown>][] = [
      [
        "a purchase",
        async (fan) => {
          await claim(fan);
          await lab.store.endSession(lab.queueId, fan.userId, fan.ticketId, "purchased");
        },
      ],
      ["leaving", leave],
      [
        "the end of the session",
        async (fan) => {
          await claim(fan);
          await lab.run(31);
        },
      ],
      ["a no-show", () => lab.run(11)],
      [
        "a removal that was taken back",
        async ({ userId, ticketId }) => {
          await lab.store.leave(lab.queueId, userId, ticketId, "removed", { by: "operator" });
          const refused = await lab.queue.room.join(lab.queueId, userId, null);
          expect(refused).to.deep.equal({ ok: false, reason: "REMOVED" });
          await lab.store.readmit(lab.queueId, userId, ticketId, { by: "operator" });
        },
      ],
    ];
    for (const [what, useUp] of ways) {
      it(`join · with the ticket after ${what} · starts at the end, before a loss and after it`, async () => {
        const fan = await fill();
        await useUp(fan);
        await lab.run(0.5);
        await fill();
        const waiting = await join();
        const before = await join(fan.userId, fan.ticket);
        expect([before.ticketId === fan.ticketId, before.sequence > waiting.sequence]).to.deep.equal([
          false,
          true,
        ]);
        await leave(before);
        await lab.run(0.5);
        await lose();
        await recovered();
        for (const { ticket } of [fan, before]) {
          const after = await join(fan.userId, ticket);
          expect([fan.ticketId, before.ticketId]).to.not.include(after.ticketId);
          expect(after.sequence).to.be.above(before.sequence);
          await leave(after);
          await lab.run(0.5);
        }
      });
    }

    it("join · of an account that was removed · is refused whatever ticket it has, before a loss and after it", async () => {
      await fill();
      const fan = await join();
      await lab.store.leave(lab.queueId, fan.userId, fan.ticketId, "removed", { by: "operator" });
      await lab.run(0.5);
      for (const loss of [false, true]) {
        if (loss) {
          await lose();
          await recovered();
        }
        const refused = await lab.queue.room.join(lab.queueId, fan.userId, null, fan.ticket);
        expect(refused).to.deep.equal({ ok: false, reason: "REMOVED" });
      }
    });
  });
});
