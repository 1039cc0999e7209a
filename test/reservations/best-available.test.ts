import { expect } from "chai";
import type { SeatMap } from "../../src/catalog/index.ts";
import { bestGroups } from "../../src/reservations/best-available.ts";
import { openWorld, tally, type World } from "./world.ts";

/** A hall from pictures: one string a row, `.` free, `x` taken, `a` free and accessible, a blank for an aisle. */
function hallOf(sections: readonly { amount: number; rows: readonly string[] }[]) {
  const seats = sections.flatMap(({ rows }, section) =>
    rows.flatMap((picture, row) =>
      [...picture].flatMap((seat, column) => (seat === " " ? [] : [{ seat, section, row, column }])),
    ),
  );
  const map = {
    seatCount: seats.length,
    ids: seats.map((_, ordinal) => `seat-${ordinal}`),
    sections: sections.map(({ amount }, index) => ({ id: `section-${index}`, name: `S${index}`, amount })),
    sectionOf: Uint16Array.from(seats, ({ section }) => section),
    rowName: seats.map(({ row }) => `R${row}`),
    number: Uint16Array.from(seats, ({ column }) => column + 1),
    accessible: Uint8Array.from(seats, ({ seat }) => Number(seat === "a")),
  } as unknown as SeatMap;
  return { map, isFree: (ordinal: number) => seats[ordinal]?.seat !== "x" };
}

function best(
  picture: readonly { amount: number; rows: readonly string[] }[],
  request: Parameters<typeof bestGroups>[1],
): number[] {
  const { map, isFree } = hallOf(picture);
  return [...(bestGroups(map, request, isFree, 1)[0] ?? [])];
}

describe("the best seats side by side", () => {
  const one = (...rows: string[]) => [{ amount: 100, rows }];

  it("pick · everything free · the middle of the front row", () => {
    expect(best(one("..........", ".........."), { quantity: 2 })).to.deep.equal([4, 5]);
    expect(best(one("...........", "..........."), { quantity: 3 })).to.deep.equal([4, 5, 6]);
  });

  it("pick · the front row is too full · the next one", () => {
    expect(best(one("..x..x..x.", ".........."), { quantity: 3 })).to.deep.equal(
      [14, 15, 16].map((ordinal) => ordinal - 1),
    );
  });

  it("pick · one seat would be left alone · another place in the row, or another row", () => {
    expect(best(one("....."), { quantity: 2 })).to.deep.equal([0, 1]);
    expect(best(one("x...x....x"), { quantity: 2 })).to.deep.equal([5, 6]);
    expect(best(one("x...xxxxxx", "xx....xxxx"), { quantity: 2 })).to.deep.equal([14, 15]);
  });

  it("pick · it can't be avoided · one seat is left alone all the same", () => {
    expect(best(one("...xx"), { quantity: 2 })).to.have.length(2);
  });

  it("pick · an aisle or a taken seat between · is not side by side", () => {
    expect(best(one("... ...", "xxxxxx"), { quantity: 4 })).to.deep.equal([]);
    expect(best(one("..x..x..x"), { quantity: 3 })).to.deep.equal([]);
  });

  it("pick · sections · by price, the dearest first, or only the one asked for", () => {
    const hall = [
      { amount: 50, rows: ["...."] },
      { amount: 90, rows: ["....", "...."] },
    ];
    expect(best(hall, { quantity: 2 })).to.deep.equal([4, 5].map((ordinal) => ordinal));
    expect(best(hall, { quantity: 2, sectionId: "section-0" })).to.deep.equal([0, 1]);
  });

  it("pick · accessible seats · only for those who ask, and theirs first", () => {
    expect(best(one("aaaa", "xx.."), { quantity: 2 })).to.deep.equal([6, 7]);
    expect(best(one("aaaa"), { quantity: 1 })).to.deep.equal([]);
    expect(best(one("....", "aa.."), { quantity: 2, accessible: true })).to.deep.equal([4, 5]);
    expect(best(one("....", "xa.."), { quantity: 2, accessible: true })).to.deep.equal([5, 6]);
    expect(best(one("...."), { quantity: 2, accessible: true })).to.deep.equal([]);
  });

  it("pick · several groups · never overlap and are all free", () => {
    const { map, isFree } = hallOf(one(".....x......", "....x..a...x", "..x........."));
    const groups = bestGroups(map, { quantity: 2 }, isFree, 100);
    const seats = groups.flat();
    expect(new Set(seats).size).to.equal(seats.length);
    expect(seats.every(isFree)).to.equal(true);
    expect(groups).to.have.length.above(10);
  });

  it("pick · 50,000 seats, nearly all taken · finds the few groups there are", () => {
    const rows = Array.from({ length: 100 }, (_, row) =>
      row === 99 ? "..........x".padEnd(100, "x") : "x.".repeat(50),
    );
    const { map, isFree } = hallOf(Array.from({ length: 5 }, (_, index) => ({ amount: 10 - index, rows })));
    expect(bestGroups(map, { quantity: 4 }, isFree, 12)).to.have.length(10);
  });
});

describe("holding the best seats", () => {
  let world: World;
  const best = (quantity: number, more: object = {}) => ({ bestAvailable: { quantity, ...more } });

  before(async () => {
    world = await openWorld();
  });
  afterEach(() => world.expectInvariants());
  after(() => world.close());

  it("hold · best available · side by side, as in any hold", async () => {
    const hall = await world.makeHall();
    const reservation = await world.held(await world.makeFan(), hall, best(3));
    expect(reservation.seats.map(({ ordinal }) => ordinal)).to.deep.equal(
      [3, 4, 5].map((ordinal) => ordinal),
    );
  });

  it("hold · not that many side by side · NO_ADJACENT_SEATS", async () => {
    const hall = await world.makeHall({ rows: 1, seatsPerRow: 5 });
    const [first, second] = await world.makeFans(2);
    await world.held(first!, hall, [2]);
    const answer = await world.hold(second!, hall, best(3));
    expect([answer.status, answer.body.code]).to.deep.equal([409, "NO_ADJACENT_SEATS"]);
    await world.held(second!, hall, best(2));
  });

  it("hold · more than the cap · SEAT_LIMIT, alone or with what the fan has", async () => {
    const hall = await world.makeHall();
    const fan = await world.makeFan();
    expect((await world.hold(fan, hall, best(5))).body.code).to.equal("SEAT_LIMIT");
    await world.held(fan, hall, best(3));
    expect((await world.hold(fan, hall, best(2))).body.code).to.equal("SEAT_LIMIT");
  });

  it("hold · every seat is in a lapsed hold · they are taken over", async () => {
    const hall = await world.makeHall({ rows: 1, seatsPerRow: 4 });
    const [first, second] = await world.makeFans(2);
    const lapsed = await world.held(first!, hall, best(4));
    await world.lapse(lapsed.id);
    await world.held(second!, hall, best(2));
    expect(await world.statusOf(lapsed.id)).to.equal("EXPIRED");
    expect(await world.metric("fastpass_hold_released_total", { by: "takeover" })).to.equal(1);
  });

  it("hold · seats given back by another gateway · are found at once", async () => {
    const hall = await world.makeHall({ rows: 1, seatsPerRow: 4 });
    const [first, second] = await world.makeFans(2);
    const all = await world.held(first!, hall, best(4));
    expect((await world.hold(second!, hall, best(4))).body.code).to.equal("NO_ADJACENT_SEATS");
    await world.request("DELETE", `/reservations/${all.id}`, first!);
    await world.held(second!, hall, best(4));
  });

  it("F17 · hold · 160 parties at once on 8,000 seats, from two gateways · fewer than 5 % refused, each side by side", async () => {
    const hall = await world.makeHall({ rows: 80, seatsPerRow: 100 });
    const other = await openWorld({ beside: world });
    const parties = (await world.makeFans(160)).map((fan, index) => ({ fan, quantity: 1 + (index % 4) }));
    const answers = await Promise.all(
      parties.map(({ fan, quantity }, index) => (index % 2 ? world : other).hold(fan, hall, best(quantity))),
    );
    await other.close();
    const counts = tally(answers);
    expect(counts["201"], JSON.stringify(counts)).to.be.at.least(153);
    for (const { body, status } of answers) {
      if (status !== 201) continue;
      const numbers = body.seats.map(({ ordinal }: { ordinal: number }) => ordinal);
      expect(numbers.at(-1) - numbers[0]).to.equal(numbers.length - 1);
    }
  });

  it("hold · a herd for the last seats · no seat stays free while someone is refused for want of seats", async () => {
    const hall = await world.makeHall({ rows: 4, seatsPerRow: 10 });
    const fans = await world.makeFans(60);
    const counts = tally(await Promise.all(fans.map((fan) => world.hold(fan, hall, best(1)))));
    expect(counts["201"], JSON.stringify(counts)).to.be.at.least(36);
    if (counts["201"] === 40) expect(await world.letters(hall)).to.equal("H".repeat(40));
  });
});
