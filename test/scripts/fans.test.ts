import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { me, openGateway, post } from "../auth/fixture.ts";
import { type TestDatabase, testServers } from "../support/servers.ts";
import { ONE_SENTENCE, runScript } from "./run-script.ts";

describe("npm run fans", () => {
  let redisUrl: string;
  let database: TestDatabase;
  let environment: NodeJS.ProcessEnv;
  let folder: string;

  before(async () => {
    const servers = await testServers();
    redisUrl = servers.redisUrl;
    database = await servers.createDatabase();
    environment = { DATABASE_URL: database.url, REDIS_URL: redisUrl };
    folder = await mkdtemp(path.join(tmpdir(), "fastpass-fans-"));
  });
  after(async () => {
    await rm(folder, { recursive: true });
    await database.drop();
  });

  it("fans · 10,000 of them · are made, can log in, and their tokens work", async () => {
    const file = path.join(folder, "fans.json");
    const { code, stdout, stderr } = await runScript(
      "fans.ts",
      ["--count", "10000", "--out", file],
      environment,
    );
    expect(stderr).to.equal("");
    expect(code).to.equal(0);
    expect(stdout).to.contain("10000 fans").and.contain(file);
    const fans = JSON.parse(await readFile(file, "utf8"));
    expect(fans).to.have.length(10_000);
    expect(fans[0]).to.have.all.keys("userId", "email", "password", "accessToken");
    expect(new Set(fans.map(({ email }: { email: string }) => email)).size).to.equal(10_000);
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    const gateway = await openGateway({ databaseUrl: database.url, redisUrl });
    try {
      const { userId, email, password, accessToken } = fans[9_999];
      const { body } = await me(gateway.url, accessToken).expect(200);
      expect(body).to.include({ id: userId, email, role: "fan" });
      await post(gateway.url, "/auth/login").send({ email, password }).expect(200);
    } finally {
      await gateway.close();
    }
  });

  it("fans · in production · are refused, and nothing is written", async () => {
    const out = path.join(folder, "never.json");
    const { code, stderr } = await runScript("fans.ts", ["--count", "1", "--out", out], {
      ...environment,
      NODE_ENV: "production",
    });
    expect(code).to.equal(1);
    expect(stderr)
      .to.match(/production/)
      .and.match(ONE_SENTENCE);
    expect(await readdir(folder)).not.to.include("never.json");
  });

  for (const [what, args] of [
    ["no arguments", []],
    ["no count", ["--out", "x.json"]],
    ["a count of nought", ["--count", "0", "--out", "x.json"]],
    ["a count that is no number", ["--count", "many", "--out", "x.json"]],
    ["a count beyond the bound", ["--count", "1000001", "--out", "x.json"]],
    ["no file", ["--count", "1"]],
    ["a file in a folder that is missing", ["--count", "1", "--out", "/nowhere/at/all/x.json"]],
    ["a folder as the file", ["--count", "1", "--out", "/"]],
    ["an option it does not know", ["--count", "1", "--out", "x.json", "--fast"]],
    ["a value too few", ["--count", "--out", "x.json"]],
    ["a stray word", ["10"]],
  ] as const) {
    it(`fans · called with ${what} · says in one sentence what is wrong and exits 2`, async () => {
      const { code, stdout, stderr } = await runScript("fans.ts", args, environment);
      expect(code).to.equal(2);
      expect(stdout).to.equal("");
      expect(stderr)
        .to.match(ONE_SENTENCE)
        .and.not.match(/ at .*:\d+/);
    });
  }

  it("fans · with no database there, or none configured · says so in one sentence and exits 1", async () => {
    const args = ["--count", "1", "--out", path.join(folder, "y.json")];
    const gone = { ...environment, DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" };
    for (const wrong of [gone, {}]) {
      const { code, stderr } = await runScript("fans.ts", args, wrong);
      expect(code).to.equal(1);
      expect(stderr)
        .to.match(/DATABASE_URL/)
        .and.match(ONE_SENTENCE);
    }
    expect(await readdir(folder)).to.deep.equal(["fans.json"]);
  });
});
