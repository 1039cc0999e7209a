/** Three credentials, three audiences: each is refused wherever another one is asked for, on every kind of endpoint. */
import { createPublicKey, verify } from "node:crypto";
import { expect } from "chai";
import { Redis } from "ioredis";
import jwt from "jsonwebtoken";
import { v7 } from "uuid";
import { type Config, loadConfig } from "../../src/config.ts";
import { type Fan, type House, type Inside, openHouse, type Show } from "../support/house.ts";
import { eventually } from "../support/wait.ts";

type Tokens = Record<string, string>;

describe("contract · credentials", () => {
  let house: House;
  let config: Config;
  let fan: Fan;
  let show: Show;
  let otherShow: Show;
  let inside: Inside;
  let streamToken: string;

  before(async function () {
    this.timeout(60_000);
    house = await openHouse();
    config = loadConfig(house.environment);
    fan = await house.fan();
    [show, otherShow] = await Promise.all([house.makeShow(), house.makeShow()]);
    inside = await house.enter(fan, show);
    streamToken = (await house.operator("POST", "/stream-tokens", undefined, 201)).body.token;
  });
  after(() => house?.close());

  /** Everything that is signed by us or looks like it, but is no access token. */
  function notAccessTokens(): Tokens {
    const sign = (claims: object, options: jwt.SignOptions) =>
      jwt.sign({ role: "fan", sid: v7(), ...claims }, config.accessKey, {
        issuer: "fastpass",
        subject: fan.userId,
        expiresIn: 60,
        ...options,
      });
    return {
      ticket: inside.ticket,
      pass: inside.pass,
      "stream token": streamToken,
      tampered: tamper(fan.token),
      "without signature": unsigned(fan.token),
      "signature cut off": fan.token.replace(/[^.]*$/, ""),
      "another audience": sign({}, { audience: "operator-stream" }),
      "no audience": sign({}, {}),
      "another issuer": sign({}, { audience: "fastpass", issuer: "evil" }),
      "no expiry": jwt.sign({ role: "fan", sid: v7() }, config.accessKey, {
        audience: "fastpass",
        issuer: "fastpass",
        subject: fan.userId,
      }),
      "unknown role": sign({ role: "god" }, { audience: "fastpass" }),
      "another key": jwt.sign({ role: "operator", sid: v7() }, "x".repeat(32), {
        audience: "fastpass",
        issuer: "fastpass",
        subject: fan.userId,
        expiresIn: 60,
      }),
      HS384: sign({}, { audience: "fastpass", algorithm: "HS384" }),
      nonsense: "nonsense",
    };
  }

  describe("the access token", () => {
    const id = v7();
    /** From the contract; what the document adds to it follows below. */
    const guarded: [string, string][] = [
      ["GET", "/me"],
      ["GET", "/me/reservations"],
      ["POST", `/queues/${id}/tickets`],
      ["GET", `/queues/${id}/tickets/me`],
      ["POST", `/queues/${id}/tickets/me/claim`],
      ["DELETE", `/queues/${id}/tickets/me`],
      ["POST", `/performances/${id}/reservations`],
      ["GET", `/reservations/${id}`],
      ["DELETE", `/reservations/${id}`],
      ["POST", `/reservations/${id}/payments`],
      ["POST", `/reservations/${id}/refunds`],
      ["GET", `/payments/${id}`],
    ];
    const operators: [string, string][] = [
      ["POST", "/operator/events"],
      ["POST", `/operator/events/${id}/performances`],
      ["GET", `/operator/queues/${id}`],
      ["PATCH", `/operator/queues/${id}`],
      ["POST", `/operator/queues/${id}/pause`],
      ["POST", `/operator/queues/${id}/resume`],
      ["POST", `/operator/queues/${id}/close`],
      ["POST", `/operator/queues/${id}/lanes`],
      ["POST", `/operator/performances/${id}/cancel`],
      ["PUT", `/operator/queues/${id}/notice`],
      ["POST", `/operator/queues/${id}/tickets/${id}/remove`],
      ["POST", `/operator/queues/${id}/tickets/${id}/readmit`],
      ["POST", `/operator/performances/${id}/seats/block`],
      ["POST", `/operator/performances/${id}/seats/unblock`],
      ["GET", `/operator/queues/${id}/stats`],
      ["GET", "/operator/audit"],
      ["POST", "/operator/stream-tokens"],
    ];

    before(async () => {
      const { body: document } = await house.client.at("GET", "/openapi.json", { expect: 200 });
      type Operation = { security?: { accessToken?: string[] }[] };
      for (const [path, methods] of Object.entries(
        document.paths as Record<string, Record<string, Operation>>,
      ))
        for (const [method, { security }] of Object.entries(methods)) {
          const roles = security?.length === 1 ? security[0]?.accessToken : undefined;
          if (!roles) continue;
          const list = roles.join() === "operator" ? operators : guarded;
          const entry = [method.toUpperCase(), path.replace("/api/v1", "").replace(/\{\w+\}/g, id)] as const;
          if (!list.some(([verb, at]) => verb === entry[0] && at === entry[1])) list.push([...entry]);
        }
      expect(guarded.length + operators.length).to.be.at.least(30);
    });

    it("missing · 401 UNAUTHENTICATED with WWW-Authenticate, before anything else is looked at", async () => {
      for (const [method, path] of [...guarded, ...operators]) {
        const answer = await house.client.api(method, path, { raw: "{", headers: { "Content-Type": "x/y" } });
        const got = [method, path, answer.status, answer.body.code];
        expect(got).to.deep.equal([method, path, 401, "UNAUTHENTICATED"]);
        expect(answer.headers["www-authenticate"]).to.match(/^Bearer/);
      }
    });

    it("anything else in its place · 401 TOKEN_INVALID everywhere", async () => {
      for (const [name, token] of Object.entries(notAccessTokens())) {
        for (const [method, path] of [...guarded, ...operators]) {
          const { status, body } = await house.client.api(method, path, { token, body: {} });
          const got = [name, method, path, status, body.code];
          expect(got).to.deep.equal([name, method, path, 401, "TOKEN_INVALID"]);
        }
      }
    });

    it("expired · 401 TOKEN_EXPIRED", async () => {
      const claims = { role: "fan", sid: v7(), exp: Math.floor(Date.now() / 1_000) - 1 };
      const token = jwt.sign(claims, config.accessKey, {
        audience: "fastpass",
        issuer: "fastpass",
        subject: fan.userId,
      });
      const { body } = await house.client.api("GET", "/me", { token, expect: 401 });
      expect(body.code).to.equal("TOKEN_EXPIRED");
    });

    it("in another form · a cookie, a query or Basic is no Bearer token", async () => {
      const basic = Buffer.from(`${fan.email}:${fan.password}`).toString("base64");
      const ways: Record<string, string>[] = [
        { Cookie: `fastpass_access=${fan.token}` },
        { Authorization: `Basic ${basic}` },
        { Authorization: fan.token },
        { Authorization: "Bearer" },
        { Authorization: `Bearer ${fan.token} ${fan.token}` },
      ];
      for (const headers of ways) await house.client.api("GET", "/me", { headers, expect: 401 });
      await house.client.api("GET", `/me?token=${fan.token}`, { expect: 401 });
      await house.client.api("GET", "/me", {
        headers: { Authorization: `bearer ${fan.token}` },
        expect: 200,
      });
    });

    it("a fan's · 403 FORBIDDEN on every route of operators, a gate's too", async () => {
      const staff = await house.staff("gate");
      const gate = await house.client.api("POST", "/auth/login", { body: staff, expect: 200 });
      expect(gate.body.user.role).to.equal("gate");
      for (const token of [fan.token, gate.body.accessToken]) {
        for (const [method, path] of operators) {
          const { status, body } = await house.client.api(method, path, { token, body: {} });
          expect([path, status, body.code]).to.deep.equal([path, 403, "FORBIDDEN"]);
        }
      }
    });
  });

  describe("the pass", () => {
    const hold = (pass: string | undefined, token = fan.token, on = show) =>
      house.client.api("POST", `/performances/${on.id}/reservations`, {
        token,
        pass,
        body: { seatIds: [on.seatIds[0]] },
      });

    it("its claims and its signature · can be checked with the published keys alone", async () => {
      const { body: keySet } = await house.client.at("GET", "/.well-known/jwks.json", { expect: 200 });
      const [head, payload, signature] = inside.pass.split(".") as [string, string, string];
      const header = JSON.parse(Buffer.from(head, "base64url").toString());
      const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
      const jwk = keySet.keys.find(({ kid }: { kid: string }) => kid === header.kid);
      expect([header.alg, jwk.alg, jwk.use, jwk.d]).to.deep.equal(["ES256", "ES256", "sig", undefined]);
      const key = createPublicKey({ key: jwk, format: "jwk" });
      const good = (bytes: string) =>
        verify(
          "sha256",
          Buffer.from(bytes),
          { key, dsaEncoding: "ieee-p1363" },
          Buffer.from(signature, "base64url"),
        );
      expect(good(`${head}.${payload}`)).to.equal(true);
      expect(good(`${head}.${payload}x`)).to.equal(false);
      expect(claims).to.include({
        aud: `performance:${show.id}`,
        sub: fan.userId,
        jti: inside.ticketId,
        fence: inside.fence,
        exp: Date.parse(inside.passExpiresAt) / 1_000,
      });
    });

    it("missing, or anything else in its place · 403 PASS_REQUIRED", async () => {
      const jwks = await house.client.at("GET", "/.well-known/jwks.json");
      const publicKey = createPublicKey({ key: jwks.body.keys[0], format: "jwk" });
      const pem = publicKey.export({ type: "spki", format: "pem" }) as string;
      const claims = { ...(jwt.decode(inside.pass) as object) };
      const forged = { audience: `performance:${show.id}`, issuer: "fastpass", expiresIn: 60 } as const;
      const wrong: Tokens = {
        "": "",
        "access token": fan.token,
        ticket: inside.ticket,
        "stream token": streamToken,
        tampered: tamper(inside.pass),
        "without signature": unsigned(inside.pass),
        "signed with the public key": hs256(inside.pass, pem),
        "signed with the ticket key": jwt.sign(
          { fence: inside.fence, jti: inside.ticketId, sub: fan.userId },
          config.ticketKey,
          forged,
        ),
        "another audience": jwt.sign({ ...claims, aud: "fastpass" }, config.passPrivateKey, {
          algorithm: "ES256",
        }),
        nonsense: "nonsense",
      };
      for (const [name, pass] of Object.entries(wrong)) {
        const { status, body } = await hold(pass);
        expect([name, status, body.code]).to.deep.equal([name, 403, "PASS_REQUIRED"]);
      }
      expect((await hold(undefined)).body.code).to.equal("PASS_REQUIRED");
    });

    it("of another performance · 403 PASS_REQUIRED", async () => {
      const elsewhere = await hold(inside.pass, fan.token, otherShow);
      expect([elsewhere.status, elsewhere.body.code]).to.deep.equal([403, "PASS_REQUIRED"]);
    });

    it("F27 · with another account's access token · 403 PASS_REQUIRED, even for an operator", async () => {
      const stranger = await house.fan();
      for (const token of [stranger.token, house.operatorToken])
        expect((await hold(inside.pass, token)).body.code).to.equal("PASS_REQUIRED");
    });

    it("expired · 403 PASS_EXPIRED", async () => {
      const { exp, ...claims } = jwt.decode(inside.pass) as jwt.JwtPayload;
      const old = jwt.sign({ ...claims, exp: Math.floor(Date.now() / 1_000) - 1 }, config.passPrivateKey, {
        algorithm: "ES256",
      });
      const { status, body } = await hold(old);
      expect([status, body.code]).to.deep.equal([403, "PASS_EXPIRED"]);
    });

    it("F27 · with an older fence, or of an ended admission · 403 PASS_REVOKED", async () => {
      const claims = jwt.decode(inside.pass) as jwt.JwtPayload;
      const older = jwt.sign({ ...claims, fence: claims.fence + 1 }, config.passPrivateKey, {
        algorithm: "ES256",
      });
      expect((await hold(older)).body.code).to.equal("PASS_REVOKED");
      const leaver = await house.enter(await house.fan(), show);
      expect((await house.leave(leaver.fan, show)).status).to.equal(204);
      const after = await house.hold(leaver, { seatIds: [show.seatIds[5]] });
      expect([after.status, after.body.code]).to.deep.equal([403, "PASS_REVOKED"]);
      const again = await house.enter(leaver.fan, show);
      expect(again.fence).to.be.greaterThan(leaver.fence);
      expect((await house.hold(leaver, { seatIds: [show.seatIds[5]] })).body.code).to.equal("PASS_REVOKED");
      expect((await house.hold(again, { seatIds: [show.seatIds[5]] })).status).to.equal(201);
    });

    it("while its queue is being rebuilt · 503 REBUILDING, and good again afterwards", async function () {
      this.timeout(60_000);
      const lost = await house.makeShow();
      const holder = await house.enter(await house.fan(), lost);
      const claimed = { queue_id: lost.queueId, kind: "claim" };
      await eventually(async () => await house.db("queue_journal").where(claimed).first(), {
        what: "the claim in the journal",
      });
      for (const worker of house.workers) await worker.stop();
      const redis = new Redis(house.environment.REDIS_URL as string);
      await redis.del(...(await redis.keys(`{q:${lost.queueId}}:*`)));
      await redis.quit();
      const wanted = { seatIds: [lost.seatIds[0] as string] };
      const meanwhile = await house.hold(holder, wanted);
      expect([meanwhile.status, meanwhile.body.code]).to.deep.equal([503, "REBUILDING"]);
      await house.addWorker();
      await eventually(async () => (await house.hold(holder, wanted)).status === 201, {
        what: "the pass to be good again",
        timeoutMs: 20_000,
      });
    });
  });

  describe("streams", () => {
    const queuePath = (queueId: string) => `/ws/v1/queues/${queueId}`;
    const seatsPath = (performanceId: string) => `/ws/v1/performances/${performanceId}/seats`;
    const statsPath = (queueId: string) => `/ws/v1/operator/queues/${queueId}`;

    async function codeOf(path: string, token: string | null, by: "protocol" | "query" = "protocol") {
      const follower = house.stream(path, token, { by });
      const { code } = await follower.ended();
      expect(follower.frames, "it was told something").to.deep.equal([]);
      return code;
    }

    it("position · takes a ticket of this queue and nothing else", async () => {
      const wrong: Tokens = {
        "access token": fan.token,
        pass: inside.pass,
        "stream token": streamToken,
        tampered: tamper(inside.ticket),
        "without signature": unsigned(inside.ticket),
        "signed with the access key": jwt.sign(jwt.decode(inside.ticket) as object, config.accessKey),
        nonsense: "nonsense",
      };
      for (const by of ["protocol", "query"] as const) {
        for (const [name, token] of Object.entries(wrong))
          expect([name, await codeOf(queuePath(show.queueId), token, by)]).to.deep.equal([name, 4401]);
        expect(await codeOf(queuePath(otherShow.queueId), inside.ticket, by)).to.equal(4403);
      }
      expect(await codeOf(queuePath(show.queueId), null)).to.equal(4401);
      expect(await codeOf(`${queuePath(show.queueId)}?token=`, null)).to.equal(4401);
    });

    it("seats · takes a pass of this performance and nothing else", async () => {
      const wrong: Tokens = {
        "access token": fan.token,
        ticket: inside.ticket,
        "stream token": streamToken,
        tampered: tamper(inside.pass),
        "without signature": unsigned(inside.pass),
      };
      for (const [name, token] of Object.entries(wrong))
        expect([name, await codeOf(seatsPath(show.id), token)]).to.deep.equal([name, 4401]);
      expect(await codeOf(seatsPath(otherShow.id), inside.pass)).to.equal(4403);
      expect(await codeOf(seatsPath(show.id), null)).to.equal(4401);
      const leaver = await house.enter(await house.fan(), show);
      await house.leave(leaver.fan, show);
      expect(await codeOf(seatsPath(show.id), leaver.pass), "of an ended admission").to.equal(4401);
      const let_in = house.stream(seatsPath(show.id), inside.pass, { by: "query" });
      expect((await let_in.next("snapshot")).seats).to.have.length(show.seatIds.length);
    });

    it("statistics · takes a stream token of an operator and nothing else", async () => {
      const wrong: Tokens = {
        "a fan's access token": fan.token,
        "an operator's access token": house.operatorToken,
        ticket: inside.ticket,
        pass: inside.pass,
        "a fan's stream token": jwt.sign({ role: "fan", sid: v7() }, config.accessKey, {
          audience: "operator-stream",
          issuer: "fastpass",
          subject: fan.userId,
          expiresIn: 60,
        }),
        tampered: tamper(streamToken),
      };
      for (const [name, token] of Object.entries(wrong))
        expect([name, await codeOf(statsPath(show.queueId), token)]).to.deep.equal([name, 4401]);
      expect(await codeOf(statsPath(show.queueId), null)).to.equal(4401);
      const let_in = house.stream(statsPath(show.queueId), streamToken);
      expect((await let_in.next("stats")).phase).to.equal("open");
    });

    it("the subprotocol · is answered as fastpass.v1, the token is never repeated", async () => {
      const open = house.stream(queuePath(show.queueId), inside.ticket);
      await open.next("state");
      expect(open.socket.protocol).to.equal("fastpass.v1");
    });
  });

  it("the ticket · names its queue, account, ticket, sequence and epoch, and outlives the access token", () => {
    const { header, payload } = jwt.decode(inside.ticket, { complete: true }) as jwt.Jwt;
    expect(header.alg).to.equal("HS256");
    expect(payload).to.include({ aud: `queue:${show.queueId}`, sub: fan.userId, jti: inside.ticketId });
    expect(payload).to.have.any.keys("seq");
    expect((payload as jwt.JwtPayload).epoch).to.be.a("number");
    expect((payload as jwt.JwtPayload).exp, "it lives until the queue ends").to.equal(undefined);
  });
});

/** Another account under the same signature. */
function tamper(token: string): string {
  const [head, payload, signature] = token.split(".") as [string, string, string];
  const claims = { ...JSON.parse(Buffer.from(payload, "base64url").toString()), sub: v7() };
  return `${head}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.${signature}`;
}

function unsigned(token: string): string {
  const head = Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url");
  return `${head}.${token.split(".")[1]}.`;
}

/** The old trick: the public key as the secret of an HMAC. */
function hs256(token: string, pem: string): string {
  return jwt.sign(jwt.decode(token) as object, Buffer.from(pem), { algorithm: "HS256" });
}
