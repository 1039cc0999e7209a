import { expect } from "chai";
import { changeQueue, insertCodes } from "../../../src/queue/queue-store.ts";
import { type Lab, openLab } from "../lab.ts";
import { newFan, openHouse, type QueueHouse } from "../support.ts";

describe("lanes in tick.lua", () => {
  let house: QueueHouse;
  let lab: Lab;
  before(async () => {
    house = await openHouse();
  });
  afterEach(() => lab.close());
  after(() => house.close());

  /** Three lanes with everybody waiting; the general one has what is left of the shares. */
  async function lanes(sizes: readonly number[]) {
    lab = await openLab(house, { ratePerMinute: 60_000, maxActive: 1_000_000, arrivalSeconds: 3_600 });
    await lab.db.transaction(async (trx) => {
      const named = [
        { index: 1, name: "presale", share: 0.5 },
        { index: 2, name: "partners", share: 0.2 },
      ];
      await changeQueue(trx, lab.queueId, { lanes: named }, "test");
      const codes = named.map(({ index }) => ({ hash: `lane${index}`, lane: index, uses: 10_000 }));
      await trx("queue_codes").where({ queue_id: lab.queueId }).delete();
      await insertCodes(trx, lab.queueId, codes);
    });
    await lab.queue.apply(lab.queueId);
    await lab.setPaused(true);
    for (const [lane, size] of sizes.entries()) await fill(lane, size);
    await lab.setPaused(false);
  }

  async function fill(lane: number, size: number) {
    const code = lane === 0 ? "" : `lane${lane}`;
    return Promise.all(Array.from({ length: size }, () => lab.join(newFan(), code)));
  }

  /** Admits this many and tells of which lanes they were. */
  async function admit(count: number): Promise<number[]> {
    const { rows } = await lab.db.raw(
      "SELECT coalesce(max(number), 0) AS last FROM queue_journal WHERE queue_id = ?",
      [lab.queueId],
    );
    await lab.patch({ maxActive: (await lab.count("arriving")) + count });
    await lab.run(1);
    const admitted = await lab
      .db("queue_journal")
      .where({ queue_id: lab.queueId, kind: "admit" })
      .where("number", ">", rows[0].last)
      .orderBy("number")
      .pluck("lane");
    return admitted;
  }

  const share = (admitted: readonly number[]) =>
    [0, 1, 2].map((lane) => admitted.filter((each) => each === lane).length);

  it("tick · with everybody waiting · gives each lane its share of every tick", async () => {
    await lanes([200, 200, 200]);
    expect(share(await admit(100))).to.deep.equal([30, 50, 20]);
    expect(share(await admit(10))).to.deep.equal([3, 5, 2]);
  });

  it("tick · with a lane empty · its share flows to the others, and it saves none for later", async () => {
    await lanes([400, 400, 0]);
    const [general, presale] = share(await admit(160));
    expect(general).to.be.within(59, 61);
    expect(presale).to.be.within(99, 101);
    await lab.setPaused(true);
    await fill(2, 50);
    await lab.setPaused(false);
    expect(share(await admit(20))[2], "no more than its share").to.be.within(3, 5);
  });

  it("tick · one at a time · keeps the shares over many ticks", async () => {
    await lanes([50, 50, 50]);
    const all: number[] = [];
    for (let index = 0; index < 20; index += 1) all.push(...(await admit(1)));
    expect(share(all)).to.deep.equal([6, 10, 4]);
  });

  it("tick · with a lane's fans away · the lane pays only for those who come in", async () => {
    await lanes([100, 0, 0]);
    const here = await fill(1, 60);
    await lab.store.detach(
      lab.queueId,
      lab.GATEWAY,
      here.slice(0, 40).map(({ userId }) => userId),
    );
    const [, presale] = share(await admit(20));
    expect(presale).to.be.within(12, 13);
  });

  it("tick · within a lane · the order of joining holds, and a lane's places count its own", async () => {
    await lanes([30, 30, 30]);
    const last = await lab.join(newFan(), "lane1");
    expect(last.view?.rank).to.equal(30);
    await admit(40);
    expect(await lab.check()).to.deep.equal([]);
    expect((await lab.viewOf(last.userId)).rank).to.equal(10);
  });
});
