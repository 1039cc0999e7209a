/** Where things are: on screen, under the pointer, next to each other. */
import { expect } from "chai";
import fc from "fast-check";
import { createGrid } from "../../../src/web/seat-map/grid.ts";
import { nearestFree } from "../../../src/web/seat-map/nearest.ts";
import { stageOf, union } from "../../../src/web/seat-map/stage.ts";
import { stepFrom } from "../../../src/web/seat-map/steps.ts";
import {
  between,
  centre,
  limitsOf,
  pan,
  pinch,
  reveal,
  toHallPoint,
  toScreen,
  visible,
  wholeHall,
  zoom,
} from "../../../src/web/seat-map/view.ts";
import { hallOf, smallHall } from "./small-hall.ts";

const SIZE = { width: 800, height: 500 };

describe("seat map · view", () => {
  const hall = hallOf({ name: "Floor", rows: 40, seatsPerRow: 100, amount: 1 });
  const limits = limitsOf(union(hall.box, stageOf(hall).box), SIZE);
  const spot = (x: number, y: number) => ({ x, y });

  it("whole hall · any · shows all of it, the stage too", () => {
    const seen = visible(wholeHall(limits), limits);
    expect(seen.left).to.be.at.most(hall.box.left);
    expect(seen.right).to.be.at.least(hall.box.right);
    expect(seen.top).to.be.at.most(stageOf(hall).box.top);
    expect(seen.bottom).to.be.at.least(hall.box.bottom);
  });

  it("zoom · at a spot far inside · that spot stays under the pointer", () => {
    const close = centre(spot(0, 3_000), 0.5, limits);
    const pixel = spot(500, 300);
    const before = toHallPoint(close, pixel);
    const after = toHallPoint(zoom(close, 1.3, pixel, limits), pixel);
    expect(after.x).to.be.closeTo(before.x, 0.01);
    expect(after.y).to.be.closeTo(before.y, 0.01);
  });

  it("pinch · both fingers move apart · the hall follows both", () => {
    const close = centre(spot(0, 3_000), 0.3, limits);
    const from = [spot(300, 200), spot(400, 200)] as const;
    const to = [spot(250, 220), spot(430, 220)] as const;
    const held = from.map((finger) => toHallPoint(close, finger));
    const moved = pinch(close, from, to, limits);
    for (const [index, finger] of to.entries()) {
      const now = toScreen(moved, held[index]!);
      expect(now.x).to.be.closeTo(finger.x, 0.01);
      expect(now.y).to.be.closeTo(finger.y, 0.01);
    }
  });

  it("gestures · whatever comes · the hall is never lost nor blown up", () => {
    const number = fc.double({ min: -5_000, max: 5_000, noNaN: true });
    const gesture = fc.record({
      dx: number,
      dy: number,
      factor: fc.double({ min: 0.01, max: 100, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(gesture, { maxLength: 20 }), (gestures) => {
        let view = wholeHall(limits);
        for (const { dx, dy, factor } of gestures)
          view = zoom(
            pan(view, dx, dy, limits),
            factor,
            spot(Math.abs(dx) % 800, Math.abs(dy) % 500),
            limits,
          );
        expect(view.scale).to.be.within(limits.minScale, limits.maxScale);
        const seen = visible(view, limits);
        const edge = 1 / view.scale;
        const wide = seen.right - seen.left >= limits.box.right - limits.box.left - edge;
        if (wide) expect(seen.left).to.be.at.most(limits.box.left + edge);
        else expect(seen.left).to.be.at.least(limits.box.left - edge);
        const high = seen.bottom - seen.top >= limits.box.bottom - limits.box.top - edge;
        if (!high) expect(seen.bottom).to.be.at.most(limits.box.bottom + edge);
      }),
      { numRuns: 200 },
    );
  });

  it("reveal · a seat off screen · moves just as far as needed; on screen, not at all", () => {
    const close = centre(spot(0, 3_000), 0.5, limits);
    const away = toHallPoint(close, spot(900, 250));
    const moved = reveal(close, away, 40, limits);
    expect(toScreen(moved, away).x).to.be.closeTo(760, 0.01);
    expect(moved.y).to.equal(close.y);
    expect(reveal(moved, away, 40, limits)).to.equal(moved);
  });

  it("between · two views · begins at the one and ends at the other", () => {
    const [from, to] = [wholeHall(limits), centre(spot(2_000, 3_000), 0.6, limits)];
    for (const [part, view] of [[0, from] as const, [1, to] as const]) {
      const at = between(from, to, part, limits);
      for (const name of ["scale", "x", "y"] as const) expect(at[name]).to.be.closeTo(view[name], 0.001);
    }
  });
});

describe("seat map · grid", () => {
  const hall = hallOf(
    { name: "Floor", rows: 9, seatsPerRow: 31, amount: 1 },
    { name: "Left", rows: 5, seatsPerRow: 12, amount: 1 },
    { name: "Right", rows: 4, seatsPerRow: 40, amount: 1 },
  );
  const grid = createGrid(hall);
  const ordinals = [...hall.ids.keys()];

  it("at · any spot · finds what looking at every seat finds", () => {
    const { left, right, top, bottom } = hall.box;
    const near = (from: number, to: number) => fc.double({ min: from - 500, max: to + 500, noNaN: true });
    fc.assert(
      fc.property(
        near(left, right),
        near(top, bottom),
        fc.double({ min: 1, max: 400, noNaN: true }),
        (x, y, reach) => {
          const far = (ordinal: number) => Math.hypot(hall.x[ordinal]! - x, hall.y[ordinal]! - y);
          const least = Math.min(...ordinals.map(far));
          const found = grid.at({ x, y }, reach);
          if (found === null) expect(least).to.be.above(reach - 0.001);
          else expect(far(found)).to.be.closeTo(least, 0.001);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("each · a part of the hall · visits every seat in it, each once", () => {
    const part = { left: -300, right: 520, top: 900, bottom: 1_700 };
    const visited: number[] = [];
    grid.each(part, (ordinal) => visited.push(ordinal));
    expect(new Set(visited).size).to.equal(visited.length);
    const within = ordinals.filter(
      (o) => hall.x[o]! >= -300 && hall.x[o]! <= 520 && hall.y[o]! >= 900 && hall.y[o]! <= 1_700,
    );
    expect(within.length).to.be.above(50);
    expect(visited).to.include.members(within);
    expect(grid.count(part)).to.equal(visited.length);
    expect(grid.count({ left: 9_000, right: 9_100, top: 0, bottom: 100 })).to.equal(0);
  });
});

describe("seat map · nearest free seats", () => {
  const hall = smallHall();
  const rowA = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

  it("one seat is gone · its neighbours are free · the nearest is offered", () => {
    expect(nearestFree(hall, [4], (seat) => seat !== 4 && seat !== 3)).to.deep.equal([5]);
  });

  it("one of two is gone · the other is still to be had · the pair moves by one", () => {
    expect(nearestFree(hall, [4, 5], (seat) => seat !== 5)).to.deep.equal([3, 4]);
  });

  it("two seats · no two side by side in the row · the row behind, together", () => {
    const offered = nearestFree(hall, [4, 5], (seat) => seat > 9 || seat % 2 === 0);
    expect(offered).to.deep.equal([14, 15]);
  });

  it("two seats · none side by side anywhere · the two nearest", () => {
    expect(nearestFree(hall, [4, 5], (seat) => [2, 7, 30].includes(seat))).to.deep.equal([2, 7]);
  });

  it("plain seats · only accessible ones free · nothing; an accessible one lost · another is offered", () => {
    const accessible = [...hall.ids.keys()].filter((seat) => hall.accessible[seat] === 1);
    expect(accessible).to.have.length(2);
    expect(nearestFree(hall, [4], (seat) => accessible.includes(seat))).to.equal(null);
    expect(nearestFree(hall, [accessible[0]!], (seat) => seat === accessible[1])).to.deep.equal([
      accessible[1],
    ]);
  });

  it("more than are free · nothing is offered", () => {
    expect(nearestFree(hall, rowA, (seat) => seat < 3)).to.equal(null);
  });
});

describe("seat map · steps by keys", () => {
  const hall = smallHall();
  const at = (ordinal: number) => {
    const { section, row, number } = hall.describe(ordinal);
    return `${section} ${row}${number}`;
  };

  it("left and right · within a row · to the neighbour; at the end of the hall · stays", () => {
    expect([stepFrom(hall, 4, "left"), stepFrom(hall, 4, "right")].map(at)).to.deep.equal([
      "Floor A4",
      "Floor A6",
    ]);
    expect(stepFrom(hall, 0, "left")).to.equal(0);
  });

  it("right · at the end of a section · over the aisle into the same row", () => {
    const last = hall.ordinalOf("seat-25") as number;
    expect(at(last)).to.equal("Left A6");
    expect(at(stepFrom(hall, last, "right"))).to.equal("Right A1");
    expect(at(stepFrom(hall, stepFrom(hall, last, "right"), "left"))).to.equal("Left A6");
  });

  it("up and down · between rows and sections · straight ahead", () => {
    expect(at(stepFrom(hall, 4, "down"))).to.equal("Floor B5");
    expect(at(stepFrom(hall, 14, "up"))).to.equal("Floor A5");
    expect(stepFrom(hall, 4, "up")).to.equal(4);
    expect(at(stepFrom(hall, 14, "down"))).to.match(/^(Left|Right) A/);
  });

  it("first and last · of the row", () => {
    expect([stepFrom(hall, 14, "first"), stepFrom(hall, 14, "last")]).to.deep.equal([10, 19]);
  });

  it("every seat · can be reached by keys · from the first one", () => {
    const reached = new Set([0]);
    for (const from of reached)
      for (const step of ["left", "right", "up", "down"] as const) reached.add(stepFrom(hall, from, step));
    expect(reached.size).to.equal(hall.count);
  });
});
