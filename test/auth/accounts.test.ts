import { expect } from "chai";
import request from "supertest";
import { type TestDatabase, testServers } from "../support/servers.ts";
import { cookieOf, type Gateway, me, newEmail, openGateway, PASSWORD, post, signUp } from "./fixture.ts";

describe("accounts", () => {
  let database: TestDatabase;
  let gateway: Gateway;
  let url: string;

  before(async () => {
    const servers = await testServers();
    database = await servers.createDatabase();
    gateway = await openGateway({ databaseUrl: database.url, redisUrl: servers.redisUrl });
    url = gateway.url;
  });
  after(async () => {
    await gateway.close();
    await database.drop();
  });

  it("sign-up · with a new email · makes a fan who is logged in", async () => {
    const email = newEmail();
    const { body, headers } = await post(url, "/auth/signup")
      .send({ email, password: PASSWORD, name: "김하나" })
      .expect(201);
    expect(body).to.have.all.keys("user", "accessToken", "expiresInSeconds");
    expect(body.user).to.deep.include({ email, name: "김하나", role: "fan" });
    expect(body.expiresInSeconds).to.equal(900);
    expect(headers["cache-control"]).to.equal("no-store");
    const { body: account } = await me(url, body.accessToken).expect(200);
    expect(account).to.deep.equal(body.user);
  });

  it("sign-up · always · sets a refresh cookie that only this API gets back", async () => {
    const { headers } = await post(url, "/auth/signup")
      .send({ email: newEmail(), password: PASSWORD, name: "Fan" })
      .expect(201);
    const [cookie] = headers["set-cookie"] as unknown as string[];
    expect(cookie).to.match(/^fastpass_refresh=[^;]+; /);
    const attributes = cookie!.split("; ").slice(1);
    expect(attributes).to.have.members([
      "Max-Age=2592000",
      "Path=/api/v1/auth",
      "HttpOnly",
      "SameSite=Strict",
    ]);
  });

  it("sign-up · with an email in another spelling · finds it taken", async () => {
    const { email } = await signUp(url);
    const answer = await post(url, "/auth/signup").send({
      email: `  ${email.toUpperCase()} `,
      password: PASSWORD,
      name: "Fan",
    });
    expect(answer.status).to.equal(409);
    expect(answer.body).to.include({ code: "EMAIL_TAKEN", retryable: false });
  });

  it("sign-up · twenty times at once with one email · makes one account", async () => {
    const email = newEmail();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        post(url, "/auth/signup").send({ email, password: PASSWORD, name: "Fan" }),
      ),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).to.deep.equal([201, ...Array(19).fill(409)]);
  });

  it("sign-up · with a padded name · keeps it trimmed", async () => {
    const { body } = await post(url, "/auth/signup")
      .send({ email: newEmail(), password: PASSWORD, name: "  Ann  " })
      .expect(201);
    expect(body.user.name).to.equal("Ann");
  });

  for (const [what, change, path] of [
    ["no email", { email: undefined }, "email"],
    ["an email that is none", { email: "ann" }, "email"],
    ["an email over 254 characters", { email: `a@${"b.".repeat(130)}com` }, "email"],
    ["an email that is a number", { email: 7 }, "email"],
    ["a control character in the email", { email: "a\u0000@example.com" }, "email"],
    ["a short password", { password: "1234567" }, "password"],
    ["a password over 128 characters", { password: "x".repeat(129) }, "password"],
    ["a control character in the password", { password: "secret\u0007word" }, "password"],
    ["an empty name", { name: "  " }, "name"],
    ["a name over 100 characters", { name: "x".repeat(101) }, "name"],
    ["a line break in the name", { name: "Ann\nOperator" }, "name"],
    ["a role", { role: "operator" }, "role"],
  ] as const) {
    it(`sign-up · with ${what} · is refused, naming the field and repeating no value`, async () => {
      const body = { email: newEmail(), password: PASSWORD, name: "Ann", ...change };
      const answer = await post(url, "/auth/signup").send(body).expect(400);
      expect(answer.headers["content-type"]).to.match(/^application\/problem\+json/);
      expect(answer.body.code).to.equal("VALIDATION_FAILED");
      const paths = new Set(answer.body.errors.map((error: { path: string }) => error.path));
      expect([...paths]).to.deep.equal([path]);
      expect(answer.text).not.to.contain("secret");
    });
  }

  it("login · with the right password · opens a session of its own", async () => {
    const fan = await signUp(url);
    const { body, headers } = await post(url, "/auth/login")
      .send({ email: ` ${fan.email.toUpperCase()}`, password: PASSWORD })
      .expect(200);
    expect(body).to.have.all.keys("user", "accessToken", "expiresInSeconds");
    expect(body.user).to.deep.include({ id: fan.userId, email: fan.email, role: "fan" });
    expect(cookieOf(headers)).not.to.equal(fan.cookie);
    await me(url, body.accessToken).expect(200);
  });

  it("login · with a one-time code nobody asked for · ignores it", async () => {
    const { email } = await signUp(url);
    await post(url, "/auth/login").send({ email, password: PASSWORD, otp: "123456" }).expect(200);
    await post(url, "/auth/login").send({ email, password: PASSWORD, otp: "12 34" }).expect(400);
  });

  it("login · with a wrong password and with an unknown email · answers the same", async () => {
    const { email } = await signUp(url);
    const wrong = await post(url, "/auth/login").send({ email, password: "wrong" }).expect(401);
    const unknown = await post(url, "/auth/login").send({ email: newEmail(), password: "wrong" }).expect(401);
    const { requestId: _a, ...first } = wrong.body;
    const { requestId: _b, ...second } = unknown.body;
    expect(first).to.deep.equal(second);
    expect(first.code).to.equal("BAD_CREDENTIALS");
    expect(Object.keys(wrong.headers).sort()).to.deep.equal(Object.keys(unknown.headers).sort());
  });

  it("login · with letters composed another way · is the same password", async () => {
    const email = newEmail();
    await post(url, "/auth/signup")
      .send({ email, password: "비밀번호café".normalize("NFC"), name: "Fan" })
      .expect(201);
    await post(url, "/auth/login")
      .send({ email, password: "비밀번호café".normalize("NFD") })
      .expect(200);
  });

  it("login · of any outcome · is counted by outcome", async () => {
    const { email } = await signUp(url);
    const count = async (outcome: string) => {
      const { values } = await gateway.metrics.accounts.logins.get();
      return values.find(({ labels }) => labels.outcome === outcome)?.value ?? 0;
    };
    const before = [await count("ok"), await count("bad_credentials")];
    await post(url, "/auth/login").send({ email, password: PASSWORD }).expect(200);
    await post(url, "/auth/login").send({ email, password: "wrong" }).expect(401);
    expect([await count("ok"), await count("bad_credentials")]).to.deep.equal([
      before[0]! + 1,
      before[1]! + 1,
    ]);
  });

  it("passwords · in the database · are argon2id of at least 19 MiB and two passes", async () => {
    const { userId } = await signUp(url);
    const { password_hash } = await gateway.db("users").where({ id: userId }).first();
    expect(password_hash).to.match(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  it("me · of an account that no longer exists · is refused", async () => {
    const { userId, accessToken } = await signUp(url);
    await gateway.db("users").where({ id: userId }).delete();
    const { body } = await me(url, accessToken).expect(401);
    expect(body.code).to.equal("TOKEN_REVOKED");
  });

  it("routes · with another method · answer 405 with what is allowed", async () => {
    const { headers } = await request(url).get("/api/v1/auth/login").expect(405);
    expect(headers.allow).to.contain("POST").and.not.contain("GET");
  });
});
