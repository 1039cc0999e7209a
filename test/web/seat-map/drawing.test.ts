/** What is put on the canvas, as a pen that remembers it. */
import { expect } from "chai";
import { draw, type Look, type Pen, type Scene } from "../../../src/web/seat-map/drawing.ts";
import { createGrid } from "../../../src/web/seat-map/grid.ts";
import { createSeatStates } from "../../../src/web/seat-map/seat-states.ts";
import { stageOf, union } from "../../../src/web/seat-map/stage.ts";
import { centre, limitsOf, wholeHall } from "../../../src/web/seat-map/view.ts";
import { hallOf } from "./small-hall.ts";

/** Every colour the same: what can be told apart then is told by its shape. */
const GREY: Look = {
  ground: "ground",
  stage: "grey",
  text: "grey",
  free: "grey",
  onFree: "white",
  taken: "grey",
  chosen: "grey",
  onChosen: "white",
  ring: "grey",
  font: "sans-serif",
};

function recordingPen() {
  const marks: { colour: string; x: number; y: number; width: number; height: number }[] = [];
  const texts: string[] = [];
  let arcs = 0;
  const nothing = () => undefined;
  const pen: Pen = {
    fillStyle: "",
    strokeStyle: "",
    lineWidth: 1,
    font: "",
    textAlign: "",
    textBaseline: "",
    globalAlpha: 1,
    fillRect: (x, y, width, height) =>
      marks.push({ colour: String(pen.fillStyle), x: x + width / 2, y: y + height / 2, width, height }),
    strokeRect: nothing,
    beginPath: nothing,
    moveTo: nothing,
    lineTo: nothing,
    closePath: nothing,
    arc: () => {
      arcs += 1;
    },
    roundRect: nothing,
    fill: nothing,
    stroke: nothing,
    fillText: (text) => texts.push(text),
    measureText: (text) => ({ width: text.length * 7 }),
  };
  return { pen, marks, texts, arcs: () => arcs };
}

const hall = hallOf({ name: "Floor", rows: 40, seatsPerRow: 100, amount: 1, accessibleSeats: 2 });
const stage = stageOf(hall);
const grid = createGrid(hall);
const limits = limitsOf(union(hall.box, stage.box), { width: 900, height: 600 });
const states = createSeatStates(hall.count);
states.snapshot({ epoch: 1, seq: 1, seats: `AHOB${"A".repeat(hall.count - 4)}` });

function drawn(change: Partial<Scene> = {}) {
  const recorded = recordingPen();
  draw(
    recorded.pen,
    {
      hall,
      grid,
      stage,
      states,
      limits,
      view: wholeHall(limits),
      chosen: new Set(),
      pointed: null,
      focused: null,
      stageName: "Stage",
      captions: [{ name: "Floor", price: "1" }],
      ...change,
    },
    GREY,
  );
  return recorded;
}

describe("seat map · drawing", () => {
  it("states · with every colour the same · differ in shape, small and large", () => {
    for (const view of [wholeHall(limits), centre({ x: hall.x[1]!, y: hall.y[1]! }, 0.6, limits)]) {
      const { marks } = drawn({ view });
      const shapeOf = (ordinal: number) => {
        const x = hall.x[ordinal]! * view.scale + view.x;
        const y = hall.y[ordinal]! * view.scale + view.y;
        const own = marks.filter((mark) => Math.hypot(mark.x - x, mark.y - y) < 0.5);
        return own
          .map(({ colour, width, height }) => `${colour} ${width.toFixed(1)}×${height.toFixed(1)}`)
          .join(" ");
      };
      const shapes = [1, 2, 3, 4].map(shapeOf);
      expect(new Set(shapes).size, shapes.join(" | ")).to.equal(4);
    }
  });

  it("far away · a whole hall · is one or two rectangles a seat, with the section's name over it", () => {
    const { marks, texts } = drawn();
    expect(marks.length).to.be.within(hall.count, hall.count + 10);
    expect(texts).to.deep.equal(["Stage", "Floor", "1"]);
  });

  it("near · a part of the hall · only what is on screen, with numbers and rows", () => {
    const view = centre({ x: 0, y: hall.y[1000]! }, 0.6, limits);
    const { marks, texts } = drawn({ view });
    expect(marks.length).to.be.below(hall.count / 2);
    expect(texts).to.include("50");
    const { texts: atTheAisle } = drawn({
      view: centre({ x: hall.x[1000]!, y: hall.y[1000]! }, 0.6, limits),
    });
    expect(atTheAisle).to.include("K");
  });

  it("accessible seats · large enough to tell · are round", () => {
    const view = centre({ x: hall.x[3900]!, y: hall.y[3900]! }, 0.6, limits);
    expect(hall.accessible[3900]).to.equal(1);
    expect(drawn({ view }).arcs()).to.equal(2);
    expect(drawn().arcs()).to.be.at.most(2);
  });

  it("picked seats · whatever their state · carry a tick instead of their mark", () => {
    const plain = drawn().marks.length;
    const picked = drawn({ chosen: new Set([1]) }).marks.length;
    expect(plain - picked).to.equal(2);
  });
});
