import { expect } from "chai";
import { type Gateway, newEmail, openGateway, PASSWORD, post, signUp } from "../auth/fixture.ts";
import { type TestDatabase, testServers } from "../support/servers.ts";
import { ONE_SENTENCE, runScript } from "./run-script.ts";

describe("npm run operator", () => {
  let database: TestDatabase;
  let gateway: Gateway;
  let environment: NodeJS.ProcessEnv;

  before(async () => {
    const servers = await testServers();
    database = await servers.createDatabase();
    environment = { DATABASE_URL: database.url, REDIS_URL: servers.redisUrl };
    gateway = await openGateway({ databaseUrl: database.url, redisUrl: servers.redisUrl });
  });
  after(async () => {
    await gateway.close();
    await database.drop();
  });

  const run = (...args: string[]) => runScript("operator.ts", args, environment);
  const login = (email: string, password: string) =>
    post(gateway.url, "/auth/login").send({ email, password });

  it("create · with a password · makes an operator who can log in", async () => {
    const email = newEmail();
    const { code, stdout, stderr } = await run(
      "create",
      "--email",
      email.toUpperCase(),
      "--password",
      PASSWORD,
    );
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
    expect(stdout).to.contain(email).and.contain("operator").and.not.contain(PASSWORD);
    const { body } = await login(email, PASSWORD).expect(200);
    expect(body.user).to.include({ email, role: "operator", name: "Operator" });
  });

  it("create · without a password and no terminal · makes one and prints it once", async () => {
    const email = newEmail();
    const { code, stdout } = await run("create", "--email", email, "--role", "gate", "--name", "North door");
    expect(code).to.equal(0);
    const [, password = ""] = /shown only this once: (\S+)\n/.exec(stdout)!;
    expect(password).to.have.length.of.at.least(20);
    const { body } = await login(email, password).expect(200);
    expect(body.user).to.include({ role: "gate", name: "North door" });
  });

  it("create · with an email that is an account · leaves it as it is and exits 1", async () => {
    const fan = await signUp(gateway.url);
    const { code, stderr } = await run("create", "--email", fan.email, "--password", "another password");
    expect(code).to.equal(1);
    expect(stderr).to.match(/fan/).and.match(ONE_SENTENCE);
    const { body } = await login(fan.email, PASSWORD).expect(200);
    expect(body.user.role).to.equal("fan");
  });

  it("list · with staff and fans · shows the staff alone", async () => {
    const fan = await signUp(gateway.url);
    const email = newEmail();
    await run("create", "--email", email, "--password", PASSWORD, "--role", "gate");
    const { code, stdout } = await run("list");
    expect(code).to.equal(0);
    expect(stdout)
      .to.match(new RegExp(`^gate +${email} `, "m"))
      .and.not.contain(fan.email);
  });

  it("help · asked for · lists the commands and exits 0", async () => {
    const { code, stdout } = await run("help");
    expect(code).to.equal(0);
    expect(stdout).to.contain("create --email").and.contain("list").and.contain("npm run operator");
  });

  for (const [what, args] of [
    ["nothing", []],
    ["a command there is not", ["promote"]],
    ["create without an email", ["create"]],
    ["an email that is none", ["create", "--email", "ann", "--password", PASSWORD]],
    ["a short password", ["create", "--email", "ann@example.com", "--password", "short"]],
    ["a role there is not", ["create", "--email", "ann@example.com", "--role", "fan"]],
    ["an option there is not", ["create", "--mail", "ann@example.com"]],
    ["list with a word too many", ["list", "all"]],
  ] as const) {
    it(`operator · called with ${what} · says what to write and exits 2`, async () => {
      const { code, stdout, stderr } = await run(...args);
      expect(code).to.equal(2);
      expect(stdout).to.equal("");
      expect(stderr).not.to.match(/ at .*:\d+/);
    });
  }
});
