import { expect } from "chai";
import type { Stream } from "../../src/platform/sockets/index.ts";
import { type Copy, createCopy } from "../../src/seats/copy.ts";
import { type FeedMessage, readFeedMessage, writeDelta } from "../../src/seats/delta.ts";
import { createFeed } from "../../src/seats/feed.ts";
import { createGate } from "../../src/seats/gate.ts";
import { createLetters, differences, toRuns } from "../../src/seats/letters.ts";
import { shardOf } from "../../src/seats/session.ts";

/** A stream that says how much it takes before it is too far behind. */
function stubStream() {
  const frames: string[] = [];
  let ended: () => void = () => undefined;
  const stub = {
    frames,
    takes: Number.POSITIVE_INFINITY,
    end: () => ended(),
    stream: {
      send(frame: string | Buffer) {
        if (stub.takes <= 0) return false;
        stub.takes -= 1;
        frames.push(String(frame));
        return true;
      },
      close: () => undefined,
      onClose(listener: () => void) {
        ended = listener;
      },
      confirm: () => undefined,
      isOpen: true,
    } satisfies Stream,
  };
  return stub;
}

const seqOf = (frame: string): string => {
  const { type, seq } = JSON.parse(frame) as { type: string; seq: number };
  return `${type} ${seq}`;
};

function message(epoch: number, seq: number, asOf: number, changes?: [number, string][]): FeedMessage {
  return {
    epoch,
    seq,
    asOf,
    delta: changes ? JSON.stringify({ type: "seats", epoch, seq, changes }) : null,
  };
}

describe("seat feed parts", () => {
  let copy: Copy;
  beforeEach(() => {
    copy = createCopy({ epoch: 7, seq: 3, asOf: 1_000, letters: "AAHA" });
  });

  function advance(feed: ReturnType<typeof createFeed>, ordinal: number, letter: string): void {
    const next = message(7, copy.seq + 1, copy.asOf + 1, [[ordinal, letter]]);
    expect(copy.take(next)).to.equal("changed");
    feed.changed(next.seq, next.delta ?? "");
  }

  it("copy · the next delta · changes map, counts, tag and answer", () => {
    const before = copy.body();
    expect(copy.take(message(7, 4, 1_250, [[0, "O"]]))).to.equal("changed");
    expect(copy.body()).to.not.equal(before);
    expect(JSON.parse(String(copy.body()))).to.eql({
      epoch: 7,
      seq: 4,
      asOf: "1970-01-01T00:00:01.250Z",
      counts: { available: 2, held: 1, occupied: 1, blocked: 0 },
      seats: "OAHA",
    });
    expect(copy.etag).to.equal('W/"7-4"');
    expect(copy.body(), "made once").to.equal(copy.body());
  });

  const taken: [string, FeedMessage, string][] = [
    ["a confirmation of where it stands", message(7, 3, 1_001), "confirmed"],
    ["a delta that it contains", message(7, 3, 1_000, [[2, "H"]]), "known"],
    ["an older confirmation", message(7, 2, 900), "known"],
    ["a delta that skips one", message(7, 5, 1_100, [[0, "H"]]), "gap"],
    ["a confirmation of a later seq", message(7, 4, 1_100), "gap"],
    ["a later word about an earlier seq", message(7, 2, 1_100), "gap"],
    ["a new epoch", message(8, 0, 1_000), "gap"],
    ["an old word of an old epoch", message(6, 90, 900), "known"],
    ["a delta of a seat that it has not", message(7, 4, 1_100, [[4, "H"]]), "gap"],
    ["a delta with a letter that does not exist", message(7, 4, 1_100, [[0, "X"]]), "gap"],
  ];
  for (const [what, heard, outcome] of taken) {
    it(`copy · ${what} · is ${outcome}`, () => expect(copy.take(heard)).to.equal(outcome));
  }

  it("copy · read past the store · has a tag of its seats", () => {
    const tag = (letters: string) => createCopy({ epoch: 0, seq: 0, asOf: Date.now(), letters }).etag;
    expect(tag("AAH")).to.equal(tag("AAH"));
    expect(tag("AAH")).to.not.equal(tag("AHA"));
  });

  it("feed · a client too slow for one frame · gets the snapshot before any further delta", () => {
    const feed = createFeed(() => copy);
    const [quick, slow] = [stubStream(), stubStream()];
    for (const { stream } of [quick, slow]) feed.add(stream);
    slow.takes = 0;
    advance(feed, 0, "H");
    slow.takes = Number.POSITIVE_INFINITY;
    advance(feed, 1, "H");
    advance(feed, 3, "H");
    expect(quick.frames.map(seqOf)).to.eql(["snapshot 3", "seats 4", "seats 5", "seats 6"]);
    expect(slow.frames.map(seqOf)).to.eql(["snapshot 3", "snapshot 5", "seats 6"]);
  });

  it("feed · a client that missed the last delta · gets the snapshot though nothing new comes", () => {
    const feed = createFeed(() => copy);
    const slow = stubStream();
    feed.add(slow.stream);
    slow.takes = 0;
    advance(feed, 0, "H");
    slow.takes = Number.POSITIVE_INFINITY;
    feed.deliver();
    feed.deliver();
    expect(slow.frames.map(seqOf)).to.eql(["snapshot 3", "snapshot 4"]);
  });

  it("feed · deltas while a pass over many is under way · reach all, in order", async () => {
    const feed = createFeed(() => copy);
    const many = Array.from({ length: 1_200 }, stubStream);
    for (const { stream } of many) feed.add(stream);
    for (const ordinal of [0, 1, 3]) advance(feed, ordinal, "H");
    for (let turn = 0; turn < 12; turn += 1) await new Promise(setImmediate);
    const wanted = ["snapshot 3", "seats 4", "seats 5", "seats 6"].join();
    expect(new Set(many.map(({ frames }) => frames.map(seqOf).join()))).to.eql(new Set([wanted]));
    for (const { end } of many) end();
    expect(feed.size).to.equal(0);
  });

  it("feed · a copy of a new epoch · is a snapshot for all", () => {
    const feed = createFeed(() => copy);
    const one = stubStream();
    feed.add(one.stream);
    copy = createCopy({ epoch: 8, seq: 0, asOf: 2_000, letters: "AAAA" });
    feed.replaced();
    expect(one.frames.map(seqOf)).to.eql(["snapshot 3", "snapshot 0"]);
  });

  it("feed message · written and read · is the same, and nonsense is none", () => {
    const letters = createLetters("AHOB");
    const delta = writeDelta({ epoch: 7, seq: 4 }, letters, [1, 3]);
    expect(delta).to.equal('{"type":"seats","epoch":7,"seq":4,"changes":[[1,"H"],[3,"B"]]}');
    expect(readFeedMessage(`7 4 1000\n${delta}`)).to.eql({ epoch: 7, seq: 4, asOf: 1_000, delta });
    expect(readFeedMessage("7 4 1000\n")).to.include({ delta: null });
    for (const nonsense of ["", "7 4", "7 4 1000", "a b c\n"])
      expect(readFeedMessage(nonsense)).to.equal(null);
  });

  it("letters · changed · keep their counts, and refuse what does not exist", () => {
    const letters = createLetters("AHOB");
    expect(letters.set(0, "H")).to.equal(true);
    expect(letters.set(0, "H")).to.equal(false);
    expect(letters.counts).to.eql({ available: 0, held: 2, occupied: 1, blocked: 1 });
    expect(String(letters)).to.equal("HHOB");
    expect(() => letters.set(4, "A")).to.throw(RangeError);
    expect(() => letters.set(0, "Z")).to.throw(RangeError);
    expect(String(letters), "unharmed").to.equal("HHOB");
    expect(() => createLetters("AZ")).to.throw(RangeError);
  });

  it("runs · of neighbours and of the scattered · write the same map", () => {
    const before = "A".repeat(10_000);
    for (const changed of [[0, 1, 2, 9_999], Array.from({ length: 5_000 }, (_, index) => index * 2)]) {
      const letters = createLetters(before);
      for (const ordinal of changed) letters.set(ordinal, "H");
      expect(differences(before, String(letters))).to.eql(changed);
      const runs = toRuns(letters, changed);
      const map = [...before];
      for (const { offset, letters: stretch } of runs) map.splice(offset, stretch.length, ...stretch);
      expect(map.join("")).to.equal(String(letters));
      expect(runs).to.have.lengthOf(changed.length === 4 ? 2 : 1);
    }
  });

  it("gate · more than its width · runs so many at once, the others in turn", async () => {
    const gate = createGate(2);
    let running = 0;
    let most = 0;
    const order: number[] = [];
    const work = (index: number) => async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise(setImmediate);
      running -= 1;
      order.push(index);
      if (index === 1) throw new Error("one fails");
    };
    const all = await Promise.allSettled([0, 1, 2, 3, 4].map((index) => gate(work(index))));
    expect(most).to.equal(2);
    expect(order).to.eql([0, 1, 2, 3, 4]);
    expect(all.filter(({ status }) => status === "rejected")).to.have.lengthOf(1);
  });

  it("shards · of many performances · are all used, and steady", () => {
    const ids = Array.from({ length: 256 }, (_, byte) => `0190-${byte.toString(16).padStart(2, "0")}`);
    expect(new Set(ids.map(shardOf)).size).to.equal(64);
    expect(ids.map(shardOf)).to.eql(ids.map(shardOf));
  });
});
