/** The admission log after somebody with a password for the database had a hand in it. */
import { expect } from "chai";
import type { Knex } from "knex";
import { loadConfig } from "../../src/config.ts";
import { createCredentials } from "../../src/queue/credentials.ts";
import { openLog } from "../../src/queue/index.ts";
import { chainHash, readJournal } from "../../src/queue/journal.ts";
import { createHeadSigner, readHead } from "../../src/queue/log-head.ts";
import { runScript } from "../scripts/run-script.ts";
import { type Lab, openLab } from "./lab.ts";
import { openHouse, type QueueHouse } from "./support.ts";

const ENVIRONMENT = { DATABASE_URL: "postgres://unused", REDIS_URL: "redis://unused", NODE_ENV: "test" };

describe("admission log", () => {
  let house: QueueHouse;
  let lab: Lab;
  const config = loadConfig(ENVIRONMENT);
  const credentials = createCredentials(config.ticketKey, config.passPrivateKey);
  before(async () => {
    house = await openHouse();
  });
  beforeEach(async () => {
    lab = await openLab(house, { maxActive: 3 });
    await lab.crowd(10);
    await lab.beat();
    await sign();
    await lab.crowd(10);
    await lab.beat();
  });
  afterEach(() => lab.close());
  after(() => house.close());

  const sign = () => createHeadSigner(house.db, credentials).sign(lab.queueId);
  const verify = async (noted: string | null = null) => {
    const report = await openLog(house.db, config).verify(lab.queueId, noted);
    if (!report) throw new Error("there is no such queue");
    return report;
  };
  const length = async () => (await lab.row()).journalLength;

  /** What a trigger forbids; a superuser can take triggers away. */
  async function tamper(change: (rows: () => Knex.QueryBuilder, trx: Knex.Transaction) => Promise<unknown>) {
    await house.db.transaction(async (trx) => {
      await trx.raw("ALTER TABLE queue_journal DISABLE TRIGGER queue_journal_append_only");
      await change(() => trx("queue_journal").where({ queue_id: lab.queueId }), trx);
      await trx.raw("ALTER TABLE queue_journal ENABLE TRIGGER queue_journal_append_only");
    });
  }

  /** As one would who knows how the chain is made: everything from this row on fits together again. */
  async function rewrite(from: number): Promise<void> {
    let head: Buffer = Buffer.alloc(32);
    const hashes: [number, Buffer][] = [];
    for await (const row of readJournal(house.db, lab.queueId)) {
      head = row.number < from ? row.hash : chainHash(head, row.epoch, row);
      hashes.push([row.number, head]);
    }
    await tamper(async (rows, trx) => {
      for (const [number, hash] of hashes) await rows().where({ number }).update({ hash });
      await trx("queues").where({ id: lab.queueId }).update({ journal_head: head });
    });
  }
  const forge = (number: number) =>
    tamper((rows) =>
      rows()
        .where({ number })
        .update({ at_micros: house.db.raw("at_micros + 1") }),
    );

  it("untouched · with a head noted down in either form · is right", async () => {
    const token = (await readHead(house.db, lab.queueId)) as string;
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    for (const noted of [null, token, claims.hash]) {
      const report = await verify(noted);
      expect(report.faults).to.deep.equal([]);
      expect(report.rows).to.equal(await length());
      expect(report.heads).to.equal(noted === null ? 1 : 2);
    }
  });

  it("one row altered · is that row", async () => {
    await forge(7);
    const { faults, rows } = await verify();
    expect([faults, rows]).to.deep.equal([["row 7 is not what was written"], 6]);
  });

  it("rows removed from the middle · are those rows", async () => {
    await tamper((rows) => rows().whereBetween("number", [8, 9]).del());
    expect((await verify()).faults).to.deep.equal(["rows 8 to 9 are missing"]);
  });

  it("two rows in each other's place · is the first of them, and where it is now", async () => {
    await tamper(async (rows) => {
      await rows().where({ number: 5 }).update({ number: 1_000 });
      await rows().where({ number: 9 }).update({ number: 5 });
      await rows().where({ number: 1_000 }).update({ number: 9 });
    });
    expect((await verify()).faults).to.deep.equal(["row 5 was moved: it is row 9 now"]);
  });

  it("the last rows removed · are missing, also when the queue was made to end before them", async () => {
    const all = await length();
    await sign();
    await tamper((rows) => rows().where({ number: all }).del());
    expect((await verify()).faults[0]).to.equal(`row ${all} is missing`);
    const { hash } = await house
      .db("queue_journal")
      .where({ queue_id: lab.queueId, number: all - 1 })
      .first("hash");
    await house
      .db("queues")
      .where({ id: lab.queueId })
      .update({ journal_length: all - 1, journal_head: hash });
    expect((await verify()).faults).to.deep.equal([
      `a head of the table queue_heads is of row ${all}: row ${all} is missing`,
    ]);
  });

  it("a row altered and the whole chain behind it made anew · does not lead to the heads that were signed", async () => {
    const all = await length();
    await sign();
    await forge(all - 2);
    await rewrite(all - 2);
    const { faults, heads } = await verify();
    expect(heads).to.equal(1);
    expect(faults).to.have.length(1);
    expect(faults[0]).to.match(
      new RegExp(
        `^a head of the table queue_heads is of row ${all}, which has another hash: one of the rows \\d+ to ${all}`,
      ),
    );
  });

  it("the signed heads taken away too · a head noted down tells all the same", async () => {
    const token = (await readHead(house.db, lab.queueId)) as string;
    const { hash } = credentials.verifyHead(token, lab.queueId) ?? {};
    await forge(3);
    await rewrite(3);
    await house.db.transaction(async (trx) => {
      await trx.raw("ALTER TABLE queue_heads DISABLE TRIGGER queue_heads_append_only");
      await trx("queue_heads").where({ queue_id: lab.queueId }).del();
      await trx.raw("ALTER TABLE queue_heads ENABLE TRIGGER queue_heads_append_only");
    });
    expect((await verify()).faults).to.deep.equal([]);
    expect((await verify(token)).faults[0]).to.match(
      /^the head noted down is of row \d+, which has another hash/,
    );
    expect((await verify(hash)).faults[0]).to.match(/^no row has the hash of the head noted down/);
  });

  it("a head that another key signed, or of another queue · is said to be none of ours", async () => {
    const token = (await readHead(house.db, lab.queueId)) as string;
    const [head, claims] = token.split(".");
    const elsewhere = credentials.signHead("018f0000-0000-7000-8000-000000000000", { number: 1, hash: "00" });
    for (const noted of [`${head}.${claims}.${"A".repeat(86)}`, elsewhere, "nothing"])
      expect((await verify(noted)).faults).to.deep.equal([
        "the head noted down was not signed by this key for this queue",
      ]);
  });

  it("sign · twice in a minute, or with nothing new · keeps one head", async () => {
    const signer = createHeadSigner(house.db, credentials);
    for (let times = 0; times < 3; times += 1) await signer.sign(lab.queueId);
    await sign();
    const heads = await house.db("queue_heads").where({ queue_id: lab.queueId }).pluck("number");
    expect(heads.at(-1)).to.equal(await length());
    expect(heads).to.have.length(2);
  });

  describe("npm run log:verify", () => {
    const run = (...args: string[]) =>
      runScript("log-verify.ts", args, { ...ENVIRONMENT, DATABASE_URL: house.databaseUrl });

    it("a sound log · one line and 0; an altered one · the row and 1", async () => {
      const sound = await run("--queue", lab.queueId);
      expect([sound.code, sound.stderr]).to.deep.equal([0, ""]);
      expect(sound.stdout).to.match(/^ok {5}\d+ rows are right up to [0-9a-f]{64}, 1 signed heads agree\n$/);
      await forge(4);
      const altered = await run("--queue", lab.queueId);
      expect(altered.code).to.equal(1);
      expect(altered.stdout).to.match(/^WRONG {2}row 4 is not what was written\n/);
    });

    it("no queue, none of that id, an unknown option · one sentence", async () => {
      expect(await run()).to.include({ code: 2, stdout: "" });
      const unknown = await run("--queue", "018f0000-0000-7000-8000-000000000000");
      expect([unknown.code, unknown.stderr]).to.deep.equal([
        1,
        "There is no queue 018f0000-0000-7000-8000-000000000000.\n",
      ]);
      expect((await run("--que", "1")).code).to.equal(2);
    });
  });
});
