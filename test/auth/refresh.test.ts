import { expect } from "chai";
import { type TestDatabase, testServers } from "../support/servers.ts";
import { cookieOf, type Gateway, me, openGateway, post, signUp } from "./fixture.ts";

describe("refresh", () => {
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

  const refresh = (cookie: string) => post(url, "/auth/refresh").set("Cookie", cookie);
  const sessionOf = (cookie: string) => /=([0-9a-f-]{36})/.exec(cookie)![1]!;
  /** Moves a session's clocks back, which is the same as waiting. */
  const age = (cookie: string, column: "rotated_at" | "expires_at", seconds: number) =>
    gateway.db.raw("UPDATE sessions SET ?? = ?? - make_interval(secs => ?) WHERE id = ?", [
      column,
      column,
      seconds,
      sessionOf(cookie),
    ]);

  async function refused(cookie: string): Promise<void> {
    const { body } = await refresh(cookie).expect(401);
    expect(body.code).to.equal("REFRESH_INVALID");
  }

  it("refresh · with the newest token · gives an access token and the next cookie", async () => {
    const fan = await signUp(url);
    const { body, headers } = await refresh(fan.cookie).expect(200);
    expect(body).to.have.all.keys("accessToken", "expiresInSeconds");
    expect(body.expiresInSeconds).to.equal(900);
    expect(cookieOf(headers)).not.to.equal(fan.cookie);
    const { body: account } = await me(url, body.accessToken).expect(200);
    expect(account.id).to.equal(fan.userId);
  });

  it("refresh · after another one · keeps the session's absolute end", async () => {
    const { cookie } = await signUp(url);
    await age(cookie, "expires_at", 3_600);
    const { headers } = await refresh(cookie).expect(200);
    const maxAge = Number(/Max-Age=(\d+)/.exec(headers["set-cookie"]![0]!)![1]);
    expect(maxAge).to.be.within(30 * 86_400 - 3_610, 30 * 86_400 - 3_600);
  });

  it("refresh · ten times at once with one token · gives all the same successor", async () => {
    const { cookie } = await signUp(url);
    const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(cookie).expect(200)));
    const successors = new Set(answers.map(({ headers }) => cookieOf(headers)));
    expect(successors.size).to.equal(1);
    await refresh([...successors][0]!).expect(200);
  });

  it("refresh · with the token replaced within 30 s · gives the same successor again", async () => {
    const { cookie } = await signUp(url);
    const first = cookieOf((await refresh(cookie).expect(200)).headers);
    await age(cookie, "rotated_at", 25);
    const second = cookieOf((await refresh(cookie).expect(200)).headers);
    expect(second).to.equal(first);
  });

  it("refresh · with the token replaced more than 30 s ago · ends the session", async () => {
    const fan = await signUp(url);
    const { headers, body } = await refresh(fan.cookie).expect(200);
    await age(fan.cookie, "rotated_at", 31);
    await refused(fan.cookie);
    await refused(cookieOf(headers));
    const answer = await me(url, body.accessToken).expect(401);
    expect(answer.body.code).to.equal("TOKEN_REVOKED");
  });

  it("refresh · with a token older than the one replaced · ends the session", async () => {
    const fan = await signUp(url);
    const second = cookieOf((await refresh(fan.cookie).expect(200)).headers);
    const third = await refresh(second).expect(200);
    await refused(fan.cookie);
    await refused(cookieOf(third.headers));
    await me(url, third.body.accessToken).expect(401);
    const { revoked_for } = await gateway
      .db("sessions")
      .where({ id: sessionOf(fan.cookie) })
      .first();
    expect(revoked_for).to.equal("reuse");
  });

  it("refresh · when one session is ended for reuse · leaves the others of the account", async () => {
    const fan = await signUp(url);
    const login = await post(url, "/auth/login")
      .send({ email: fan.email, password: "correct horse battery" })
      .expect(200);
    await refresh(fan.cookie).expect(200);
    await age(fan.cookie, "rotated_at", 31);
    await refused(fan.cookie);
    await refresh(cookieOf(login.headers)).expect(200);
    await me(url, login.body.accessToken).expect(200);
  });

  it("refresh · after 30 days · is refused", async () => {
    const { cookie } = await signUp(url);
    await age(cookie, "expires_at", 30 * 86_400);
    await refused(cookie);
  });

  it("refresh · with a number never given out · is refused and ends nothing", async () => {
    const { cookie } = await signUp(url);
    const next = cookieOf((await refresh(cookie).expect(200)).headers);
    await gateway
      .db("sessions")
      .where({ id: sessionOf(cookie) })
      .update({ generation: 0 });
    await refused(next);
    await refresh(cookie).expect(200);
  });

  it("refresh · with a changed, cut, foreign or missing cookie · is refused", async () => {
    const { cookie } = await signUp(url);
    const other = await signUp(url);
    const [, id = "", generation = "", mac = ""] = /=([^.]+)\.(\d+)\.(.+)$/.exec(cookie)!;
    const flipped = (mac[0] === "A" ? "B" : "A") + mac.slice(1);
    for (const value of [
      "",
      "fastpass_refresh=",
      "fastpass_refresh=nonsense",
      `fastpass_refresh=${id}.${generation}`,
      `fastpass_refresh=${id}.${generation}.${flipped}`,
      `fastpass_refresh=${id}.1.${mac}`,
      `fastpass_refresh=${sessionOf(other.cookie)}.0.${mac}`,
      `fastpass_refresh=${id}.99999999999999.${mac}`,
      `other=${cookie.split("=")[1]}`,
    ]) {
      await refused(value);
    }
    await refresh(cookie).expect(200);
  });

  it("refresh · from another site · is refused before the token is used", async () => {
    const { cookie } = await signUp(url);
    const { body } = await refresh(cookie).set("Sec-Fetch-Site", "cross-site").expect(403);
    expect(body.code).to.equal("CROSS_SITE");
    const { generation } = await gateway
      .db("sessions")
      .where({ id: sessionOf(cookie) })
      .first();
    expect(generation).to.equal(0);
    await refresh(cookie).set("Sec-Fetch-Site", "same-origin").expect(200);
  });

  it("refresh · with an access token as the cookie · is refused", async () => {
    const { accessToken } = await signUp(url);
    await refused(`fastpass_refresh=${accessToken}`);
  });
});
