import { expect } from "chai";
import jwt from "jsonwebtoken";
import { type TestDatabase, testServers } from "../support/servers.ts";
import { eventually } from "../support/wait.ts";
import {
  cookieOf,
  type Gateway,
  type GatewayOptions,
  me,
  openGateway,
  PASSWORD,
  post,
  signUp,
} from "./fixture.ts";

describe("logout", () => {
  let database: TestDatabase;
  let options: GatewayOptions;
  let here: Gateway;
  let there: Gateway;

  before(async () => {
    const servers = await testServers();
    database = await servers.createDatabase();
    options = { databaseUrl: database.url, redisUrl: servers.redisUrl };
    here = await openGateway(options);
    there = await openGateway(options);
  });
  after(async () => {
    await here.close();
    await there.close();
    await database.drop();
  });

  const logout = (token: string) => post(here.url, "/auth/logout").set("Authorization", `Bearer ${token}`);
  const sessionId = (token: string): string => (jwt.decode(token) as jwt.JwtPayload).sid;

  it("logout · with the access token · ends token and family at once and removes the cookie", async () => {
    const fan = await signUp(here.url);
    const { headers } = await logout(fan.accessToken).set("Cookie", fan.cookie).expect(204);
    expect(headers["set-cookie"]![0]).to.match(/^fastpass_refresh=; Max-Age=0; Path=\/api\/v1\/auth/);
    const { body } = await me(here.url, fan.accessToken).expect(401);
    expect(body.code).to.equal("TOKEN_REVOKED");
    const refreshed = await post(here.url, "/auth/refresh").set("Cookie", fan.cookie).expect(401);
    expect(refreshed.body.code).to.equal("REFRESH_INVALID");
  });

  it("logout · on one gateway · is known on another within a second", async () => {
    const fan = await signUp(here.url);
    await me(there.url, fan.accessToken).expect(200);
    await logout(fan.accessToken).expect(204);
    await eventually(async () => (await me(there.url, fan.accessToken)).body.code === "TOKEN_REVOKED", {
      timeoutMs: 1_000,
      what: "the revocation on the other gateway",
    });
    await post(there.url, "/auth/refresh").set("Cookie", fan.cookie).expect(401);
    expect(there.auth.verifyAccessToken(fan.accessToken)).to.deep.equal({
      ok: false,
      reason: "TOKEN_REVOKED",
    });
  });

  it("logout · before a gateway starts · is known to it from its first request", async () => {
    const fan = await signUp(here.url);
    await logout(fan.accessToken).expect(204);
    await here
      .db("sessions")
      .where({ id: sessionId(fan.accessToken) })
      .update({ revoked_at: here.db.raw("now() - interval '14 minutes'") });
    const late = await openGateway(options);
    try {
      await me(late.url, fan.accessToken).expect(401);
    } finally {
      await late.close();
    }
  });

  it("logout · of one session · leaves the account's others", async () => {
    const fan = await signUp(here.url);
    const other = await post(here.url, "/auth/login")
      .send({ email: fan.email, password: PASSWORD })
      .expect(200);
    await logout(fan.accessToken).expect(204);
    await me(here.url, other.body.accessToken).expect(200);
    await post(here.url, "/auth/refresh").set("Cookie", cookieOf(other.headers)).expect(200);
  });

  it("logout · with the refresh cookie alone · ends the session too", async () => {
    const fan = await signUp(here.url);
    await post(here.url, "/auth/logout").set("Cookie", fan.cookie).expect(204);
    await me(here.url, fan.accessToken).expect(401);
  });

  it("logout · with an expired access token and the cookie · still ends the session", async () => {
    const fan = await signUp(here.url);
    const claims = { role: "fan", sid: sessionId(fan.accessToken) };
    const expired = jwt.sign(claims, here.config.accessKey, {
      algorithm: "HS256",
      issuer: "fastpass",
      audience: "fastpass",
      subject: fan.userId,
      expiresIn: -1,
    });
    const { body } = await logout(expired).expect(401);
    expect(body.code).to.equal("TOKEN_EXPIRED");
    await logout(expired).set("Cookie", fan.cookie).expect(204);
    await me(here.url, fan.accessToken).expect(401);
  });

  it("logout · without any proof, or with a revoked one · is refused", async () => {
    const nothing = await post(here.url, "/auth/logout").expect(401);
    expect(nothing.body.code).to.equal("UNAUTHENTICATED");
    const forged = await post(here.url, "/auth/logout").set("Authorization", "Bearer x").expect(401);
    expect(forged.body.code).to.equal("TOKEN_INVALID");
    const fan = await signUp(here.url);
    await logout(fan.accessToken).expect(204);
    const again = await logout(fan.accessToken).expect(401);
    expect(again.body.code).to.equal("TOKEN_REVOKED");
  });

  it("logout · from another site · is refused and ends nothing", async () => {
    const fan = await signUp(here.url);
    const { body } = await post(here.url, "/auth/logout")
      .set("Cookie", fan.cookie)
      .set("Sec-Fetch-Site", "cross-site")
      .expect(403);
    expect(body.code).to.equal("CROSS_SITE");
    await me(here.url, fan.accessToken).expect(200);
  });

  it("logout · of a token good for a day · is remembered for a day", async () => {
    const [fan] = await here.auth.createFans(1);
    await logout(fan!.accessToken).expect(204);
    await here
      .db("sessions")
      .where({ id: sessionId(fan!.accessToken) })
      .update({ revoked_at: here.db.raw("now() - interval '20 hours'") });
    const late = await openGateway(options);
    try {
      const { body } = await me(late.url, fan!.accessToken).expect(401);
      expect(body.code).to.equal("TOKEN_REVOKED");
    } finally {
      await late.close();
    }
  });

  it("stream token · after its session's logout · is refused", async () => {
    const fan = await signUp(here.url);
    const { token } = here.auth.issueStreamToken(
      here.auth.authenticate({ headers: { authorization: `Bearer ${fan.accessToken}` } }),
    );
    await logout(fan.accessToken).expect(204);
    expect(here.auth.verifyStreamToken(token)).to.deep.equal({ ok: false, reason: "TOKEN_REVOKED" });
  });
});
