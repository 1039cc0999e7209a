/** What is put on the canvas, as a pen that remembers it. */
import { expect } from "chai";
import { draw } from "../../../src/web/seat-map/drawing.ts";
import { createGrid } from "../../../src/web/seat-map/grid.ts";
import { clear, fillBox, mixInk } from "../../../src/web/seat-map/raster.ts";
import type { Board, Look, Pen, Scene } from "../../../src/web/seat-map/scene.ts";
import { createSeatStates } from "../../../src/web/seat-map/seat-states.ts";
import { stageOf, union } from "../../../src/web/seat-map/stage.ts";
import { centre, limitsOf, type View, wholeHall } from "../../../src/web/seat-map/view.ts";
import { hallOf } from "./small-hall.ts";

/** Every colour the same: what can be told apart then is told by its shape. */
const GREY: Look = {
  ground: "#ffffff",
  stage: "#808080",
  text: "#808080",
  free: "#808080",
  onFree: "#ffffff",
  taken: "#808080",
  chosen: "#808080",
  onChosen: "#ffffff",
  ring: "#808080",
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

const SIZE = { width: 900, height: 600 };
const hall = hallOf({ name: "Floor", rows: 40, seatsPerRow: 100, amount: 1, accessibleSeats: 2 });
const stage = stageOf(hall);
const grid = createGrid(hall);
const limits = limitsOf(union(hall.box, stage.box), SIZE);
const states = createSeatStates(hall.count);
states.snapshot({ epoch: 1, seq: 1, seats: `AHOB${"A".repeat(hall.count - 4)}` });

function drawn(change: Partial<Scene> = {}, ratio = 1) {
  const recorded = recordingPen();
  const [width, height] = [SIZE.width * ratio, SIZE.height * ratio];
  const raster = { width, height, pixels: new Uint32Array(width * height) };
  let puts = 0;
  const board: Board = {
    raster,
    ratio,
    put: () => {
      puts += 1;
    },
  };
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
    board,
  );
  return { ...recorded, raster, puts: () => puts };
}

/** The pixels around a seat's middle, as text. */
function patch(
  { raster: { width, pixels } }: ReturnType<typeof drawn>,
  view: View,
  ordinal: number,
  ratio: number,
) {
  const x = Math.round((hall.x[ordinal]! * view.scale + view.x) * ratio);
  const y = Math.round((hall.y[ordinal]! * view.scale + view.y) * ratio);
  const rows = [-4, -3, -2, -1, 0, 1, 2, 3, 4].map((dy) =>
    [...pixels.subarray((y + dy) * width + x - 4, (y + dy) * width + x + 5)]
      .map((pixel) => ((pixel & 0xff) < 0xd0 ? "#" : "."))
      .join(""),
  );
  return rows.join("\n");
}

describe("seat map · drawing", () => {
  it("states · with every colour the same · differ in shape, as pixels far away and as rectangles near", () => {
    for (const ratio of [1, 2]) {
      const view = wholeHall(limits);
      const far = drawn({ view }, ratio);
      const shapes = [1, 2, 3, 4].map((ordinal) => patch(far, view, ordinal, ratio));
      expect(new Set(shapes).size, shapes.join("\n\n")).to.equal(4);
    }
    const view = centre({ x: hall.x[1]!, y: hall.y[1]! }, 0.6, limits);
    const { marks } = drawn({ view });
    const shapes = [1, 2, 3, 4].map((ordinal) => {
      const x = hall.x[ordinal]! * view.scale + view.x;
      const y = hall.y[ordinal]! * view.scale + view.y;
      const own = marks.filter((mark) => Math.hypot(mark.x - x, mark.y - y) < 0.5);
      return own
        .map(({ colour, width, height }) => `${colour} ${width.toFixed(1)}×${height.toFixed(1)}`)
        .join(" ");
    });
    expect(new Set(shapes).size, shapes.join(" | ")).to.equal(4);
  });

  it("far away · thousands of seats · are one picture, with the section's name over it", () => {
    const { marks, texts, puts } = drawn();
    expect(puts()).to.equal(1);
    expect(marks).to.deep.equal([]);
    expect(texts).to.deep.equal(["Stage", "Floor", "1"]);
  });

  it("far away · seats at the edge of the picture · are cut, and nothing is written beyond it", () => {
    for (const corner of [0, 99, 3_900, 3_999]) {
      const view = centre({ x: hall.x[corner]!, y: hall.y[corner]! }, limits.minScale * 1.01, limits);
      expect(() => drawn({ view })).not.to.throw();
    }
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
  });

  it("picked seats · whatever their state · carry a tick instead of their mark", () => {
    const view = centre({ x: hall.x[1]!, y: hall.y[1]! }, 0.6, limits);
    const plain = drawn({ view }).marks.length;
    const picked = drawn({ view, chosen: new Set([1, 2]) }).marks.length;
    expect(plain - picked).to.equal(3);
  });
});

describe("seat map · raster", () => {
  const ink = mixInk("#000000", "#ffffff");
  const shade = (pixel: number) => pixel & 0xff;

  it("box · between pixels · shades each by the part it covers", () => {
    const raster = { width: 4, height: 2, pixels: new Uint32Array(8) };
    clear(raster, mixInk("#ffffff", "#ffffff"));
    fillBox(raster, ink, 0.5, 0, 2.25, 1);
    expect([...raster.pixels].map(shade)).to.deep.equal([128, 0, 191, 255, 255, 255, 255, 255]);
    expect(raster.pixels[0]! >>> 24).to.equal(255);
  });

  it("box · partly outside · fills what is inside", () => {
    const raster = { width: 2, height: 2, pixels: new Uint32Array(4) };
    fillBox(raster, ink, -5, -5, 1, 1);
    fillBox(raster, ink, 9, 9, 12, 12);
    expect([...raster.pixels].map((pixel) => pixel !== 0)).to.deep.equal([true, false, false, false]);
  });
});
