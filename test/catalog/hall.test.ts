import { expect } from "chai";
import { checkSections, drawHall, rowName, type SectionPlan } from "../../src/catalog/hall.ts";

const section = (name: string, rows: number, seatsPerRow: number, accessibleSeats = 0): SectionPlan => ({
  name,
  rows,
  seatsPerRow,
  amount: 5_000,
  accessibleSeats,
});

/** Places as text: row and number of each accessible seat. */
function accessibleSeats(plan: SectionPlan): string[] {
  const { accessible, rowName: rows, number } = drawHall([plan]);
  return Array.from(accessible).flatMap((flag, i) => (flag === 1 ? [`${rows[i]}${number[i]}`] : []));
}

describe("hall", () => {
  it("rowName · past Z · goes on as a spreadsheet does", () => {
    expect([0, 25, 26, 51, 52, 499].map(rowName)).to.eql(["A", "Z", "AA", "AZ", "BA", "SF"]);
    expect(new Set(Array.from({ length: 500 }, (_, i) => rowName(i))).size).to.equal(500);
  });

  it("drawHall · two sections · ordinals run by section, row and number", () => {
    const hall = drawHall([section("Front", 2, 2), section("Back", 1, 3)]);
    const names = Array.from(hall.section, (s, i) => `${s}${hall.rowName[i]}${hall.number[i]}`);
    expect(names).to.eql(["0A1", "0A2", "0B1", "0B2", "1A1", "1A2", "1A3"]);
  });

  const halls: Record<string, SectionPlan[]> = {
    "a single seat": [section("One", 1, 1)],
    "five sections": [1, 2, 3, 4, 5].map((n) => section(`S${n}`, 12, 20)),
    "50,000 seats in 100 uneven sections": Array.from({ length: 100 }, (_, i) =>
      i % 2 === 0 ? section(`S${i}`, 500, 1) : section(`S${i}`, 1, 500),
    ),
    "one wide section": [section("Wide", 100, 500)],
  };
  for (const [what, sections] of Object.entries(halls)) {
    it(`drawHall · ${what} · no two seats are nearer than an elbow, all before the stage`, () => {
      const { count, x, y } = drawHall(sections);
      expect(new Set(Array.from(x, (value, i) => `${value},${y[i]}`)).size).to.equal(count);
      expect(Math.min(...Array.from(y))).to.be.at.least(300);
      expect(nearestCm(x, y)).to.be.at.least(50);
    });
  }

  it("drawHall · sections of one tier · stand beside each other with an aisle, behind the first tier", () => {
    const { section: of, x, y } = drawHall([section("A", 5, 10), section("B", 5, 10), section("C", 5, 10)]);
    const box = (index: number) => {
      const mine = Array.from(of).flatMap((value, i) => (value === index ? [i] : []));
      const xs = mine.map((i) => x[i]!);
      const ys = mine.map((i) => y[i]!);
      return { left: Math.min(...xs), right: Math.max(...xs), front: Math.min(...ys), back: Math.max(...ys) };
    };
    expect(box(2).left - box(1).right).to.be.at.least(150);
    expect(box(1).front).to.be.above(box(0).back);
    expect(box(1).front).to.equal(box(2).front);
  });

  it("drawHall · accessible seats · stand in pairs on the aisles, last row first", () => {
    expect(accessibleSeats(section("S", 5, 10, 4))).to.eql(["E1", "E2", "E9", "E10"]);
    expect(accessibleSeats(section("S", 5, 10, 6))).to.eql(["A1", "A2", "E1", "E2", "E9", "E10"]);
  });

  for (const [rows, seatsPerRow, wanted] of [
    [1, 1, 1],
    [1, 5, 3],
    [3, 3, 9],
    [2, 7, 13],
  ] as const) {
    it(`drawHall · ${wanted} accessible of ${rows} x ${seatsPerRow} · marks exactly as many`, () => {
      expect(accessibleSeats(section("S", rows, seatsPerRow, wanted))).to.have.length(wanted);
    });
  }

  it("checkSections · 50,001 seats · refuses at `sections`", () => {
    const errors = checkSections([section("A", 100, 500), section("B", 1, 1)]);
    expect(errors.map(({ path }) => path)).to.eql(["sections"]);
    expect(errors[0]?.message).to.include("50000");
    expect(checkSections([section("A", 100, 500)])).to.eql([]);
  });

  it("checkSections · one name twice, however it is encoded · refuses the second", () => {
    const errors = checkSections([section("Balkón", 1, 1), section("Balko\u0301n", 1, 1)]);
    expect(errors.map(({ path }) => path)).to.eql(["sections.1.name"]);
  });

  it("checkSections · more accessible seats than seats · refuses that section", () => {
    const errors = checkSections([section("A", 1, 1, 1), section("B", 2, 2, 5)]);
    expect(errors.map(({ path }) => path)).to.eql(["sections.1.accessibleSeats"]);
  });
});

/** The smallest distance between two seats, by a grid of 100 cm: nearer pairs share a cell or are neighbours. */
function nearestCm(x: Int32Array, y: Int32Array): number {
  const cells = new Map<string, number[]>();
  const cellOf = (value: number) => Math.floor(value / 100);
  let nearest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < x.length; i += 1) {
    const [cx, cy] = [cellOf(x[i]!), cellOf(y[i]!)];
    for (let dx = -1; dx <= 1; dx += 1) {
      for (let dy = -1; dy <= 1; dy += 1) {
        for (const j of cells.get(`${cx + dx},${cy + dy}`) ?? []) {
          nearest = Math.min(nearest, Math.hypot(x[i]! - x[j]!, y[i]! - y[j]!));
        }
      }
    }
    const own = `${cx},${cy}`;
    cells.set(own, [...(cells.get(own) ?? []), i]);
  }
  return nearest;
}
