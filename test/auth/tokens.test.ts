import { createHmac, generateKeyPairSync, type KeyObject } from "node:crypto";
import { expect } from "chai";
import jwt, { type SignOptions } from "jsonwebtoken";
import request from "supertest";
import { v7 } from "uuid";
import { type TestDatabase, testServers } from "../support/servers.ts";
import { eventually } from "../support/wait.ts";
import { type Gateway, me, openGateway, type SignedUp, signUp } from "./fixture.ts";

describe("access tokens", () => {
  let database: TestDatabase;
  let gateway: Gateway;
  let fan: SignedUp;

  before(async () => {
    const servers = await testServers();
    database = await servers.createDatabase();
    gateway = await openGateway({ databaseUrl: database.url, redisUrl: servers.redisUrl });
    fan = await signUp(gateway.url);
  });
  after(async () => {
    await gateway.close();
    await database.drop();
  });

  const GOOD: SignOptions = { algorithm: "HS256", issuer: "fastpass", audience: "fastpass", expiresIn: 900 };
  const sign = (key: KeyObject, options: SignOptions = {}, claims: object = {}) =>
    jwt.sign({ role: "fan", sid: v7(), ...claims }, key, { ...GOOD, subject: fan.userId, ...options });
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

  async function refusal(token: string): Promise<string> {
    const { body, headers } = await me(gateway.url, token).expect(401);
    expect(headers["www-authenticate"]).to.match(/^Bearer/);
    return body.code;
  }

  it("token · made as the room makes it · is accepted", async () => {
    await me(gateway.url, sign(gateway.config.accessKey)).expect(200);
    await request(gateway.url)
      .get("/api/v1/me")
      .set("Authorization", `bearer  ${fan.accessToken}`)
      .expect(200);
  });

  it("token · in its claims · names account, role and session, for 15 minutes", () => {
    const claims = jwt.decode(fan.accessToken) as jwt.JwtPayload;
    expect(claims).to.have.all.keys("sub", "role", "sid", "aud", "iss", "iat", "exp");
    expect(claims).to.include({ sub: fan.userId, role: "fan", aud: "fastpass", iss: "fastpass" });
    expect(claims.exp! - claims.iat!).to.equal(900);
  });

  it("token · missing or of another scheme · is asked for", async () => {
    for (const header of ["", "Bearer", "Bearer ", "Basic YTpi", fan.accessToken]) {
      const { body } = await request(gateway.url).get("/api/v1/me").set("Authorization", header).expect(401);
      expect(body.code, header).to.equal("UNAUTHENTICATED");
    }
    await request(gateway.url).get("/api/v1/me").expect(401);
  });

  it("token · past its time · is told apart from a bad one", async () => {
    expect(await refusal(sign(gateway.config.accessKey, { expiresIn: -1 }))).to.equal("TOKEN_EXPIRED");
  });

  it("token · accepted before · is refused once its time is over, once its session has ended, and with a byte changed", async () => {
    const short = sign(gateway.config.accessKey, { expiresIn: 2 });
    expect(gateway.auth.verifyAccessToken(short)).to.include({ ok: true });
    expect(gateway.auth.verifyAccessToken(short)).to.include({ ok: true });
    const forged = short.replace(/.$/, (last) => (last === "A" ? "Q" : "A"));
    expect(gateway.auth.verifyAccessToken(forged)).to.deep.equal({ ok: false, reason: "TOKEN_INVALID" });
    expect(gateway.auth.verifyStreamToken(short)).to.deep.equal({ ok: false, reason: "TOKEN_INVALID" });
    await eventually(() => !gateway.auth.verifyAccessToken(short).ok, { what: "the end of the token" });
    expect(gateway.auth.verifyAccessToken(short)).to.deep.equal({ ok: false, reason: "TOKEN_EXPIRED" });
    const other = await signUp(gateway.url);
    await me(gateway.url, other.accessToken).expect(200);
    await request(gateway.url)
      .post("/api/v1/auth/logout")
      .set("Authorization", `Bearer ${other.accessToken}`)
      .expect(204);
    expect(await refusal(other.accessToken)).to.equal("TOKEN_REVOKED");
  });

  it("token · without a signature (alg none) · is refused", async () => {
    const claims = jwt.decode(fan.accessToken) as object;
    for (const alg of ["none", "None", "NONE"]) {
      expect(await refusal(`${part({ alg, typ: "JWT" })}.${part(claims)}.`), alg).to.equal("TOKEN_INVALID");
    }
  });

  it("token · of another algorithm · is refused", async () => {
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 });
    const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
    expect(await refusal(sign(rsa.privateKey, { algorithm: "RS256" }))).to.equal("TOKEN_INVALID");
    expect(await refusal(sign(ec.privateKey, { algorithm: "ES256" }))).to.equal("TOKEN_INVALID");
    expect(await refusal(sign(gateway.config.accessKey, { algorithm: "HS512" }))).to.equal("TOKEN_INVALID");
  });

  it("token · HS256 with a public key as the secret · is refused", async () => {
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
    const head = `${part({ alg: "HS256", typ: "JWT" })}.${part(jwt.decode(fan.accessToken) as object)}`;
    const pem = publicKey.export({ type: "spki", format: "pem" });
    const mac = createHmac("sha256", pem).update(head).digest("base64url");
    expect(await refusal(`${head}.${mac}`)).to.equal("TOKEN_INVALID");
  });

  it("token · with any part changed, cut or garbled · is refused", async () => {
    const [head = "", body = "", mac = ""] = fan.accessToken.split(".");
    const promoted = part({ ...(jwt.decode(fan.accessToken) as object), role: "operator" });
    for (const token of [
      `${head}.${promoted}.${mac}`,
      `${head}.${body}.${mac.split("").reverse().join("")}`,
      `${head}.${body}`,
      `${head}.${body}.`,
      `${head}.bm90IGpzb24.${createHmac("sha256", gateway.config.accessKey).update(`${head}.bm90IGpzb24`).digest("base64url")}`,
      "a.b.c",
      "x",
    ]) {
      expect(await refusal(token), token).to.equal("TOKEN_INVALID");
    }
  });

  it("token · for another audience or by another issuer · is refused", async () => {
    const { accessKey } = gateway.config;
    for (const audience of ["queue:1", "performance:1", "operator-stream", "FASTPASS"]) {
      expect(await refusal(sign(accessKey, { audience })), audience).to.equal("TOKEN_INVALID");
    }
    expect(await refusal(sign(accessKey, { issuer: "other" }))).to.equal("TOKEN_INVALID");
  });

  it("token · without a claim the room needs · is refused", async () => {
    const { accessKey } = gateway.config;
    const { subject: _, ...withoutSubject } = { ...GOOD, subject: "" };
    expect(await refusal(sign(accessKey, {}, { role: "admin" }))).to.equal("TOKEN_INVALID");
    expect(await refusal(sign(accessKey, {}, { sid: 7 }))).to.equal("TOKEN_INVALID");
    expect(await refusal(jwt.sign({ role: "fan", sid: v7() }, accessKey, withoutSubject))).to.equal(
      "TOKEN_INVALID",
    );
    const { expiresIn: _forEver, ...endless } = withoutSubject;
    const eternal = jwt.sign({ role: "fan", sid: v7(), sub: fan.userId }, accessKey, endless);
    expect(await refusal(eternal)).to.equal("TOKEN_INVALID");
  });

  it("token · when a queue ticket or a pass is shown instead · is refused", async () => {
    const { ticketKey, passPrivateKey } = gateway.config;
    const ticket = jwt.sign({ seq: 1, epoch: 1 }, ticketKey, {
      ...GOOD,
      audience: `queue:${v7()}`,
      subject: fan.userId,
      jwtid: v7(),
    });
    const pass = jwt.sign({ fence: 1 }, passPrivateKey, {
      ...GOOD,
      algorithm: "ES256",
      audience: `performance:${v7()}`,
      subject: fan.userId,
      jwtid: v7(),
    });
    expect(await refusal(ticket)).to.equal("TOKEN_INVALID");
    expect(await refusal(pass)).to.equal("TOKEN_INVALID");
  });

  it("stream token · for an operator's stream · is good there for a minute and nowhere else", async () => {
    const principal = gateway.auth.authenticate({ headers: { authorization: `Bearer ${fan.accessToken}` } });
    const { token, expiresInSeconds } = gateway.auth.issueStreamToken(principal);
    const outcome = gateway.auth.verifyStreamToken(token);
    expect(expiresInSeconds).to.equal(60);
    expect(outcome).to.deep.include({ ok: true, principal });
    expect(await refusal(token)).to.equal("TOKEN_INVALID");
    expect(gateway.auth.verifyStreamToken(fan.accessToken)).to.deep.equal({
      ok: false,
      reason: "TOKEN_INVALID",
    });
  });

  it("access token · on a socket · gives the principal and the end as a value", () => {
    const outcome = gateway.auth.verifyAccessToken(fan.accessToken);
    const { exp, sid } = jwt.decode(fan.accessToken) as jwt.JwtPayload;
    expect(outcome).to.deep.equal({
      ok: true,
      principal: { userId: fan.userId, role: "fan", sessionId: sid },
      expiresAt: new Date(exp! * 1_000),
    });
    expect(gateway.auth.verifyAccessToken("x")).to.deep.equal({ ok: false, reason: "TOKEN_INVALID" });
  });
});
