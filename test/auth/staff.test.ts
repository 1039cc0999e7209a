import { expect } from "chai";
import { inTransaction } from "../../src/platform/postgres.ts";
import { type TestDatabase, testServers } from "../support/servers.ts";
import { type Gateway, me, newEmail, openGateway, PASSWORD, post, signUp } from "./fixture.ts";

describe("accounts made by the service", () => {
  let database: TestDatabase;
  let servers: Awaited<ReturnType<typeof testServers>>;
  let gateway: Gateway;

  before(async () => {
    servers = await testServers();
    database = await servers.createDatabase();
    gateway = await openGateway({ databaseUrl: database.url, redisUrl: servers.redisUrl });
  });
  after(async () => {
    await gateway.close();
    await database.drop();
  });

  const login = (email: string, password: string) =>
    post(gateway.url, "/auth/login").send({ email, password });

  it("operator · named by the configuration · is made when absent, by one of several gateways", async () => {
    const email = newEmail();
    const outcomes = await Promise.all(
      Array.from({ length: 4 }, () => gateway.auth.ensureOperator(email.toUpperCase(), PASSWORD)),
    );
    expect(outcomes.sort()).to.deep.equal(["created", "exists", "exists", "exists"]);
    const { body } = await login(email, PASSWORD).expect(200);
    expect(body.user.role).to.equal("operator");
    expect(gateway.auth.verifyAccessToken(body.accessToken)).to.have.nested.property(
      "principal.role",
      "operator",
    );
  });

  it("operator · who exists with another password · keeps it", async () => {
    const email = newEmail();
    await gateway.auth.ensureOperator(email, PASSWORD);
    expect(await gateway.auth.ensureOperator(email, "another password")).to.equal("exists");
    await login(email, PASSWORD).expect(200);
    await login(email, "another password").expect(401);
  });

  it("operator · whose email a fan signed up with · is not made, and the fan not promoted", async () => {
    const fan = await signUp(gateway.url);
    expect(await gateway.auth.ensureOperator(fan.email, PASSWORD)).to.equal("not_operator");
    const { body } = await me(gateway.url, fan.accessToken).expect(200);
    expect(body.role).to.equal("fan");
  });

  it("operator · with a password that breaks the rules · is a fault that names the setting", async () => {
    const fault = await gateway.auth.ensureOperator(newEmail(), "short").catch((thrown: Error) => thrown);
    expect(fault)
      .to.be.instanceOf(Error)
      .with.property("message")
      .that.matches(/FASTPASS_OPERATOR_PASSWORD/);
  });

  it("fans in bulk · made by thousands · each have an account, a session and a token for a day", async () => {
    const fans = await gateway.auth.createFans(1_200);
    expect(new Set(fans.map(({ userId }) => userId)).size).to.equal(1_200);
    expect(new Set(fans.map(({ email }) => email)).size).to.equal(1_200);
    const last = fans.at(-1)!;
    const { body } = await me(gateway.url, last.accessToken).expect(200);
    expect(body).to.include({ id: last.userId, email: last.email, role: "fan" });
    await login(last.email, last.password).expect(200);
    const outcome = gateway.auth.verifyAccessToken(last.accessToken);
    if (!outcome.ok) throw new Error(outcome.reason);
    expect(outcome.expiresAt.getTime() - Date.now()).to.be.within(86_300_000, 86_400_000);
  });

  it("fans in bulk · in production · are refused", async () => {
    const production = await openGateway({
      databaseUrl: database.url,
      redisUrl: servers.redisUrl,
      environment: "production",
    });
    try {
      const fault = await production.auth.createFans(1).catch((thrown: Error) => thrown);
      expect(fault).to.be.instanceOf(Error);
    } finally {
      await production.close();
    }
  });

  it("refresh cookie · in production · travels over HTTPS only", async () => {
    const production = await openGateway({
      databaseUrl: database.url,
      redisUrl: servers.redisUrl,
      environment: "production",
    });
    try {
      const { headers } = await post(production.url, "/auth/signup")
        .send({ email: newEmail(), password: PASSWORD, name: "Fan" })
        .expect(201);
      expect(headers["set-cookie"]![0]).to.match(/; Secure(;|$)/);
    } finally {
      await production.close();
    }
  });

  it("lock of a fan · held by one transaction · makes another wait, but not its reads", async () => {
    const { userId } = await signUp(gateway.url);
    const limits = { lockTimeoutMs: 100, idleTimeoutMs: 5_000 };
    await inTransaction(gateway.db, limits, async (trx) => {
      await gateway.auth.lockFan(trx, userId);
      const second = inTransaction(gateway.db, limits, (other) => gateway.auth.lockFan(other, userId));
      const fault = await second.catch((thrown: { code: string }) => thrown);
      expect(fault).to.have.property("code", "55P03");
      expect(await gateway.auth.nameOf(userId)).to.equal("Fan");
    });
    await inTransaction(gateway.db, limits, (trx) => gateway.auth.lockFan(trx, userId));
  });

  it("lock of a fan · who does not exist · is refused as a revoked token", async () => {
    const unknown = "01890000-0000-7000-8000-000000000000";
    const fault = await inTransaction(gateway.db, { lockTimeoutMs: 100, idleTimeoutMs: 1_000 }, (trx) =>
      gateway.auth.lockFan(trx, unknown),
    ).catch((thrown: Error) => thrown);
    expect(fault).to.have.property("code", "TOKEN_REVOKED");
    expect(await gateway.auth.nameOf(unknown)).to.equal(null);
  });
});
