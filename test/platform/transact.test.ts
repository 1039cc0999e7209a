import { expect } from "chai";
import type { Problem } from "../../src/platform/errors.ts";
import { type Database, isDatabaseAway, openDatabase, sqlState } from "../../src/platform/postgres.ts";
import { transact, transactClaiming } from "../../src/platform/transact.ts";
import { type TestDatabase, testServers } from "../support/servers.ts";

const block = (ms: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

describe("transactions", () => {
  let database: TestDatabase;
  let db: Database;

  before(async () => {
    database = await (await testServers()).createDatabase();
    db = openDatabase(database.url, 3, "transact-test");
    await db.raw(
      "CREATE TABLE things (id int PRIMARY KEY, n int NOT NULL); INSERT INTO things VALUES (1, 0), (2, 0)",
    );
  });
  after(async () => {
    await db.destroy();
    await database.drop();
  });

  const raise = (on: Pick<Database, "raw">, id: number) =>
    on.raw("UPDATE things SET n = n + 1 WHERE id = ?", [id]);
  const sum = async () => (await db.raw("SELECT sum(n)::int AS sum FROM things")).rows[0].sum;
  const faultOf = (work: Promise<unknown>) =>
    work.then(
      () => {
        throw new Error("it was expected to fail");
      },
      (fault: unknown) => fault,
    );

  it("a refusal · is a value · and leaves no trace", async () => {
    const before = await sum();
    const refused = { ok: false, reason: "TOO_LATE" } as const;
    expect(
      await transact(db, async (trx) => {
        await raise(trx, 1);
        return refused;
      }),
    ).to.equal(refused);
    expect(await sum()).to.equal(before);
  });

  it("a row that stays locked · longer than the limit · is BUSY", async () => {
    const limits = { lockTimeoutMs: 100, idleTimeoutMs: 5_000 };
    await db.transaction(async (holder) => {
      await raise(holder, 1);
      const work = async (trx: Pick<Database, "raw">) => {
        await raise(trx, 1);
        return { ok: true };
      };
      expect(((await faultOf(transactClaiming(db, null, work, limits))) as Problem).code).to.equal("BUSY");
    });
  });

  it("a deadlock · is resolved by trying once more · both take effect", async () => {
    const before = await sum();
    const faults: (string | null)[] = [];
    db.on("query-error", (fault: unknown) => void faults.push(sqlState(fault)));
    let attempts = 0;
    let arrived = 0;
    const inOrder = (first: number, second: number) =>
      transact(db, async (trx) => {
        attempts += 1;
        await raise(trx, first);
        arrived += 1;
        while (arrived < 2) await new Promise((resolve) => setTimeout(resolve, 5));
        await raise(trx, second);
        return { ok: true };
      });
    await Promise.all([inOrder(1, 2), inOrder(2, 1)]);
    expect(attempts).to.equal(3);
    expect(faults).to.deep.equal(["40P01"]);
    expect(await sum()).to.equal(before + 4);
  });

  it("a process that stood still in a transaction · longer than the limit · finds its database away and nothing done", async () => {
    const before = await sum();
    const limits = { lockTimeoutMs: 1_000, idleTimeoutMs: 100 };
    const fault = await faultOf(
      transactClaiming(
        db,
        null,
        async (trx) => {
          await raise(trx, 1);
          block(400);
          await raise(trx, 2);
          return { ok: true };
        },
        limits,
      ),
    );
    expect(isDatabaseAway(fault), `${sqlState(fault)} ${String(fault)}`).to.equal(true);
    expect(await sum(), "the pool goes on").to.equal(before);
  });
});
