import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { expect } from "chai";
import { WIDTH } from "../../../scripts/boards/layout.ts";
import type { Drawing, Graph } from "../../../scripts/boards/panel.ts";
import { openStudio, type Studio } from "../../../scripts/boards/studio.ts";
import { findChromium } from "../../../scripts/local/chromium.ts";

const GRAPH: Graph = {
  times: [0, 5, 10],
  lines: [
    { name: "held", colour: "#7EB26D", values: [1, null, 3] },
    { name: "sold", colour: "#EAB839", values: [null, 2, 2] },
  ],
  unit: "ops",
  min: 0,
  lineWidth: 1,
  fill: 0.4,
  isStacked: true,
};
const panel = (top: number, rest: Pick<Drawing, "stat" | "graph">): Drawing => ({
  title: "Seats",
  box: { left: 8, top, width: 700, height: 200 },
  ...rest,
});

const describeInBrowser = findChromium() === null ? describe.skip : describe;

describeInBrowser("boards · studio", function () {
  this.timeout(60_000);
  let studio: Studio;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "fast-pass-boards-"));
    studio = await openStudio();
  });
  after(async () => {
    await studio?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function draw(panels: readonly Drawing[]): Promise<Buffer> {
    const file = path.join(folder, "new", "board.png");
    await studio.draw({ title: "The night", from: 0, to: 10_000, panels }, file);
    return readFile(file);
  }

  it("a board · with a value, lines and a panel without data · is a picture as wide as the grid and as high as they are", async () => {
    const png = await draw([
      panel(0, { stat: "3 ops/s", graph: { ...GRAPH, lines: GRAPH.lines.slice(0, 1), isStacked: false } }),
      panel(208, { stat: null, graph: GRAPH }),
      panel(416, { stat: null, graph: null }),
    ]);
    expect(png.readUInt32BE(16)).to.equal(WIDTH);
    expect(png.readUInt32BE(20)).to.be.within(616, 700);
  });

  it("lines · drawn and not · make another picture", async () => {
    const drawn = await draw([panel(0, { stat: null, graph: GRAPH })]);
    const without = await draw([panel(0, { stat: null, graph: { ...GRAPH, lines: [] } })]);
    expect(drawn.equals(without)).to.equal(false);
  });

  it("what the page can't draw · is an error, not a picture", async () => {
    const fault = await draw([panel(0, { stat: null, graph: { ...GRAPH, unit: "miles" as never } })]).catch(
      (thrown) => thrown,
    );
    expect(fault).to.be.instanceOf(Error);
  });
});
