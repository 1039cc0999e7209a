/** A line in which much happens in the two seconds that Redis forgets. */
import { expect } from "chai";
import { checkJournal } from "../../src/queue/index.ts";
import { type Fan, type House, openHouse, type Show } from "../support/house.ts";
import { eventually } from "../support/wait.ts";
import type { LosingRedis } from "./losing-redis.ts";

const FORGOTTEN_MS = 2_000;
const PATIENCE = { timeoutMs: 25_000, intervalMs: 100 };

/** Asserts that the loss is noticed, and that afterwards nothing of those seconds is missing. */
export async function loseTwoSeconds(redis: LosingRedis): Promise<void> {
  const house = await openHouse({ redisUrl: redis.url });
  try {
    await play(house, redis);
  } finally {
    await house.close();
  }
}

async function play(house: House, redis: LosingRedis): Promise<void> {
  const show = await house.makeShow({ queue: { maxActive: 3 } });
  const fans = await house.fans(14);
  const [buyer, , leaver, ...line] = fans as [Fan, Fan, Fan, ...Fan[]];
  const inside = await Promise.all(fans.slice(0, 3).map((fan) => house.enter(fan, show)));
  for (const fan of line.slice(0, 5)) await house.join(fan, show);
  await redis.note();
  const notedAt = performance.now();

  const held = await house.hold(
    inside[0] as (typeof inside)[0],
    { seatIds: [show.seatIds[0]] },
    { expect: 201 },
  );
  expect((await house.pay(buyer, held.body.id)).status).to.equal(201);
  await house.leave(leaver, show);
  await house.leave(line[3] as Fan, show);
  for (const fan of line.slice(5)) await house.join(fan, show);
  for (const fan of line.slice(0, 2)) await house.untilState(fan, show, "admitted");
  await house.claim(line[0] as Fan, show);
  const before = await placesOf(house, show, fans);
  await untilJournalled(house, show);
  await eventually(() => performance.now() - notedAt > FORGOTTEN_MS, {
    ...PATIENCE,
    what: "the two seconds",
  });

  await redis.lose();
  await eventually(
    async () => (await house.db("queues").where({ id: show.queueId }).first("epoch")).epoch === 2,
    { ...PATIENCE, what: "a new epoch" },
  );
  await eventually(
    async () => {
      expect(await placesOf(house, show, fans)).to.deep.equal(before);
      return true;
    },
    { ...PATIENCE, what: "the same places" },
  );
  await house.leave(line[0] as Fan, show);
  await eventually(async () => (await house.ticketOf(line[2] as Fan, show)).body.state === "admitted", {
    ...PATIENCE,
    what: "the next in line",
  });
  expect(await checkJournal(house.db, show.queueId)).to.deep.equal([]);
  const admitted = await house
    .db("queue_journal")
    .where({ queue_id: show.queueId, kind: "admit" })
    .pluck("ticket_id");
  expect(new Set(admitted).size).to.equal(admitted.length);
  expect(await house.invariants()).to.deep.equal([]);
}

async function placesOf(house: House, show: Show, fans: readonly Fan[]) {
  const answers = await Promise.all(fans.map((fan) => house.ticketOf(fan, show)));
  return answers.map(({ body: { ticketId, sequence, state } }) => ({ ticketId, sequence, state }));
}

/** All that Redis said so far. */
async function untilJournalled(house: House, show: Show): Promise<void> {
  const rows = async () => {
    const kinds = await house.db("queue_journal").where({ queue_id: show.queueId }).pluck("kind");
    return ["join", "admit", "claim", "leave", "end"].map(
      (kind) => kinds.filter((each) => each === kind).length,
    );
  };
  await eventually(async () => String(await rows()) === "14,5,4,2,1", {
    ...PATIENCE,
    what: "the journal",
  });
}
