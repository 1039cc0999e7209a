import { expect } from "chai";
import {
  BOARD_NAMES,
  type Panel,
  type PanelJson,
  readBoards,
  readPanel,
  SCRAPE_SECONDS,
} from "../../../scripts/boards/board.ts";
import { boxOf, WIDTH } from "../../../scripts/boards/layout.ts";
import { colourAt, contents, fillPanel, named } from "../../../scripts/boards/panel.ts";
import { RefusedError } from "../../../scripts/cli.ts";

const STAT: PanelJson = {
  title: "Waiting",
  type: "stat",
  gridPos: { x: 0, y: 0, w: 4, h: 4 },
  targets: [{ expr: "sum(fastpass_queue_waiting)", legendFormat: "" }],
};
const LINES: PanelJson = {
  ...STAT,
  type: "timeseries",
  fieldConfig: { defaults: { custom: { showPoints: "never" } } },
};
const TIMES = [0, 5, 10];

describe("boards · panels", () => {
  it("our boards · as Grafana is given them · can all be drawn", async () => {
    const boards = await readBoards();
    expect(boards.map(({ name }) => name)).to.have.members([...BOARD_NAMES]);
    expect(boards.flatMap(({ panels }) => panels)).to.have.length.above(40);
    expect(SCRAPE_SECONDS).to.equal(5);
  });

  const undrawable: Record<string, [changes: object, says: RegExp]> = {
    "of another kind": [{ type: "heatmap" }, /it is a heatmap/],
    "in another unit": [{ fieldConfig: { defaults: { unit: "currencyUSD" } } }, /its unit is currencyUSD/],
    "with overrides": [{ fieldConfig: { overrides: [{}] } }, /overrides/],
    "with transformations": [{ transformations: [] }, /it has transformations/],
    "with a field of which nothing is known": [
      { fieldConfig: { defaults: { decimals: 1 } } },
      /defaults with decimals/,
    ],
    "with a target that is hidden": [{ targets: [{ expr: "up", hide: true }] }, /target with hide/],
    "that shows a mean": [{ options: { reduceOptions: { calcs: ["mean"] } } }, /it shows mean/],
  };
  for (const [what, [changes, says]] of Object.entries(undrawable))
    it(`a panel ${what} · is refused by its name`, () => {
      expect(() => readPanel("The night", { ...STAT, ...changes }))
        .to.throw(RefusedError, says)
        .with.property("message")
        .that.includes("The night, Waiting");
    });

  it("a panel · without a Prometheus · is refused by its name", async () => {
    const filling = fillPanel(
      readPanel("The night", STAT),
      new URL("http://127.0.0.1:1"),
      { from: 0, to: 900_000 },
      5,
    );
    const fault = await filling.catch((refused) => refused);
    expect(fault).to.be.instanceOf(RefusedError);
    expect(fault.message).to.match(/The night, Waiting.*no Prometheus at http:\/\/127\.0\.0\.1:1/);
  });

  describe("what they show", () => {
    const stat: Panel = readPanel("The night", STAT);
    const lines: Panel = readPanel("The night", LINES);
    const series = (...values: (number | null)[]) => ({ name: "a", values });

    it("one value · with a gap at the end · is the last there is", () => {
      expect(contents(stat, TIMES, [series(1, 1_500, null)]).stat).to.equal("1.50 K");
    });

    it("several series · where one value belongs · are an error", () => {
      expect(() => contents(stat, TIMES, [series(1), series(2)])).to.throw(/2 series/);
    });

    it("lines · one of gaps alone among them · are those that have data, each in its colour", () => {
      const { stat: value, graph } = contents(lines, TIMES, [series(null), series(1), series(2)]);
      expect(value).to.equal(null);
      expect(graph?.lines.map(({ values }) => values)).to.deep.equal([[1], [2]]);
      expect(new Set(graph?.lines.map(({ colour }) => colour)).size).to.equal(2);
    });

    it("nothing but gaps · is no data", () => {
      for (const panel of [stat, lines])
        expect(contents(panel, TIMES, [series(null, null)])).to.deep.equal({ stat: null, graph: null });
    });

    it("a name · by legendFormat · has the labels filled in, and none where there is none", () => {
      const names = (legendFormat: string) =>
        named({ expr: "up", legendFormat }, [{ labels: { job: "a", instance: "b" }, values: [] }])[0]?.name;
      expect(names("{{job}} {{ instance }}, p95")).to.equal("a b, p95");
      expect(names("{{route}} p95")).to.equal(" p95");
      expect(names("")).to.equal("up");
    });

    it("a colour · by thresholds · is that of the last one reached; without any they are Grafana's", () => {
      const steps = [
        { color: "green", value: null },
        { color: "red", value: 1 },
      ];
      expect(colourAt(0.9, steps)).to.not.equal(colourAt(1, steps));
      expect(colourAt(1, steps)).to.equal(colourAt(80, stat.thresholds));
      expect(colourAt(0, steps)).to.equal(colourAt(79, stat.thresholds));
      expect(() => colourAt(1, [{ color: "mauve", value: null }])).to.throw(/mauve/);
    });
  });
});

describe("boards · layout", () => {
  it("panels side by side and below each other · have the same gap on every side", () => {
    const left = boxOf({ x: 0, y: 0, w: 12, h: 4 });
    const right = boxOf({ x: 12, y: 0, w: 12, h: 4 });
    const below = boxOf({ x: 0, y: 4, w: 24, h: 8 });
    const gap = left.left;
    expect(right.left - (left.left + left.width)).to.equal(gap);
    expect(WIDTH - (right.left + right.width)).to.equal(gap);
    expect(below.top - (left.top + left.height)).to.equal(gap);
    expect(below.width).to.equal(WIDTH - 2 * gap);
  });
});
