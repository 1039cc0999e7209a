/** Gateway, worker and Redis die at once in the middle of a surge. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { checkJournal } from "../../src/queue/index.ts";
import { type DurableHouse, openDurableHouse } from "../support/house/durable.ts";
import type { Answer, Fan, Show } from "../support/house.ts";
import { eventually } from "../support/wait.ts";

const FANS = 300;
const SURGE_MS = 3_000;
const PATIENCE = { timeoutMs: 60_000, intervalMs: 500 };

describe("crashes in a surge", function () {
  this.timeout(300_000);
  let durable: DurableHouse;
  before(async () => {
    durable = await openDurableHouse();
  });
  after(() => durable?.close());

  /** What each fan was told last. */
  const told = new Map<Fan, Answer["body"]>();

  async function post(fan: Fan, show: Show): Promise<boolean> {
    const ticket: string | undefined = told.get(fan)?.ticket;
    const answer = await durable.client
      .api("POST", `/queues/${show.queueId}/tickets`, { token: fan.token, body: ticket ? { ticket } : {} })
      .catch(() => null);
    if (answer?.status !== 200 && answer?.status !== 201) return false;
    told.set(fan, answer.body);
    return true;
  }

  /** As a page does that gets no answer. */
  async function joinInTheEnd(fan: Fan, show: Show, delayMs: number): Promise<void> {
    await sleep(delayMs);
    await eventually(() => post(fan, show), { ...PATIENCE, what: "a place" });
  }

  for (const [what, comeBack] of [
    ["with its file", () => durable.redis.kill().then(() => durable.redis.restart())],
    ["with nothing", () => durable.emptyRedis()],
  ] as const) {
    it(`gateway, worker and Redis killed, Redis comes back ${what} · no place is lost, nobody is overtaken or admitted twice`, async () => {
      const { house } = durable;
      told.clear();
      const show = await house.makeShow({
        queue: { maxActive: 5, ratePerMinute: 1_200, arrivalSeconds: 600 },
        sections: [{ name: "Floor", rows: 20, seatsPerRow: 20, amount: 9_000 }],
      });
      const fans = await house.fans(FANS);
      const surge = Promise.all(fans.map((fan, index) => joinInTheEnd(fan, show, (index * SURGE_MS) / FANS)));
      await eventually(() => told.size > FANS / 3, {
        ...PATIENCE,
        intervalMs: 10,
        what: "a third of the surge",
      });
      const [gateway, worker] = [durable.gateway, durable.worker];
      await Promise.all([gateway.kill(), worker.kill(), comeBack()]);
      const before = new Map(told);
      expect(before.size).to.be.within(FANS / 3, FANS - 1);
      await durable.startMembers();
      await surge;
      for (const fan of fans) await eventually(() => post(fan, show), { ...PATIENCE, what: "an answer" });
      const moved = [...before].filter(([fan, view]) => {
        const now = told.get(fan);
        return now.ticketId !== view.ticketId || now.sequence !== view.sequence;
      });
      expect(moved.map(([fan, view]) => [view, told.get(fan)])).to.deep.equal([]);

      await house.operator(
        "PATCH",
        `/queues/${show.queueId}`,
        { maxActive: 1_000, ratePerMinute: 6_000 },
        200,
      );
      await eventually(
        async () => {
          const views = await Promise.all(fans.map((fan) => house.ticketOf(fan, show, durable.client)));
          return views.every(({ body }) => body.state === "admitted");
        },
        { ...PATIENCE, what: "everybody inside" },
      );
      expect(await checkJournal(house.db, show.queueId)).to.deep.equal([]);
      const admitted = await house
        .db("queue_journal")
        .where({ queue_id: show.queueId, kind: "admit" })
        .pluck("ticket_id");
      expect([admitted.length, new Set(admitted).size]).to.deep.equal([FANS, FANS]);
      expect(new Set(admitted)).to.deep.equal(new Set(fans.map((fan) => told.get(fan).ticketId)));
    });
  }
});
