import { expect } from "chai";
import { openWorld, type World } from "../reservations/world.ts";
import { runScript } from "./run-script.ts";

describe("npm run invariants", () => {
  let world: World;

  before(async () => {
    world = await openWorld();
  });
  after(() => world.close());

  const run = () => runScript("invariants.ts", [], { DATABASE_URL: world.databaseUrl });

  it("a sound database · one line a rule, and 0", async () => {
    const hall = await world.makeHall();
    const fan = await world.makeFan();
    await world.pay(fan, (await world.held(fan, hall, [0, 1])).id);
    const { code, stdout, stderr } = await run();
    expect([code, stderr]).to.deep.equal([0, ""]);
    const lines = stdout.trimEnd().split("\n");
    expect(lines).to.have.length(16);
    expect(
      lines.every((line) => /^ok {5}I\d+ \w/.test(line)),
      stdout,
    ).to.equal(true);
  });

  it("a seat that belongs to nobody · the rule, the seat, and 1", async () => {
    await world.db.raw("UPDATE seat_states SET status = 'BLOCKED' WHERE ordinal = 5");
    const { code, stdout } = await run();
    expect(code).to.equal(1);
    expect(stdout).to.match(/^BROKEN I6 .*\n {7}\S+\/5: /m);
  });

  it("no database there · one sentence, and 1", async () => {
    const { code, stderr } = await runScript("invariants.ts", [], {
      DATABASE_URL: "postgres://x@127.0.0.1:1/x",
    });
    expect(code).to.equal(1);
    expect(stderr).to.match(/^PostgreSQL can't be reached at DATABASE_URL/);
  });
});
