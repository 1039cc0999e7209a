import { expect } from "chai";
import { type Database, openDatabase, poolState } from "../../src/platform/postgres.ts";
import { type TestDatabase, testServers } from "../support/servers.ts";
import { eventually } from "../support/wait.ts";
import { standStill } from "./support.ts";

describe("postgres", () => {
  let database: TestDatabase;
  let db: Database;
  before(async () => {
    database = await (await testServers()).createDatabase();
  });
  after(() => database.drop());
  beforeEach(() => {
    db = openDatabase(database.url, 2, "test-postgres");
  });
  afterEach(() => db.destroy());

  it("a statement that fails · tells itself, and none of the values it was given", async () => {
    const fault = await db.raw("SELECT CAST(? AS text), 1 / 0", ["a-secret-value"]).then(
      () => null,
      (error: Error) => error,
    );
    expect(fault?.message).to.include("division by zero").and.to.include("SELECT CAST");
    expect(JSON.stringify(fault) + fault?.stack).to.not.include("a-secret-value");
  });

  it("a first connection · while this process stands still · is made all the same", async () => {
    // A statement of knex begins when it is waited for.
    const asked = db.raw("SELECT 1 AS one").then(({ rows }) => rows);
    await standStill(1_700);
    expect(await asked).to.deep.equal([{ one: 1 }]);
  });

  it("the state of a pool · busy, waited for, and closed · is what it is", async () => {
    const LOCK = "SELECT pg_advisory_xact_lock(1)";
    const holder = openDatabase(database.url, 1, "test-postgres-lock");
    const asking: Promise<unknown>[] = [];
    const busy = JSON.stringify({ used: 2, free: 0, waiting: 1 });
    try {
      await holder.transaction(async (held) => {
        await held.raw(LOCK);
        asking.push(...[1, 2, 3].map(() => db.raw(LOCK).then(() => undefined)));
        await eventually(() => JSON.stringify(poolState(db)) === busy, {
          what: "two of three using the pool",
        });
      });
    } finally {
      await holder.destroy();
    }
    await Promise.all(asking);
    await db.destroy();
    expect(poolState(db)).to.deep.equal({ used: 0, free: 0, waiting: 0 });
  });
});
