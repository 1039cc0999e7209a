/** What the gateway serves to browsers, byte by byte: shells, files, and the doors of the pages without script. */
import { expect } from "chai";
import { v7 } from "uuid";
import { ensurePages } from "../../scripts/pages.mjs";
import { type Answer, type Ask, type House, newEmail, openHouse, type Show } from "../support/house.ts";

const FORM = "application/x-www-form-urlencoded";

describe("pages", function () {
  this.timeout(60_000);
  let house: House;
  let show: Show;
  let host: string;
  before(async () => {
    await ensurePages();
    house = await openHouse({ together: true });
    host = new URL(house.client.url).host;
    show = await house.makeShow();
  });
  after(() => house?.close());

  const get = (path: string, ask: Ask = {}) => house.client.at("GET", path, ask);
  const post = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    house.client.at("POST", path, {
      raw: new URLSearchParams(fields).toString(),
      headers: { "Content-Type": FORM, Origin: `http://${host}`, ...headers },
    });
  const cookieOf = ({ headers }: Answer) => headers["set-cookie"]?.[0]?.split(";", 1)[0] ?? "";

  async function loggedIn(): Promise<string> {
    const fields = { email: newEmail(), password: "correct horse", name: "Ada", next: "/plain" };
    const answer = await post("/plain/signup", fields);
    expect(answer.status).to.equal(303);
    return cookieOf(answer);
  }

  describe("a shell", () => {
    it("of a queue · brings its event, and is the same for everybody who reads the language", async () => {
      const path = `/queues/${show.queueId}`;
      const page = await get(path, { expect: 200, headers: { "Accept-Language": "ko" } });
      expect(page.text).to.contain('<html lang="ko">').and.to.contain("<title>An evening</title>");
      const data = /<script type="application\/json" id="event">(.*)<\/script>/.exec(page.text)?.[1];
      expect(JSON.parse(data ?? "").id).to.equal(show.eventId);
      expect(page.headers["cache-control"]).to.equal("public, max-age=10");
      expect(page.headers.vary).to.contain("Accept-Language");
      expect(page.headers["set-cookie"]).to.equal(undefined);
      const again = await get(path, { headers: { "Accept-Language": "ko", Cookie: await loggedIn() } });
      expect(again.text).to.equal(page.text);
    });

    it("its policy · allows what comes from here and nothing inline", async () => {
      const { headers, text } = await get("/", { expect: 200 });
      const policy = String(headers["content-security-policy"]);
      expect(policy).to.contain("default-src 'none'").and.to.contain("script-src 'self'");
      expect(policy).to.not.match(/unsafe|\*|https?:|data:/);
      expect(text).to.not.match(
        /<script(?![^>]*(?:src=|type="application\/json"))|\son\w+=|style=|https?:\/\//,
      );
    });

    it("of an event with a look · has its colour in a style that the policy names by its hash", async () => {
      const own = await house.makeShow();
      await house.operator("PUT", `/events/${own.eventId}/look`, { accent: "#aa1155" }, 200);
      const { headers, text } = await get(`/events/${own.eventId}`, { expect: 200 });
      expect(text).to.contain('<style id="look">').and.to.contain("--accent:#aa1155");
      expect(headers["content-security-policy"]).to.match(/style-src 'self' 'sha256-[\w+/]{43}='/);
    });

    it("an event that would end its block of data · is data", async () => {
      const title = "</script><script>alert(1)</script>";
      const { body } = await house.operator("POST", "/events", { title, venue: "<b>" }, 201);
      const { text } = await get(`/events/${body.id}`, { expect: 200 });
      expect(text).to.not.contain("<script>alert").and.not.to.contain("<b>");
    });

    it("of what there is not · 404, and kept by nobody", async () => {
      for (const path of [`/events/${v7()}`, "/queues/none"]) {
        const { headers } = await get(path, { expect: 404 });
        expect(headers["content-type"]).to.contain("text/html");
        expect(headers["cache-control"]).to.equal("no-store");
      }
    });
  });

  describe("an address that there is not", () => {
    const missing = (path: string, accept: string, method = "GET") =>
      house.client.at(method, path, { expect: 404, headers: { Accept: accept, "Accept-Language": "ko" } });
    const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

    it("for a browser · is a page in its language, kept by nobody", async () => {
      for (const path of ["/evnets", "/queues", "/docs/none", "/plain/none"]) {
        const { headers, text } = await missing(path, BROWSER);
        expect(headers["content-type"], path).to.contain("text/html");
        expect(headers["cache-control"]).to.equal("no-store");
        expect(text).to.contain('<html lang="ko">');
      }
      expect((await missing("/plain/none", BROWSER)).text).to.contain("<h1>");
      expect((await missing("/evnets", BROWSER)).text).to.contain('<script type="module"');
    });

    it("for a program, or where only programs ask · is a problem", async () => {
      const asked = [
        ["/evnets", "*/*"],
        ["/evnets", "application/json"],
        ["/evnets", BROWSER, "POST"],
        ["/api/v1/none", BROWSER],
        ["/API", BROWSER],
        ["/ws/v1/none", BROWSER],
        ["/.well-known/none", BROWSER],
      ] as const;
      for (const [path, accept, method] of asked) {
        const { headers, body } = await missing(path, accept, method);
        expect([headers["content-type"], body.code], path).to.deep.equal([
          "application/problem+json; charset=utf-8",
          "NOT_FOUND",
        ]);
      }
    });
  });

  describe("files", () => {
    it("named by a shell · are immutable, and come compressed as the browser likes", async () => {
      const { text } = await get("/", { expect: 200 });
      const [script = ""] = /\/assets\/main-[\w-]+\.js/.exec(text) ?? [];
      const plain = await get(script, { expect: 200 });
      expect(plain.headers["cache-control"]).to.equal("public, max-age=31536000, immutable");
      expect(plain.headers["content-type"]).to.contain("text/javascript");
      for (const coding of ["br", "gzip"]) {
        const packed = await get(script, { expect: 200, headers: { "Accept-Encoding": coding } });
        expect(packed.headers["content-encoding"]).to.equal(coding);
        expect(packed.text.length).to.be.lessThan(plain.text.length / 2);
      }
    });

    it("of the waiting room, its HTML included · are below 30 KB by gzip", async () => {
      const packed = { expect: 200, headers: { "Accept-Encoding": "gzip" } };
      const page = await get(`/queues/${show.queueId}`, packed);
      const { text } = await get(`/queues/${show.queueId}`, { expect: 200 });
      const names = [...text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, name = ""]) => name);
      expect(names).to.have.length.greaterThan(3);
      const sizeOf = ({ headers }: Answer) => Number(headers["content-length"]);
      let bytes = sizeOf(page);
      for (const name of names) bytes += sizeOf(await get(name, packed));
      expect(bytes).to.be.within(10_000, 30 * 1024);
    });

    it("of another version · 404 as a problem", async () => {
      await get("/assets/main-00000000.js", { expect: 404 });
    });
  });

  describe("forms without script", () => {
    it("from elsewhere, or from nobody knows where · 403, and nothing happens", async () => {
      const Cookie = await loggedIn();
      const path = `/plain/queues/${show.queueId}/join`;
      const strange: Record<string, string>[] = [
        { Origin: "https://elsewhere.example" },
        { Origin: "null" },
        { Origin: "" },
        { "Sec-Fetch-Site": "cross-site" },
        { "Sec-Fetch-Site": "same-site" },
        { "Sec-Fetch-Site": "none" },
      ];
      for (const headers of strange) {
        const { status, text } = await post(path, {}, { Cookie, ...headers });
        expect(status, JSON.stringify(headers)).to.equal(403);
        expect(text).to.contain("This form was sent from another page");
      }
      const page = await get(`/plain/queues/${show.queueId}`, { headers: { Cookie } });
      expect(page.text).to.contain("/join");
    });

    it("from our own page · joins by the same admission, one place for the account", async () => {
      const Cookie = await loggedIn();
      const path = `/plain/queues/${show.queueId}`;
      const ours: Record<string, string>[] = [{ "Sec-Fetch-Site": "same-origin", Origin: "null" }, {}];
      for (const headers of ours) {
        const joined = await post(`${path}/join`, {}, { Cookie, ...headers });
        expect([joined.status, joined.headers.location]).to.deep.equal([303, path]);
      }
      const page = await get(path, { headers: { Cookie } });
      expect(page.text).to.contain("It is your turn");
      expect(page.headers.refresh).to.match(/^\d+$/);
      expect(page.headers["cache-control"]).to.equal("no-store");
    });

    it("the session's cookie · out of reach of scripts, and worth nothing at the API or once logged out", async () => {
      const answer = await post("/plain/signup", {
        email: newEmail(),
        password: "correct horse",
        name: "Ada",
      });
      expect(answer.headers["set-cookie"]?.[0])
        .to.match(/HttpOnly/)
        .and.to.match(/SameSite=Lax/);
      const Cookie = cookieOf(answer);
      await house.client.api("GET", "/me", { headers: { Cookie }, expect: 401 });
      const value = Cookie.slice(Cookie.indexOf("=") + 1);
      await house.client.api("GET", "/me", { token: value, expect: 401 });
      const gone = await post("/plain/logout", {}, { Cookie });
      expect(gone.headers["set-cookie"]?.[0]).to.contain("Max-Age=0");
      const page = await get("/plain", { headers: { Cookie } });
      expect(page.text).to.contain("/plain/login");
    });

    it("towards an address of somebody else · stays here", async () => {
      const fan = await house.fan();
      const fields = { email: fan.email, password: fan.password, next: "//elsewhere.example/plain" };
      expect((await post("/plain/login", fields)).headers.location).to.equal("/plain");
    });

    it("an email that is markup · comes back as text", async () => {
      const { text, status } = await post("/plain/login", { email: '"><script>x</script>', password: "y" });
      expect(status).to.equal(401);
      expect(text).to.contain("&quot;&gt;&lt;script&gt;");
    });

    it("a body that is no form, or none of ours · refused", async () => {
      const json = await house.client.at("POST", "/plain/login", {
        body: { email: "a@b.example" },
        headers: { Origin: `http://${host}` },
      });
      expect(json.status).to.equal(415);
      expect((await get("/plain/queues/none")).status).to.equal(404);
    });
  });
});
