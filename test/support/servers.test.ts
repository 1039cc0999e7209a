import { expect } from "chai";
import pg from "pg";
import { testServers } from "./servers.ts";

async function tablesOf(url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
  await client.end();
  return rows.map((row) => row.tablename);
}

describe("test servers", function () {
  this.timeout(30_000);

  it("createDatabase · twice at once · two migrated databases", async () => {
    const { createDatabase } = await testServers();
    const [one, two] = await Promise.all([createDatabase(), createDatabase()]);
    expect(one.url).to.not.equal(two.url);
    const tables = await tablesOf(one.url);
    expect(tables).to.not.deep.equal([]);
    expect(await tablesOf(two.url)).to.have.members(tables);
    await Promise.all([one.drop(), two.drop()]);
  });

  it("drop · while a connection is still open · fails and says what it last did", async () => {
    const database = await (await testServers()).createDatabase();
    const forgotten = new pg.Client({ connectionString: database.url });
    forgotten.on("error", () => undefined);
    await forgotten.connect();
    await forgotten.query("SELECT 'forgotten'");
    const error = await database.drop().then(
      () => null,
      (thrown: Error) => thrown,
    );
    await forgotten.end().catch(() => undefined);
    expect(error?.message).to.contain("SELECT 'forgotten'");
  });
});
