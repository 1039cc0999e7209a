/** Someone changes the layout of a performance that is on sale. The database refuses, whoever asks. */
import { expect } from "chai";
import { type Hall, openWorld, type World } from "../reservations/world.ts";

describe("a layout with sold seats", () => {
  let world: World;
  let hall: Hall;

  before(async () => {
    world = await openWorld();
    hall = await world.makeHall({ rows: 1, seatsPerRow: 4 });
    const fan = await world.makeFan();
    const { id } = await world.held(fan, hall, [1]);
    expect((await world.pay(fan, id)).status).to.equal(201);
    await world.held(await world.makeFan(), hall, [2]);
  });
  afterEach(() => world.expectInvariants());
  after(() => world.close());

  const changes: readonly [string, string][] = [
    ["a sold seat is deleted", "DELETE FROM seats WHERE performance_id = ? AND ordinal = 1"],
    ["its state is deleted", "DELETE FROM seat_states WHERE performance_id = ? AND ordinal = 1"],
    ["a held seat is renumbered", "UPDATE seats SET number = 99 WHERE performance_id = ? AND ordinal = 2"],
    ["a row is renamed", "UPDATE seats SET row_name = 'Z' WHERE performance_id = ?"],
    ["a price is changed", "UPDATE sections SET amount = 1 WHERE performance_id = ?"],
    ["the performance is deleted", "DELETE FROM performances WHERE id = ?"],
  ];
  for (const [what, sql] of changes) {
    it(`F28 · layout · ${what} · refused, and everything is as it was`, async () => {
      const before = await seats();
      const refused = await world.db.raw(sql, [hall.id]).then(
        () => "changed",
        ({ code }: { code: string }) => code,
      );
      expect(["23001", "23503"], "restricted, or still referred to").to.include(refused);
      expect(await seats()).to.deep.equal(before);
      expect(await world.letters(hall)).to.equal("AOHA");
    });
  }

  const seats = () => world.db("seats").where({ performance_id: hall.id }).orderBy("ordinal");
});
