import { expect } from "chai";
import { hashCode, newCode, withLane } from "../../src/queue/lanes.ts";
import { eventually } from "../support/wait.ts";
import { newFan, type OpenQueue, openHouse, type QueueHouse } from "./support.ts";

describe("lanes", () => {
  let house: QueueHouse;
  let gateway: OpenQueue;
  before(async () => {
    house = await openHouse();
    gateway = await house.openQueue();
    gateway.startWorker();
  });
  after(async () => {
    await gateway.close();
    await house.close();
  });

  async function openLane(queueId: string, name: string, share: number, count: number, uses: number) {
    const made = await house.db.transaction((trx) =>
      gateway.queue.addLane(trx, queueId, { name, share, codes: { count, uses } }, "test"),
    );
    if (!made.ok) throw new Error(made.reason);
    await gateway.queue.apply(queueId);
    return made.codes;
  }

  it("join · with a code · waits in its own lane and moves nobody in another", async () => {
    const { queueId } = await house.newQueue({ maxActive: 1 });
    const [code] = await openLane(queueId, "presale", 0.5, 1, 2);
    await gateway.queue.room.join(queueId, newFan(), null);
    const ordinary = newFan();
    const first = await gateway.queue.room.join(queueId, ordinary, null);
    const vip = await gateway.queue.room.join(queueId, newFan(), (code as string).toLowerCase());
    expect(first).to.have.nested.property("view.lane", "general");
    expect(vip).to.have.nested.property("view.position", 1);
    await eventually(
      async () => {
        const view = await gateway.queue.room.view(queueId, ordinary);
        return view.ok && view.view.position === 1;
      },
      { timeoutMs: 2_000, what: "the ordinary fan to keep the first place" },
    );
    const lane = vip.ok ? vip.view.lane : "";
    expect(lane).to.equal("presale");
  });

  it("join · with a code that is unknown or used up · is refused and takes no place", async () => {
    const { queueId } = await house.newQueue({ maxActive: 1 });
    const [code] = await openLane(queueId, "presale", 0.5, 1, 1);
    const join = (fan: string, given: string | null) => gateway.queue.room.join(queueId, fan, given);
    expect(await join(newFan(), "NOPE-NOPE-NOPE")).to.include({ ok: false, reason: "CODE_INVALID" });
    const owner = newFan();
    expect(await join(owner, code as string)).to.include({ ok: true, isNew: true });
    expect(await join(owner, code as string)).to.include({ ok: true, isNew: false });
    const late = newFan();
    expect(await join(late, code as string)).to.include({ ok: false, reason: "CODE_USED" });
    expect(await gateway.queue.room.view(queueId, late)).to.include({ ok: false, reason: "NO_TICKET" });
  });

  it("rebuild · after codes were used · remembers how often", async () => {
    const { queueId } = await house.newQueue({ maxActive: 1 });
    const [code] = await openLane(queueId, "presale", 0.5, 1, 1);
    await gateway.queue.room.join(queueId, newFan(), code as string);
    await eventually(
      async () => (await house.db("queue_journal").where({ queue_id: queueId, kind: "join" })).length === 1,
      {
        timeoutMs: 3_000,
        what: "the join to be journalled",
      },
    );
    await house.redis.del(`{q:${queueId}}:state`);
    await eventually(
      async () => {
        const outcome = await gateway.queue.room.join(queueId, newFan(), code as string);
        return !outcome.ok && outcome.reason === "CODE_USED";
      },
      { timeoutMs: 5_000, what: "the code to be known as used" },
    );
  });

  it("withLane · beyond what may be shared or the number of lanes · says what is left", () => {
    const one = withLane([], "presale", 0.6);
    if (!one.ok) throw new Error(one.message);
    expect(withLane(one.lanes, "partners", 0.4)).to.deep.include({ ok: false, path: "share" });
    expect(withLane(one.lanes, "presale", 0.9)).to.deep.include({ ok: true });
    expect(withLane(one.lanes, "general", 0.1)).to.deep.include({ ok: false, path: "name" });
  });

  it("hashCode · however a code is typed · is the same", () => {
    const code = newCode();
    expect(hashCode(` ${code.toLowerCase().replaceAll("-", " ")} `)).to.equal(hashCode(code));
    expect(hashCode("0I1L-OOOO-OOOO")).to.equal(hashCode("0111-0000-0000"));
  });
});
