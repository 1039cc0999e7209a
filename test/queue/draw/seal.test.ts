/** What is promised before a draw, and that it can't be changed. */
import { createHash, createSecretKey } from "node:crypto";
import { expect } from "chai";
import { v7 as uuidv7 } from "uuid";
import { createLogger } from "../../../src/platform/logger.ts";
import { createConductor, SealError } from "../../../src/queue/draw/conductor.ts";
import { createDraws } from "../../../src/queue/draw/proofs.ts";
import { openSeal, sealSeed } from "../../../src/queue/draw/seal.ts";
import { instant, type Lab, openLab } from "../lab.ts";
import { openHouse, type QueueHouse } from "../support.ts";
import { publishedDraw, readAll } from "./support.ts";

const keyOf = (text: string) => createSecretKey(createHash("sha256").update(text).digest());
const sha256 = (data: Buffer) => createHash("sha256").update(data).digest();

describe("the seal of a draw", () => {
  const queueId = uuidv7();

  it("sealSeed · twice · two seeds, each opened by its key and matching its commitment", () => {
    const seals = [sealSeed(keyOf("a"), queueId), sealSeed(keyOf("a"), queueId)];
    const seeds = seals.map(({ sealed, commitment }) => {
      const seed = openSeal(keyOf("a"), queueId, sealed) as Buffer;
      expect(sha256(seed).equals(commitment)).to.equal(true);
      return seed.toString("hex");
    });
    expect(new Set(seeds).size).to.equal(2);
  });

  it("openSeal · of another key, of another queue, or changed · stays shut", () => {
    const { sealed } = sealSeed(keyOf("a"), queueId);
    const changed = Buffer.from(sealed);
    changed[40] = (changed[40] ?? 0) ^ 1;
    expect(openSeal(keyOf("b"), queueId, sealed)).to.equal(null);
    expect(openSeal(keyOf("a"), uuidv7(), sealed)).to.equal(null);
    expect(openSeal(keyOf("a"), queueId, changed)).to.equal(null);
  });
});

describe("what a draw has written", function () {
  this.timeout(20_000);

  let house: QueueHouse;
  let lab: Lab;
  before(async () => {
    house = await openHouse();
  });
  afterEach(() => lab.close());
  after(() => house.close());

  async function open(fans: number): Promise<void> {
    lab = await openLab(house, { lobbyOpensAt: instant(-1), opensAt: instant(10), maxActive: 1 });
    await lab.crowd(fans);
    await lab.beat();
  }

  async function refusalOf(sql: string): Promise<string> {
    const fault = await lab.db.raw(sql, [lab.queueId]).then(
      () => null,
      (error: Error) => error,
    );
    return fault?.message ?? "it was done";
  }

  it("commitment and promised source · before the lobby opens · can't be changed or taken away", async () => {
    await open(1);
    for (const column of [
      "commitment = sha256('x')",
      "sealed_seed = 'x'",
      "beacon_source = 'x'",
      "committed_at = now()",
    ])
      expect(await refusalOf(`UPDATE queue_draws SET ${column} WHERE queue_id = ?`)).to.contain(
        "written once",
      );
    expect(await refusalOf("DELETE FROM queue_draws WHERE queue_id = ?")).to.contain("written once");
    const seed = "UPDATE queue_draws SET seed = 'another', published_at = now() WHERE queue_id = ?";
    expect(await refusalOf(seed)).to.contain("check constraint");
  });

  it("root, list, order and seed · after the draw · can't be changed", async () => {
    await open(3);
    await lab.passSeconds(10);
    await lab.run(1);
    for (const change of [
      "UPDATE queue_draws SET root = sha256('x') WHERE queue_id = ?",
      "UPDATE queue_draws SET seed = NULL WHERE queue_id = ?",
      "UPDATE queue_draws SET settled_at = now() WHERE queue_id = ?",
      "UPDATE queue_draw_list SET places = '{9,9,9}' WHERE queue_id = ?",
      "UPDATE queue_draw_order SET ticket_ids = '{}' WHERE queue_id = ?",
      "DELETE FROM queue_draw_order WHERE queue_id = ?",
    ])
      expect(await refusalOf(change), change).to.contain("written once");
  });

  it("the record · before, during and after · tells each thing once it is known, and the seed last", async () => {
    await open(3);
    const draws = createDraws(lab.db, lab.store);
    const known = async () => {
      const { root, seed, counts } = (await draws.record(lab.queueId)) ?? {};
      return [root !== null, counts?.entries, (await draws.entries(lab.queueId)) !== null, seed !== null];
    };
    const commitment = (await draws.record(lab.queueId))?.commitment;
    expect(await known()).to.deep.equal([false, null, false, false]);
    await lab.passSeconds(10);
    const beat = async (steps: number) => lab.journal(await lab.tick(), null, steps);
    await beat(1);
    expect(await known()).to.deep.equal([true, 3, false, false]);
    await beat(2);
    expect(await known()).to.deep.equal([true, 3, true, false]);
    await beat(1);
    expect(await known()).to.deep.equal([true, 3, true, false]);
    await beat(1);
    expect(await known()).to.deep.equal([true, 3, true, true]);
    const { draw } = await publishedDraw(lab.db, lab.store, lab.queueId);
    expect(draw.commitment).to.equal(commitment);
    expect(sha256(Buffer.from(draw.seed ?? "", "hex")).toString("hex")).to.equal(commitment);
  });

  it("the entries · of a large draw · are read part by part, as they are taken", async () => {
    await open(2_300);
    await lab.passSeconds(10);
    await lab.run(1);
    const body = await createDraws(lab.db, lab.store).entries(lab.queueId);
    if (!body) throw new Error("nothing was drawn");
    const lines = (await readAll(body)).trimEnd().split("\n");
    expect(lines).to.have.length(2_300);
    expect(JSON.parse(lines[2_299] ?? "")).to.include({ place: 2_300 });
  });

  it("a worker with another secret · can't open the seal, draws nothing, and says what to do", async () => {
    await open(2);
    await lab.passSeconds(10);
    const answer = await lab.tick();
    await lab.journal(answer, null, 2);
    const { db, store } = lab;
    const drawKey = keyOf("another");
    const log = createLogger("test", "silent");
    const stranger = createConductor({ db, store, drawKey, beaconSource: "", beaconSeconds: 5, log });
    const due = { epoch: answer.epoch, closedNumber: answer.drawing };
    const fault = await stranger.step(lab.queueId, due).catch((error: Error) => error);
    expect(fault).to.be.instanceOf(SealError);
    expect((fault as Error).message).to.contain("FASTPASS_TICKET_SECRET");
    await lab.run(1);
    const { entries } = await publishedDraw(db, store, lab.queueId);
    expect(entries).to.have.length(2);
  });

  it("a queue that was made before draws were · gets its commitment from the first worker", async () => {
    await open(1);
    const { db, store, queueId: id } = lab;
    await db.raw("ALTER TABLE queue_draws DISABLE TRIGGER ALL");
    await db("queue_draws").where({ queue_id: id }).delete();
    await db.raw("ALTER TABLE queue_draws ENABLE TRIGGER ALL");
    const draws = createDraws(db, store);
    expect(await draws.record(id)).to.equal(null);
    await lab.passSeconds(10);
    await lab.run(1);
    expect((await draws.record(id))?.seed).to.match(/^[0-9a-f]{64}$/);
  });
});
