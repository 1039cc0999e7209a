/** The page's side of the seat feed, with a socket that the test holds. */
import { expect } from "chai";
import { createSeatStates, type Snapshot } from "../../../src/web/seat-map/seat-states.ts";
import { type FeedEvents, followSeats } from "../../../src/web/seats/feed.ts";
import { eventually } from "../../support/wait.ts";

const PAUSES = { first: 4, most: 8 };

function follow(pictures: Snapshot[] = []) {
  const states = createSeatStates(4);
  const sockets: FeedEvents[] = [];
  const closed: number[] = [];
  const told = { changed: [] as number[], live: [] as boolean[], refused: [] as number[], asked: 0 };
  const feed = followSeats({
    states,
    pauses: PAUSES,
    open(events) {
      const number = sockets.push(events) - 1;
      return {
        close() {
          closed.push(number);
          events.closed(1000);
        },
      };
    },
    async fetchSnapshot() {
      told.asked += 1;
      const picture = pictures.shift();
      if (!picture) throw new Error("no connection");
      return picture;
    },
    onChange: (ordinals) => told.changed.push(...ordinals),
    onLive: (live) => told.live.push(live),
    onRefused: (code) => told.refused.push(code),
  });
  const say = (message: object, socket = sockets.length - 1) =>
    sockets[socket]?.message(JSON.stringify(message));
  const letters = () => [...states.states].map((state) => "AHOB"[state]).join("");
  return { feed, sockets, closed, told, say, letters };
}

describe("seats page · feed", () => {
  it("snapshot, then deltas · in order · the seats are as told, and live", () => {
    const { say, letters, told, feed } = follow();
    say({ type: "snapshot", epoch: 1, seq: 5, seats: "AAAO" });
    say({ type: "seats", epoch: 1, seq: 6, changes: [[0, "H"]] });
    expect(letters()).to.equal("HAAO");
    expect(told.live).to.deep.equal([true]);
    expect(told.asked).to.equal(0);
    feed.close();
  });

  it("a gap · one delta is missing · the picture is fetched, and what came meanwhile is laid on it", async () => {
    const { say, letters, told, feed } = follow([{ epoch: 1, seq: 7, seats: "HHAO" }]);
    say({ type: "snapshot", epoch: 1, seq: 5, seats: "AAAO" });
    say({ type: "seats", epoch: 1, seq: 7, changes: [[1, "H"]] });
    say({ type: "seats", epoch: 1, seq: 8, changes: [[2, "H"]] });
    expect(told.live.at(-1)).to.equal(false);
    await eventually(() => told.live.at(-1) === true, { what: "the picture" });
    expect(letters()).to.equal("HHHO");
    expect(told.asked).to.equal(1);
    feed.close();
  });

  it("a gap · and no picture to be had · begins anew with a socket's own snapshot", async () => {
    const { say, letters, sockets, feed } = follow();
    say({ type: "snapshot", epoch: 1, seq: 5, seats: "AAAO" });
    say({ type: "seats", epoch: 1, seq: 9, changes: [] });
    await eventually(() => sockets.length === 2, { what: "another socket" });
    say({ type: "snapshot", epoch: 1, seq: 10, seats: "OOOO" });
    expect(letters()).to.equal("OOOO");
    feed.close();
  });

  it("socket ends · the gateway restarts · shows the picture meanwhile and comes back", async () => {
    const { sockets, told, letters, say, feed } = follow([{ epoch: 1, seq: 6, seats: "HAAO" }]);
    say({ type: "snapshot", epoch: 1, seq: 5, seats: "AAAO" });
    sockets[0]?.closed(1012);
    expect(told.live.at(-1)).to.equal(false);
    await eventually(() => sockets.length === 2, { what: "another socket" });
    await eventually(() => letters() === "HAAO", { what: "the picture" });
    say({ type: "snapshot", epoch: 1, seq: 7, seats: "HHAO" });
    expect(told.live.at(-1)).to.equal(true);
    say({ type: "seats", epoch: 1, seq: 8, changes: [[3, "A"]] }, 0);
    expect(letters(), "a socket that is over says nothing").to.equal("HHAO");
    feed.close();
  });

  it("offline · before the socket notices · what is shown is old at once, and waking brings it back", async () => {
    const { sockets, closed, told, letters, say, feed } = follow();
    say({ type: "snapshot", epoch: 1, seq: 5, seats: "AAAO" });
    feed.lose();
    expect(told.live.at(-1)).to.equal(false);
    expect(closed).to.deep.equal([0]);
    say({ type: "seats", epoch: 1, seq: 6, changes: [[0, "H"]] }, 0);
    expect(letters(), "a socket that was given up says nothing").to.equal("AAAO");
    feed.wake();
    expect(sockets.length).to.equal(2);
    say({ type: "snapshot", epoch: 1, seq: 6, seats: "HAAO" });
    expect(told.live.at(-1)).to.equal(true);
    feed.close();
  });

  it("socket ends · with a refusal · is told and does not come back", async () => {
    for (const code of [4401, 4403, 4409]) {
      const { sockets, told, feed } = follow();
      sockets[0]?.closed(code);
      expect(told.refused).to.deep.equal([code]);
      feed.wake();
      expect(sockets).to.have.length(1);
      feed.close();
    }
  });

  it("wake · while it waits to come back · comes back at once", () => {
    const { sockets, feed } = follow();
    sockets[0]?.closed(1006);
    feed.wake();
    expect(sockets).to.have.length(2);
    feed.close();
  });

  it("close · with an open socket · closes it for good", async () => {
    const { sockets, closed, feed } = follow();
    feed.close();
    expect(closed).to.deep.equal([0]);
    feed.wake();
    expect(sockets).to.have.length(1);
  });
});
