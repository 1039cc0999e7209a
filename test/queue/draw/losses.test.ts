/** Redis lost, and the worker changed, at every step of a draw: the same order comes out. */
import { expect } from "chai";
import { Code } from "../../../src/queue/codes.ts";
import { verifyDraw } from "../../../src/web/draw-check/verify.ts";
import { instant, type Lab, openLab } from "../lab.ts";
import { openHouse, type QueueHouse } from "../support.ts";
import { publishedDraw } from "./support.ts";

/** list, beacon, order, one batch, the seed and the end. */
const STEPS = 5;
const FANS = 7;

describe("a draw that is disturbed", function () {
  this.timeout(30_000);

  let house: QueueHouse;
  let lab: Lab;
  before(async () => {
    house = await openHouse();
  });
  afterEach(() => lab.close());
  after(() => house.close());

  interface Crowd {
    readonly lobby: readonly { userId: string; ticketId: string }[];
    late: { userId: string; ticketId: string } | null;
  }

  /** Fans in the lobby, one of whom has left it, all of it in the journal. */
  async function openLobby(): Promise<Crowd> {
    lab = await openLab(house, { lobbyOpensAt: instant(-1), opensAt: instant(10), maxActive: 1 });
    const [gone, ...lobby] = await lab.crowd(FANS + 1);
    await lab.store.leave(lab.queueId, gone?.userId ?? "", gone?.ticketId ?? "", "left", {});
    await lab.beat();
    return { lobby, late: null };
  }

  /** One beat, with so many steps of the draw. */
  const beat = async (steps: number) => lab.journal(await lab.tick(), null, steps);

  async function joinLate(crowd: Crowd): Promise<void> {
    const { userId, ticketId, code } = await lab.join();
    expect(code).to.equal(Code.ok);
    crowd.late = { userId, ticketId };
    await beat(0);
  }

  async function lose(): Promise<void> {
    await lab.loseAll();
    await beat(0);
    // Places that nobody asks for are passed over when their turn comes.
    await lab.passSeconds(4);
  }

  async function expectDrawn({ lobby, late }: Crowd): Promise<void> {
    await lab.run(3);
    const { draw, entries } = await publishedDraw(lab.db, lab.store, lab.queueId);
    expect((await verifyDraw(draw, entries)).findings).to.deep.equal([]);
    expect(entries).to.have.members(lobby.map(({ ticketId }) => ticketId));
    for (const { userId, ticketId } of lobby)
      expect((await lab.viewOf(userId)).sequence).to.equal(entries.indexOf(ticketId) + 1);
    if (late) expect((await lab.viewOf(late.userId)).sequence).to.be.above(FANS);
    expect(await lab.check()).to.deep.equal([]);
    expect((await lab.kinds()).filter((kind) => kind === "draw")).to.have.length(FANS);
    expect((await lab.kinds()).filter((kind) => kind === "freeze" || kind === "drawn")).to.have.length(2);
  }

  it("Redis lost in the lobby · everybody is in it again, and the draw is made", async () => {
    const crowd = await openLobby();
    await lose();
    expect(await lab.states(crowd.lobby)).to.deep.equal(crowd.lobby.map(() => "L"));
    await lab.passSeconds(10);
    await expectDrawn(crowd);
  });

  it("Redis lost when the lobby had closed, before the journal knew · it closes again, with the same list", async () => {
    const crowd = await openLobby();
    await lab.passSeconds(10);
    await lab.tick();
    await lose();
    await expectDrawn(crowd);
  });

  for (let steps = 0; steps <= STEPS; steps += 1)
    it(`Redis lost after ${steps} steps of the draw · the same order comes out, joins go behind`, async () => {
      const crowd = await openLobby();
      await lab.passSeconds(10);
      await beat(steps);
      if (steps < STEPS) await joinLate(crowd);
      const before = steps >= 3 ? (await publishedDraw(lab.db, lab.store, lab.queueId)).entries : null;
      await lose();
      await expectDrawn(crowd);
      const { entries } = await publishedDraw(lab.db, lab.store, lab.queueId);
      if (before) expect(entries).to.deep.equal(before);
    });

  it("Redis lost after the draw was over · the order stands, and nothing is drawn again", async () => {
    const crowd = await openLobby();
    await lab.passSeconds(10);
    await expectDrawn(crowd);
    await lose();
    await expectDrawn(crowd);
  });

  for (let steps = 0; steps < STEPS; steps += 1)
    it(`another worker after ${steps} steps · finishes the same draw`, async () => {
      const crowd = await openLobby();
      await lab.passSeconds(10);
      await beat(steps);
      await joinLate(crowd);
      lab.changeWorker();
      await expectDrawn(crowd);
    });

  it("a fan who leaves, and one who is removed, during the draw · leave their places empty", async () => {
    const { lobby } = await openLobby();
    await lab.passSeconds(10);
    await beat(3);
    const [leaver, removed, ...rest] = lobby;
    await lab.store.leave(lab.queueId, leaver?.userId ?? "", leaver?.ticketId ?? "", "left", {});
    await lab.store.leave(lab.queueId, removed?.userId ?? "", removed?.ticketId ?? "", "removed", {
      by: "x",
    });
    await lab.run(1);
    const { draw, entries } = await publishedDraw(lab.db, lab.store, lab.queueId);
    expect((await verifyDraw(draw, entries)).findings).to.deep.equal([]);
    for (const { userId, ticketId } of rest)
      expect((await lab.viewOf(userId)).sequence).to.equal(entries.indexOf(ticketId) + 1);
    expect(await lab.states(lobby)).to.include.members(["G", "M"]);
    expect(await lab.check()).to.deep.equal([]);
  });

  it("the queue closed during the draw · everybody is told so, and the seed is published all the same", async () => {
    const { lobby } = await openLobby();
    await lab.passSeconds(10);
    await beat(1);
    await lab.closeQueue();
    await lab.run(1);
    expect(await lab.states(lobby)).to.deep.equal(lobby.map(() => "E"));
    const { draw, entries } = await publishedDraw(lab.db, lab.store, lab.queueId);
    expect((await verifyDraw(draw, entries)).findings).to.deep.equal([]);
    expect(await lab.check()).to.deep.equal([]);
  });

  it("the opening put off during the draw · it goes on, and nobody comes into the closed lobby", async () => {
    const crowd = await openLobby();
    await lab.passSeconds(10);
    await beat(2);
    await lab.patch({ opensAt: instant(100) });
    await joinLate(crowd);
    expect(await lab.states([crowd.late as { userId: string }])).to.deep.equal(["W"]);
    await expectDrawn(crowd);
  });

  it("everybody gone from the lobby during the draw · it ends, and the line opens", async () => {
    const { lobby } = await openLobby();
    await lab.passSeconds(10);
    await beat(1);
    for (const { userId, ticketId } of lobby)
      await lab.store.leave(lab.queueId, userId, ticketId, "left", {});
    await lab.run(1);
    const fan = await lab.join();
    expect(fan.view?.phase).to.equal("open");
    expect(await lab.states([fan])).to.deep.equal(["A"]);
    expect((await publishedDraw(lab.db, lab.store, lab.queueId)).entries).to.have.length(FANS);
  });

  it("a lane's code used in the lobby · the fan is drawn with all, and stands in that lane", async () => {
    lab = await openLab(house, { lobbyOpensAt: instant(-1), opensAt: instant(10), maxActive: 1 });
    const plain = await lab.crowd(3);
    const holder = await lab.join(undefined, "code0");
    await lab.passSeconds(10);
    await lab.run(1);
    const { entries } = await publishedDraw(lab.db, lab.store, lab.queueId);
    expect(entries).to.have.members([...plain, holder].map(({ ticketId }) => ticketId));
    const view = await lab.viewOf(holder.userId);
    expect(view).to.include({ lane: 1, sequence: entries.indexOf(holder.ticketId) + 1 });
    expect(await lab.check()).to.deep.equal([]);
  });
});
