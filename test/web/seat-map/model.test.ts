/** The hall as columns, the states by the feed, and what a fan has picked. */
import { expect } from "chai";
import { toggle, withoutLost } from "../../../src/web/seat-map/choice.ts";
import { toHall } from "../../../src/web/seat-map/hall.ts";
import { AVAILABLE, createSeatStates, HELD, OCCUPIED } from "../../../src/web/seat-map/seat-states.ts";
import { layoutFor, smallHall } from "./small-hall.ts";

describe("seat map · hall", () => {
  it("layout · of three sections · every seat is named and priced as in the document", () => {
    const hall = smallHall();
    expect(hall.count).to.equal(44);
    expect(hall.describe(13)).to.deep.equal({
      section: "Floor",
      row: "B",
      number: 4,
      amount: 90_000,
      accessible: false,
    });
    expect(hall.describe(38)).to.include({ section: "Right", row: "B", number: 1 });
    expect(hall.ordinalOf("seat-38")).to.equal(38);
    expect(hall.sections.map(({ seatCount }) => seatCount)).to.deep.equal([20, 12, 12]);
  });

  it("layout · seats out of order in the document · rows run by seat number", () => {
    const layout = layoutFor([{ name: "Floor", rows: 1, seatsPerRow: 4, amount: 1 }]);
    const [section] = layout.sections;
    const [row] = section!.rows;
    const turned = {
      ...layout,
      sections: [{ ...section!, rows: [{ ...row!, seats: row!.seats.toReversed() }] }],
    };
    expect(toHall(turned).rows[0]?.seats).to.deep.equal([0, 1, 2, 3]);
  });

  it("layout · with an ordinal missing · is refused", () => {
    const layout = layoutFor([{ name: "Floor", rows: 1, seatsPerRow: 4, amount: 1 }]);
    const [section] = layout.sections;
    const [row] = section!.rows;
    const torn = { ...layout, sections: [{ ...section!, rows: [{ ...row!, seats: row!.seats.slice(1) }] }] };
    expect(() => toHall(torn)).to.throw("seat 3");
  });
});

describe("seat map · states", () => {
  it("seats · before the first snapshot · none can be chosen", () => {
    const states = createSeatStates(3);
    expect(states.known).to.equal(false);
    expect([0, 1, 2].some(states.free)).to.equal(false);
  });

  it("delta · the next in its epoch · changes the seats it names and says which", () => {
    const states = createSeatStates(4);
    expect(states.snapshot({ epoch: 1, seq: 7, seats: "AAHO" })).to.deep.equal([0, 1, 3]);
    const changes = [
      [1, "H"],
      [2, "H"],
      [3, "A"],
    ] as const;
    expect(states.delta({ epoch: 1, seq: 8, changes })).to.deep.equal([1, 3]);
    expect([...states.states]).to.deep.equal([AVAILABLE, HELD, HELD, AVAILABLE]);
  });

  it("delta · older or the same · is dropped", () => {
    const states = createSeatStates(1);
    states.snapshot({ epoch: 2, seq: 7, seats: "O" });
    for (const at of [
      { epoch: 2, seq: 7 },
      { epoch: 2, seq: 3 },
      { epoch: 1, seq: 90 },
    ])
      expect(states.delta({ ...at, changes: [[0, "A"]] })).to.equal("old");
    expect(states.snapshot({ epoch: 1, seq: 99, seats: "A" })).to.equal("old");
    expect(states.of(0)).to.equal(OCCUPIED);
  });

  it("delta · after a gap, of a new epoch, or not of this hall · asks for a snapshot", () => {
    const states = createSeatStates(2);
    expect(states.delta({ epoch: 1, seq: 1, changes: [] })).to.equal("gap");
    states.snapshot({ epoch: 1, seq: 1, seats: "AA" });
    expect(states.delta({ epoch: 1, seq: 3, changes: [] })).to.equal("gap");
    expect(states.delta({ epoch: 2, seq: 2, changes: [] })).to.equal("gap");
    expect(states.delta({ epoch: 1, seq: 2, changes: [[2, "A"]] })).to.equal("gap");
    expect(states.delta({ epoch: 1, seq: 2, changes: [[0, "?"]] })).to.equal("gap");
    expect(states.snapshot({ epoch: 1, seq: 5, seats: "AAA" })).to.equal("gap");
    expect(states.snapshot({ epoch: 2, seq: 1, seats: "AO" })).to.deep.equal([1]);
  });
});

describe("seat map · choice", () => {
  const free = (ordinal: number) => ordinal !== 5;

  it("pick · up to the limit · and not one more", () => {
    let choice = { seats: [] as readonly number[], limit: 2 };
    for (const ordinal of [3, 1]) {
      const picked = toggle(choice, ordinal, free);
      if (picked.ok) choice = { ...picked.choice };
    }
    expect(choice.seats).to.deep.equal([3, 1]);
    expect(toggle(choice, 2, free)).to.deep.equal({ ok: false, reason: "limit" });
    expect(toggle(choice, 3, free)).to.deep.equal({ ok: true, choice: { seats: [1], limit: 2 } });
  });

  it("pick · a seat that is taken · is refused, and giving back a lost one is not", () => {
    expect(toggle({ seats: [], limit: 2 }, 5, free)).to.deep.equal({ ok: false, reason: "taken" });
    expect(toggle({ seats: [5], limit: 2 }, 5, free)).to.deep.include({ ok: true });
  });

  it("picked seats · one is taken by somebody else · says which and keeps the others", () => {
    expect(withoutLost({ seats: [4, 5], limit: 2 }, free)).to.deep.equal({
      choice: { seats: [4], limit: 2 },
      lost: [5],
    });
  });
});
