/** The public value: where it comes from, and which one a draw takes. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { loadConfig } from "../../../src/config.ts";
import { createLogger } from "../../../src/platform/logger.ts";
import { openBeacon, publicSource } from "../../../src/queue/draw/beacon.ts";
import { createConductor } from "../../../src/queue/draw/conductor.ts";
import { insertDraw } from "../../../src/queue/draw/draw-store.ts";
import { sealSeed } from "../../../src/queue/draw/seal.ts";
import { verifyDraw } from "../../../src/web/draw-check/verify.ts";
import { instant, type Lab, openLab } from "../lab.ts";
import { openHouse, type QueueHouse } from "../support.ts";
import { publishedDraw } from "./support.ts";

async function faultOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "none",
    (fault: Error) => fault.message,
  );
}

describe("the public value of a draw", function () {
  this.timeout(20_000);

  let folder: string;
  let file: string;
  let server: Server;
  let address: string;
  let says: { status: number; text: string };

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "fastpass-beacon-"));
    file = path.join(folder, "value");
    server = createServer((_request, response) => {
      response.writeHead(says.status).end(says.text);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/latest`;
  });
  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });

  it("openBeacon · no source · there is none", () => expect(openBeacon("")).to.equal(null));

  it("a file · absent, then written · says nothing, then its text without white space around", async () => {
    const beacon = openBeacon(path.join(folder, "later"));
    expect(await beacon?.read()).to.equal("");
    await writeFile(path.join(folder, "later"), "  4 8 15\n");
    expect(await beacon?.read()).to.equal("4 8 15");
  });

  it("an address · answering · says its text; failing or saying too much · can't be asked", async () => {
    says = { status: 200, text: '{"round":7}\n' };
    const beacon = openBeacon(address);
    expect(await beacon?.read()).to.equal('{"round":7}');
    says = { status: 503, text: "no" };
    expect(await faultOf(beacon?.read() ?? Promise.resolve())).to.contain("503");
    says = { status: 200, text: "x".repeat(1_025) };
    expect(await faultOf(beacon?.read() ?? Promise.resolve())).to.contain("1024 characters");
    says = { status: 200, text: "zwölf" };
    expect(await faultOf(beacon?.read() ?? Promise.resolve())).to.contain("ASCII");
  });

  it("publicSource · an address, a file · is told, is only called a file", () => {
    expect([publicSource(address), publicSource(file)]).to.deep.equal([address, "file"]);
  });

  describe("in a draw", () => {
    let house: QueueHouse;
    let lab: Lab;
    before(async () => {
      house = await openHouse();
    });
    afterEach(() => lab.close());
    after(() => house.close());

    const PATIENCE_SECONDS = 30;

    /** A closed lobby whose queue promised this source; `step` makes one step of its draw. */
    async function closedLobby(source: string) {
      lab = await openLab(house, { lobbyOpensAt: instant(-1), opensAt: instant(10), maxActive: 1 });
      const { db, store, queueId } = lab;
      const { drawKey } = loadConfig({
        DATABASE_URL: house.databaseUrl,
        REDIS_URL: house.redisUrl,
        NODE_ENV: "test",
      });
      // As if the queue had been made by a gateway with that setting.
      await db.raw("ALTER TABLE queue_draws DISABLE TRIGGER ALL");
      await db("queue_draws").where({ queue_id: queueId }).delete();
      await db.raw("ALTER TABLE queue_draws ENABLE TRIGGER ALL");
      await insertDraw(db, queueId, sealSeed(drawKey, queueId), source);
      await lab.crowd(5);
      await lab.passSeconds(10);
      const answer = await lab.tick();
      await lab.journal(answer, null, 0);
      const conductor = createConductor({
        db,
        store,
        drawKey,
        beaconSource: "",
        beaconSeconds: PATIENCE_SECONDS,
        log: createLogger("test", "silent"),
      });
      const step = () => conductor.step(queueId, { epoch: answer.epoch, closedNumber: answer.drawing });
      return { step, row: () => db("queue_draws").where({ queue_id: queueId }).first() };
    }

    async function finish(step: () => Promise<number | null>) {
      while ((await step()) !== null);
      await lab.run(1);
      return publishedDraw(lab.db, lab.store, lab.queueId);
    }

    it("a value that stood there when the list was fixed · is not taken, the next one is", async () => {
      says = { status: 200, text: "round 1" };
      const { step, row } = await closedLobby(address);
      await step();
      expect(await step()).to.be.above(0);
      expect(await step()).to.be.above(0);
      expect(await row()).to.include({ beacon_before: "round 1", settled_at: null });
      says.text = "round 2";
      expect(await step()).to.equal(0);
      says.text = "round 3";
      const { draw, entries } = await finish(step);
      expect(draw.beacon).to.include({ source: address, before: "round 1", value: "round 2" });
      expect((await verifyDraw(draw, entries)).findings).to.deep.equal([]);
    });

    it("a source that was away when the list was fixed · its first value is not trusted, the second is", async () => {
      says = { status: 500, text: "" };
      const { step } = await closedLobby(address);
      await step();
      expect(await step()).to.be.above(0);
      says = { status: 200, text: "round 5" };
      expect(await step()).to.be.above(0);
      says.text = "round 6";
      expect((await finish(step)).draw.beacon).to.include({ before: "round 5", value: "round 6" });
    });

    it("a file that is written after the close · is mixed in, and its path is not told", async () => {
      const { step } = await closedLobby(file);
      await step();
      await step();
      await writeFile(file, "six dice: 1 4 4 6 2 3\n");
      const { draw, entries } = await finish(step);
      expect(draw.beacon).to.include({ source: "file", before: "", value: "six dice: 1 4 4 6 2 3" });
      expect((await verifyDraw(draw, entries)).findings).to.deep.equal([]);
    });

    it("no value in time · the draw goes on without, and says so", async () => {
      says = { status: 500, text: "" };
      const { step } = await closedLobby(address);
      await step();
      expect(await step()).to.be.above(0);
      await lab.db.raw("ALTER TABLE queue_draws DISABLE TRIGGER ALL");
      await lab.db.raw(
        "UPDATE queue_draws SET listed_at = listed_at - make_interval(secs => ?) WHERE queue_id = ?",
        [PATIENCE_SECONDS, lab.queueId],
      );
      await lab.db.raw("ALTER TABLE queue_draws ENABLE TRIGGER ALL");
      const { draw, entries } = await finish(step);
      expect(draw.beacon).to.include({ source: address, value: null });
      const { findings, warnings } = await verifyDraw(draw, entries);
      expect([findings, warnings.length]).to.deep.equal([[], 1]);
    });
  });
});
