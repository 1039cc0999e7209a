/** Signing up, logging in, refreshing, logging out. */
import { expect } from "chai";
import jwt from "jsonwebtoken";
import { type Answer, type House, newEmail, openHouse } from "../support/house.ts";
import { eventually } from "../support/wait.ts";

const PASSWORD = "correct horse battery";

describe("contract · accounts", function () {
  this.timeout(30_000);
  let house: House;
  before(async () => {
    house = await openHouse({ gateways: 2, workers: 0, environment: { FASTPASS_LIMITS: "on" } });
  });
  after(() => house?.close());

  const signUp = (email = newEmail(), more: object = {}) =>
    house.client.api("POST", "/auth/signup", { body: { email, password: PASSWORD, name: "Mia", ...more } });
  const logIn = (email: string, password = PASSWORD) =>
    house.client.api("POST", "/auth/login", { body: { email, password } });
  const refresh = (cookie: string | undefined, headers: Record<string, string> = {}) =>
    house.client.api("POST", "/auth/refresh", {
      headers: { ...(cookie === undefined ? {} : { Cookie: cookie }), ...headers },
    });

  describe("sign-up", () => {
    it("a new address · 201 with the user, an access token of 15 minutes and the cookie", async () => {
      const email = newEmail();
      const { status, body, headers } = await signUp(email);
      expect(status).to.equal(201);
      expect(body).to.have.all.keys("user", "accessToken", "expiresInSeconds");
      expect(body.user).to.have.all.keys("id", "email", "name", "role");
      expect(body.user).to.include({ email, name: "Mia", role: "fan" });
      expect(body.expiresInSeconds).to.equal(900);
      const { exp = 0, iat = 0, aud } = jwt.decode(body.accessToken) as jwt.JwtPayload;
      expect([aud, exp - iat]).to.deep.equal(["fastpass", 900]);
      expect(headers["cache-control"]).to.contain("no-store");
      const cookie = headers["set-cookie"]?.[0] ?? "";
      expect(cookie).to.match(/; ?HttpOnly/i);
      expect(cookie).to.match(/; ?SameSite=Strict/i);
      const me = await house.client.api("GET", "/me", { token: body.accessToken, expect: 200 });
      expect(me.body).to.deep.equal(body.user);
    });

    it("the same address in another spelling · 409 EMAIL_TAKEN", async () => {
      const email = newEmail();
      expect((await signUp(email)).status).to.equal(201);
      for (const spelling of [email, email.toUpperCase(), ` ${email} `]) {
        const { status, body } = await signUp(spelling);
        expect([status, body.code]).to.deep.equal([409, "EMAIL_TAKEN"]);
      }
    });

    it("ten at once with one address · one account", async () => {
      const email = newEmail();
      const answers = await Promise.all(Array.from({ length: 10 }, () => signUp(email)));
      const made = answers.filter(({ status }) => status === 201);
      expect(made).to.have.length(1);
      expect(answers.filter(({ status }) => status === 409 || status === 503)).to.have.length(9);
    });

    it("wrong fields · 400 with their names, the password is never repeated", async () => {
      const wrong: [object, string][] = [
        [{ email: "nobody" }, "email"],
        [{ email: "" }, "email"],
        [{ email: `${"a".repeat(250)}@example.org` }, "email"],
        [{ password: "short" }, "password"],
        [{ password: "x".repeat(129) }, "password"],
        [{ password: "with\u0000nul in it" }, "password"],
        [{ name: "" }, "name"],
        [{ name: "   " }, "name"],
        [{ name: "x".repeat(101) }, "name"],
        [{ name: "two\nlines" }, "name"],
      ];
      for (const [more, path] of wrong) {
        const { status, body, text } = await signUp(newEmail(), more);
        const got = [more, status, body.errors?.[0]?.path];
        expect(got).to.deep.equal([more, 400, path]);
        if ("password" in more) expect(text).to.not.contain(String(more.password));
      }
    });

    it("names of every script · are kept as they are", async () => {
      for (const name of ["김민지", "Zoë Ångström", "O'Neill \u{1F3AB}", "<b>bold</b>"]) {
        const { body } = await signUp(newEmail(), { name });
        expect(body.user.name).to.equal(name);
      }
    });
  });

  describe("log-in", () => {
    it("the right password · 200 with the same members as sign-up", async () => {
      const email = newEmail();
      const made = await signUp(email);
      const { status, body } = await logIn(email.toUpperCase());
      expect(status).to.equal(200);
      expect(body).to.have.all.keys("user", "accessToken", "expiresInSeconds");
      expect(body.user).to.deep.equal(made.body.user);
    });

    it("a wrong password and an unknown address · the same 401, word for word", async () => {
      const email = newEmail();
      await signUp(email);
      const [wrong, unknown] = [await logIn(email, "not this one"), await logIn(newEmail(), "not this one")];
      const shown = ({ status, body: { requestId, ...rest } }: Answer) => ({ status, rest });
      expect(shown(wrong)).to.deep.equal(shown(unknown));
      expect([wrong.status, wrong.body.code]).to.deep.equal([401, "BAD_CREDENTIALS"]);
    });

    it("an account without a second factor · takes an otp and ignores it", async () => {
      const email = newEmail();
      await signUp(email);
      const body = { email, password: PASSWORD, otp: "123456" };
      await house.client.api("POST", "/auth/login", { body, expect: 200 });
    });

    it("again and again with a wrong password · 429 with Retry-After, then also for the right one", async () => {
      const email = newEmail();
      await signUp(email);
      let refused: Answer | undefined;
      for (let count = 0; count < 15 && refused?.status !== 429; count += 1)
        refused = await logIn(email, "not this one");
      expect([refused?.status, refused?.body.code]).to.deep.equal([429, "RATE_LIMITED"]);
      expect(Number(refused?.headers["retry-after"])).to.be.within(1, 900);
      expect((await logIn(email)).status).to.equal(429);
      const other = await signUp();
      expect((await logIn(other.body.user.email)).status, "others are not touched").to.equal(200);
    });
  });

  it("wrong passwords under forged addresses · are counted as one address all the same", async () => {
    const email = newEmail();
    await signUp(email);
    const statuses: number[] = [];
    for (let count = 0; count < 15; count += 1) {
      const headers = { "X-Forwarded-For": `203.0.113.${count}`, Forwarded: `for=203.0.113.${count}` };
      const body = { email, password: "not this one" };
      statuses.push((await house.client.api("POST", "/auth/login", { body, headers })).status);
    }
    expect(statuses).to.include(429);
  });

  describe("refresh", () => {
    it("the cookie · a new token and a new cookie; the one just replaced gets the same successor", async () => {
      const first = cookieOf(await signUp());
      const second = await refresh(first);
      expect(second.status).to.equal(200);
      expect(second.body).to.have.all.keys("accessToken", "expiresInSeconds");
      expect(cookieOf(second)).to.not.equal(first);
      await house.client.api("GET", "/me", { token: second.body.accessToken, expect: 200 });
      const again = await refresh(first);
      expect([again.status, cookieOf(again)]).to.deep.equal([200, cookieOf(second)]);
    });

    it("an older one than the one just replaced · 401, and the whole family ends everywhere", async () => {
      const made = await signUp();
      const first = cookieOf(made);
      const second = await refresh(first);
      const third = await refresh(cookieOf(second));
      const stolen = await refresh(first);
      expect([stolen.status, stolen.body.code]).to.deep.equal([401, "REFRESH_INVALID"]);
      expect((await refresh(cookieOf(third))).status).to.equal(401);
      for (const token of [made.body.accessToken, third.body.accessToken])
        expect((await house.client.api("GET", "/me", { token })).body.code).to.equal("TOKEN_REVOKED");
    });

    it("none, a forged or a foreign one · 401", async () => {
      const good = cookieOf(await signUp());
      const [name, value = ""] = good.split("=") as [string, string];
      const forged = `${name}=${value.replace(/\.0\./, ".1.")}`;
      for (const cookie of [undefined, "", forged, `${name}=`, `${name}=${value}x`, "other=1"])
        expect((await refresh(cookie)).status, String(cookie)).to.equal(401);
      expect((await refresh(good)).status, "it was not used up by that").to.equal(200);
    });

    it("from another site · refused, and the cookie stays good", async () => {
      const cookie = cookieOf(await signUp());
      const foreign: Record<string, string>[] = [
        { "Sec-Fetch-Site": "cross-site" },
        { Origin: "https://evil.example" },
        { Origin: "null" },
      ];
      for (const headers of foreign) {
        const { status, body } = await refresh(cookie, headers);
        expect([status, body.code]).to.deep.equal([403, "CROSS_SITE"]);
      }
      const { client } = house;
      expect((await refresh(cookie, { Origin: client.url })).status, "our own origin").to.equal(200);
      const proxied = { "Sec-Fetch-Site": "same-origin", Origin: "https://tickets.example" };
      expect((await refresh(cookie, proxied)).status, "behind a proxy that changes Host").to.equal(200);
    });

    it("ten at once · all get the same successor", async () => {
      const cookie = cookieOf(await signUp());
      const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(cookie)));
      expect(answers.map(({ status }) => status)).to.deep.equal(answers.map(() => 200));
      expect(new Set(answers.map(cookieOf)).size).to.equal(1);
    });
  });

  describe("log-out", () => {
    it("204 · token and cookie end at once here and within a second on another gateway", async () => {
      const made = await signUp();
      const token = made.body.accessToken;
      const cookie = cookieOf(made);
      const elsewhere = house.gateways[1]?.client;
      await elsewhere?.api("GET", "/me", { token, expect: 200 });
      await house.client.api("POST", "/auth/logout", { token, headers: { Cookie: cookie }, expect: 204 });
      const here = await house.client.api("GET", "/me", { token, expect: 401 });
      expect(here.body.code).to.equal("TOKEN_REVOKED");
      expect((await refresh(cookie)).status).to.equal(401);
      const since = performance.now();
      await eventually(async () => (await elsewhere?.api("GET", "/me", { token }))?.status === 401, {
        timeoutMs: 4_000,
        what: "the end of the session on the other gateway",
      });
      expect(performance.now() - since).to.be.below(2_500);
    });

    it("of one session · leaves the account's other sessions alone", async () => {
      const made = await signUp();
      const other = await logIn(made.body.user.email);
      await house.client.api("POST", "/auth/logout", { token: made.body.accessToken, expect: 204 });
      await house.client.api("GET", "/me", { token: other.body.accessToken, expect: 200 });
    });

    it("by the cookie alone · suffices; by nothing · 401", async () => {
      const made = await signUp();
      await house.client.api("POST", "/auth/logout", { headers: { Cookie: cookieOf(made) }, expect: 204 });
      await house.client.api("GET", "/me", { token: made.body.accessToken, expect: 401 });
      await house.client.api("POST", "/auth/logout", { expect: 401 });
    });

    it("while in line · the place is kept and found again after the next log-in", async () => {
      const show = await house.makeShow({ queue: { opensAt: soon(3_600), lobbyOpensAt: soon(-60) } });
      const made = await signUp();
      const path = `/queues/${show.queueId}/tickets`;
      const joined = await house.client.api("POST", path, { token: made.body.accessToken, expect: 201 });
      await house.client.api("POST", "/auth/logout", { token: made.body.accessToken, expect: 204 });
      const { body } = await logIn(made.body.user.email);
      const found = await house.client.api("POST", path, { token: body.accessToken, expect: 200 });
      expect(found.body.ticketId).to.equal(joined.body.ticketId);
    });
  });
});

function cookieOf({ headers }: Answer): string {
  return headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
}

function soon(seconds: number): string {
  return new Date(Date.now() + seconds * 1_000).toISOString();
}
