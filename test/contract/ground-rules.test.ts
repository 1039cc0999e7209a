/**
 * The ground rules of the contract. Each answer of this whole suite is held to their form by the client of the house;
 * here stand the cases that provoke them.
 */
import { randomUUID } from "node:crypto";
import net from "node:net";
import { expect } from "chai";
import { v7 } from "uuid";
import { type House, newShow, openHouse, type Show } from "../support/house.ts";

describe("contract · ground rules", () => {
  let house: House;
  let show: Show;
  before(async function () {
    this.timeout(60_000);
    house = await openHouse({ environment: { FASTPASS_LIMITS: "on" } });
    show = await house.makeShow({ queue: { ratePerMinute: 60 } });
  });
  after(() => house?.close());

  describe("errors", () => {
    it("an unknown path · 404 NOT_FOUND as a problem; under /api never a page, whoever asks", async () => {
      const asked = ["/api/v1/nothing", "/api/v1", "/api", "/api/v2/me", "/api/v1/ME"].map((path) => [
        path,
        "text/html",
      ]);
      for (const [path = "", accept = ""] of [...asked, ["/nothing", "*/*"]]) {
        const { status, body } = await house.client.at("GET", path, { headers: { Accept: accept } });
        expect([path, status, body.code]).to.deep.equal([path, 404, "NOT_FOUND"]);
      }
    });

    it("a wrong method · 405 with Allow, OPTIONS names the right ones", async () => {
      const asked: [string, string, string][] = [
        ["PUT", "/me", "GET, HEAD, OPTIONS"],
        ["GET", "/auth/login", "POST, OPTIONS"],
        ["PATCH", `/queues/${show.queueId}/tickets/me`, "GET, HEAD, DELETE, OPTIONS"],
        ["DELETE", `/operator/queues/${show.queueId}/pause`, "POST, OPTIONS"],
        ["TRACE", "/events", "GET, HEAD, OPTIONS"],
      ];
      for (const [method, path, allow] of asked) {
        const refused = await house.client.api(method, path, { expect: 405 });
        expect(refused.headers.allow, `${method} ${path}`).to.equal(allow);
        const options = await house.client.api("OPTIONS", path, { expect: 204 });
        expect(options.headers.allow).to.equal(allow);
      }
    });

    it("a malformed URL · 400 or 404, never 500", async () => {
      for (const path of ["/api/v1/events/%ff", "/api/v1/queues/%E0%A4%A", "//", "/api/v1/events?%"]) {
        const { status } = await house.client.at("GET", path);
        expect(status, path).to.be.oneOf([200, 400, 404]);
      }
    });

    it("an id that is none · 404, whatever stands in its place", async () => {
      const ids = [
        "1",
        "not-an-id",
        "00000000-0000-0000-0000-000000000000",
        v7(),
        "..%2f..%2fetc",
        "%00",
        "'",
      ];
      for (const id of ids) {
        for (const path of [
          `/events/${id}`,
          `/performances/${id}`,
          `/queues/${id}`,
          `/performances/${id}/layout`,
        ])
          await house.client.api("GET", path, { expect: 404 });
        const own = { token: (await house.fan()).token };
        for (const path of [`/reservations/${id}`, `/payments/${id}`])
          await house.client.api("GET", path, { ...own, expect: 404 });
        await house.client.api("POST", `/queues/${id}/tickets`, { ...own, expect: 404 });
        await house.client.api("DELETE", `/reservations/${id}`, { ...own, expect: 404 });
      }
    });

    it("HTTP that is none · a problem all the same, and the connection ends", async () => {
      const requests = [
        "GET /api/v1/events HTTP/1.1\r\nHost: a\r\nX-Bad Header: 1\r\n\r\n",
        `GET /api/v1/me HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${"a".repeat(40_000)}\r\n\r\n`,
        "NONSENSE\r\n\r\n",
      ];
      for (const request of requests) {
        const answer = await rawly(house, request);
        expect(answer).to.match(/^HTTP\/1\.1 4(00|31) /);
        expect(answer.toLowerCase()).to.contain("content-type: application/problem+json");
        expect(answer.toLowerCase()).to.contain("x-request-id: ");
      }
    });
  });

  describe("upgrades", () => {
    it("a stream's address without one · 426 that says to what", async () => {
      const paths = [
        `queues/${show.queueId}`,
        `performances/${show.id}/seats`,
        `operator/queues/${show.queueId}`,
      ];
      for (const path of paths) {
        const answer = await rawly(
          house,
          `GET /ws/v1/${path}?token=x HTTP/1.1\r\nHost: a\r\n\r\n`,
          /retryable/,
        );
        expect(answer)
          .to.match(/^HTTP\/1\.1 426 /)
          .and.match(/^Upgrade: websocket\r$/m);
        expect(answer)
          .to.match(/^Content-Type: application\/problem\+json/m)
          .and.contain('"UPGRADE_REQUIRED"');
        const posted = `POST /ws/v1/${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`;
        expect(await rawly(house, posted, /retryable/)).to.match(/^HTTP\/1\.1 405 /);
      }
    });

    it("an offer of h2c, as Java and curl make with each request · is ignored, body and connection are kept", async () => {
      const offer =
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n";
      const body = JSON.stringify({ email: "nobody@example.org", password: "long enough" });
      const get = `GET /api/v1/events?limit=1 HTTP/1.1\r\nHost: a\r\n${offer}X-Request-Id: mine\r\n\r\n`;
      const post = `POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\n${offer}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      const last = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
      const answers = await rawly(house, get + post + last);
      expect(answers.match(/HTTP\/1\.1 \d+/g)).to.deep.equal([
        "HTTP/1.1 200",
        "HTTP/1.1 401",
        "HTTP/1.1 200",
      ]);
      expect(answers).to.contain("X-Request-Id: mine").and.contain('"BAD_CREDENTIALS"');
    });
  });

  describe("bodies", () => {
    const credentials = { email: "a@example.org", password: "long enough", name: "A" };

    it("malformed JSON · 400 MALFORMED_JSON", async () => {
      for (const raw of ["{", "{'a':1}", "\u0000", '{"email":', "[1,2", "undefined"]) {
        const answer = await house.client.api("POST", "/auth/login", { raw, headers: json });
        expect([raw, answer.status, answer.body.code]).to.deep.equal([raw, 400, "MALFORMED_JSON"]);
      }
    });

    it("JSON that is no object · 400 VALIDATION_FAILED", async () => {
      for (const raw of ["null", "1", '"text"', "[]", "true", "[{}]"]) {
        const answer = await house.client.api("POST", "/auth/login", { raw, headers: json, expect: 400 });
        expect(answer.body.code, raw).to.equal("VALIDATION_FAILED");
      }
    });

    it("no body at all · 400 VALIDATION_FAILED where one is needed", async () => {
      const { body } = await house.client.api("POST", "/auth/login", { expect: 400 });
      expect(body.code).to.equal("VALIDATION_FAILED");
      expect(body.errors).to.deep.equal([{ path: "", message: "A JSON body is needed." }]);
    });

    it("an unknown field · refused by name, at any depth", async () => {
      const top = await house.client.api("POST", "/auth/signup", {
        body: { ...credentials, role: "operator" },
        expect: 400,
      });
      expect(top.body.errors.map(({ path }: { path: string }) => path)).to.deep.equal(["role"]);
      const deep = await house.operator(
        "PUT",
        `/queues/${show.queueId}/notice`,
        { texts: { fr: "non" } },
        400,
      );
      expect(deep.body.errors[0].path).to.equal("texts.fr");
      expect(deep.body.errors[0].message).to.be.a("string");
    });

    it("where no body is asked for · none or an empty one is taken, fields and size are refused all the same", async () => {
      const { token } = await house.fan();
      const asked: [string, string, string][] = [
        ["POST", `/operator/queues/${show.queueId}/resume`, house.operatorToken],
        ["POST", "/operator/stream-tokens", house.operatorToken],
        ["DELETE", `/queues/${show.queueId}/tickets/me`, token],
      ];
      for (const [method, path, its] of asked) {
        const ask = { token: its };
        for (const more of [{}, { body: {} }])
          expect((await house.client.api(method, path, { ...ask, ...more })).status).to.be.oneOf([201, 204]);
        await house.client.api(method, path, { ...ask, body: { surprise: 1 }, expect: 400 });
        await house.client.api(method, path, { ...ask, raw: "{", headers: json, expect: 400 });
        await house.client.api(method, path, { ...ask, raw: "x", expect: 415 });
        await house.client.api(method, path, { ...ask, body: "x".repeat(70_000), expect: 413 });
      }
    });

    it("__proto__ and constructor · unknown fields like any other", async () => {
      for (const name of ["__proto__", "constructor", "toString"]) {
        const raw = `{"email":"a@b.org","password":"long enough","${name}":{"admin":true}}`;
        await house.client.api("POST", "/auth/login", { raw, headers: json, expect: 400 });
      }
    });

    it("wrong types · every wrong field is listed, none is converted", async () => {
      const body = { email: 7, password: ["x"], name: null };
      const answer = await house.client.api("POST", "/auth/signup", { body, expect: 400 });
      const paths = answer.body.errors.map(({ path }: { path: string }) => path);
      expect(paths).to.have.members(["email", "password", "name"]);
      const text = { seatIds: show.seatIds[0] };
      await house.client.api("POST", `/performances/${show.id}/reservations`, {
        token: (await house.fan()).token,
        body: text,
        expect: 400,
      });
      await house.operator("PATCH", `/queues/${show.queueId}`, { ratePerMinute: "60" }, 400);
    });

    it("numbers and letters at the edge · 400, never 500", async () => {
      const { token } = await house.fan();
      const path = `/performances/${show.id}/reservations`;
      for (const quantity of ["1e400", "-1", "1e21", "-0", "01", "0x1", "NaN"]) {
        const raw = `{"bestAvailable":{"quantity":${quantity}}}`;
        await house.client.api("POST", path, { token, raw, headers: json, expect: 400 });
      }
      const names = ["\\ud800", "\\udfff\\ud800", "\\u202e", "\\ufeff"];
      for (const [index, name] of names.entries()) {
        const raw = `{"email":"edge${index}@example.org","password":"long enough","name":"${name}"}`;
        const { status } = await house.client.api("POST", "/auth/signup", { raw, headers: json });
        expect(status, name).to.be.oneOf([201, 400]);
      }
      const ids = `[${new Array(1_000).fill(`"${v7()}"`).join()}]`;
      const raw = `{"seatIds":${ids}}`;
      await house.client.api("POST", path, { token, raw, headers: json, expect: 400 });
    });

    it("64 KiB · is taken, one byte more is 413, announced or not", async () => {
      const bytes = (size: number) => `{"email":"${"a".repeat(size - 12)}"}`;
      expect(Buffer.byteLength(bytes(65_536))).to.equal(65_536);
      const fits = await house.client.api("POST", "/auth/login", { raw: bytes(65_536), headers: json });
      expect(fits.status).to.equal(400);
      const large = await house.client.api("POST", "/auth/login", { raw: bytes(65_537), headers: json });
      expect([large.status, large.body.code]).to.deep.equal([413, "BODY_TOO_LARGE"]);
      const chunked = { ...json, "Transfer-Encoding": "chunked", "Content-Length": [] };
      const unannounced = await house.client.api("POST", "/auth/login", {
        raw: bytes(65_537),
        headers: chunked,
      });
      expect(unannounced.status).to.equal(413);
      const webhook = await house.client.api("POST", "/payments/webhooks/sandbox", { raw: bytes(65_537) });
      expect(webhook.status).to.equal(413);
    });

    it("another content type · 415, also a compressed or a missing one", async () => {
      const raw = JSON.stringify(credentials);
      const refused: Record<string, string>[] = [
        { "Content-Type": "text/plain" },
        { "Content-Type": "application/x-www-form-urlencoded" },
        { "Content-Type": "multipart/form-data; boundary=x" },
        { "Content-Type": "application/jsonp" },
        { ...json, "Content-Encoding": "gzip" },
        {},
      ];
      for (const headers of refused) {
        const answer = await house.client.api("POST", "/auth/login", { raw, headers });
        const got = [headers, answer.status, answer.body.code];
        expect(got).to.deep.equal([headers, 415, "UNSUPPORTED_MEDIA_TYPE"]);
      }
      const latin = { "Content-Type": "application/json; charset=utf-8" };
      await house.client.api("POST", "/auth/login", { raw, headers: latin, expect: 400 }); // the name is unknown there
    });
  });

  describe("headers", () => {
    it("X-Request-Id · a sane one is echoed, any other replaced", async () => {
      const ask = async (id?: string) => {
        const headers: Record<string, string> = id === undefined ? {} : { "X-Request-Id": id };
        return (await house.client.api("GET", "/events", { headers })).headers["x-request-id"];
      };
      expect(await ask("abc-123_DEF.9")).to.equal("abc-123_DEF.9");
      for (const bad of ["", "a b", "x".repeat(200), "<script>", "a;b"])
        expect(await ask(bad)).to.match(/^[0-9a-f-]{36}$/);
      expect(await ask()).to.not.equal(await ask());
      const refused = await house.client.api("GET", "/me", {
        headers: { "X-Request-Id": "mine" },
        expect: 401,
      });
      expect(refused.body.requestId).to.equal("mine");
    });

    it("a limited route · RateLimit and RateLimit-Policy on every answer, 429 with Retry-After in the end", async () => {
      const fan = await house.fan();
      const policy = /^"join"; ?q=60; ?w=60/;
      for (let count = 0; count < 60; count += 1) {
        const { status, headers } = await house.join(fan, show);
        expect(status).to.be.oneOf([200, 201]);
        expect(headers["ratelimit-policy"]).to.match(policy);
        expect(headers.ratelimit).to.match(new RegExp(`^"join"; ?r=${59 - count}; ?t=\\d+`));
      }
      const over = await house.client.api("POST", `/queues/${show.queueId}/tickets`, { token: fan.token });
      expect([over.status, over.body.code, over.body.retryable]).to.deep.equal([429, "RATE_LIMITED", true]);
      expect(Number(over.headers["retry-after"])).to.be.within(1, 60);
      const other = await house.join(await house.fan(), show);
      expect(other.status, "another account has a limit of its own").to.equal(201);
    });

    it("security headers · nothing may be sniffed or framed", async () => {
      const { headers } = await house.client.api("GET", "/events");
      expect(headers["x-content-type-options"]).to.equal("nosniff");
      expect(headers["content-security-policy"]).to.contain("default-src 'none'");
    });

    it("what belongs to an account · is never stored by a cache", async () => {
      const { token } = await house.fan();
      for (const path of ["/me", "/me/reservations"]) {
        const { headers } = await house.client.api("GET", path, { token, expect: 200 });
        expect(headers["cache-control"], path).to.contain("no-store");
      }
    });

    it("HEAD · as GET, without a body", async () => {
      const { status, text, headers } = await house.client.api("HEAD", `/performances/${show.id}`);
      expect([status, text]).to.deep.equal([200, ""]);
      expect(headers["content-type"]).to.match(/^application\/json/);
    });
  });

  describe("If-Match", () => {
    const patch = (etag: string | undefined, maxActive: number) =>
      house.client.api("PATCH", `/operator/queues/${show.queueId}`, {
        token: house.operatorToken,
        headers: etag === undefined ? {} : { "If-Match": etag },
        body: { maxActive },
      });

    it("of the version read · is changed, of an older one · 412 VERSION_MISMATCH and nothing changes", async () => {
      const read = await house.operator("GET", `/queues/${show.queueId}`, undefined, 200);
      const etag = read.headers.etag as string;
      expect(etag).to.match(/^"[^"]+"$/);
      const changed = await patch(etag, 77);
      expect(changed.status).to.equal(200);
      expect(changed.headers.etag).to.not.equal(etag);
      const late = await patch(etag, 78);
      expect([late.status, late.body.code]).to.deep.equal([412, "VERSION_MISMATCH"]);
      for (const wrong of ['"nonsense"', `W/${changed.headers.etag}`, '""', "1"])
        expect((await patch(wrong, 79)).status, wrong).to.equal(412);
      expect((await house.operator("GET", `/queues/${show.queueId}`)).body.maxActive).to.equal(77);
      expect((await patch(`"zzz", ${changed.headers.etag}`, 80)).status).to.equal(200);
      expect((await patch("*", 81)).status).to.equal(200);
      expect((await patch(undefined, 82)).status).to.equal(200);
    });
  });

  it("If-Match · of ten who change the same version at once · one does, nine are told 412", async () => {
    const { headers } = await house.operator("GET", `/queues/${show.queueId}`, undefined, 200);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        house.client.api("PATCH", `/operator/queues/${show.queueId}`, {
          token: house.operatorToken,
          headers: { "If-Match": headers.etag as string },
          body: { maxActive: 200 + index },
        }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, ...new Array(9).fill(412)]);
  });

  describe("durations", () => {
    it("below the bounds that hold while limits are on · 400", async () => {
      const event = await house.operator("POST", "/events", { title: "T", venue: "V" }, 201);
      const path = `/events/${event.body.id}/performances`;
      const wrong: [object, object, string][] = [
        [{ holdSeconds: 29 }, {}, "holdSeconds"],
        [{}, { arrivalSeconds: 14 }, "queue.arrivalSeconds"],
        [{}, { graceSeconds: 14 }, "queue.graceSeconds"],
        [{}, { sessionSeconds: 29 }, "queue.sessionSeconds"],
      ];
      for (const [performance, queue, field] of wrong) {
        const { status, body } = await house.operator("POST", path, newShow({ performance, queue }));
        expect([status, body.errors?.[0]?.path]).to.deep.equal([400, field]);
      }
      const queue = { arrivalSeconds: 15, graceSeconds: 15, sessionSeconds: 30 };
      await house.operator("POST", path, newShow({ performance: { holdSeconds: 30 }, queue }), 201);
    });
  });

  describe("lists", () => {
    it("every one in the document · has items and nextCursor, and refuses what is out of bounds", async () => {
      const { body: document } = await house.client.at("GET", "/openapi.json", { expect: 200 });
      type Operation = { parameters?: { name: string; in: string }[] };
      const paths = Object.entries(document.paths as Record<string, { get?: Operation }>)
        .filter(([, { get }]) => get?.parameters?.some(({ name }) => name === "cursor"))
        .map(([path]) => path);
      expect(paths).to.include.members([
        "/api/v1/events",
        "/api/v1/me/reservations",
        "/api/v1/operator/audit",
      ]);
      const token = house.operatorToken;
      for (const path of paths) {
        const { body } = await house.client.at("GET", path, { token, expect: 200 });
        expect(body, path).to.have.all.keys("items", "nextCursor");
        for (const query of ["limit=0", "limit=101", "limit=x", "cursor=!", "cursor=zzzz", "page=2"])
          await house.client.at("GET", `${path}?${query}`, { token, expect: 400 });
      }
    });

    it("limit and cursor · every item once, in order, across pages; wrong ones are 400", async () => {
      for (let count = 0; count < 4; count += 1)
        await house.operator("POST", "/events", { title: `Event ${count}`, venue: "V" }, 201);
      const whole = await house.client.api("GET", "/events?limit=100", { expect: 200 });
      expect(whole.body.nextCursor).to.equal(null);
      const seen: string[] = [];
      let cursor: string | null = "";
      while (cursor !== null) {
        const query: string = cursor === "" ? "limit=2" : `limit=2&cursor=${cursor}`;
        const { body } = await house.client.api("GET", `/events?${query}`, { expect: 200 });
        expect(body).to.have.all.keys("items", "nextCursor");
        expect(body.items.length).to.be.within(1, 2);
        seen.push(...body.items.map(({ id }: { id: string }) => id));
        cursor = body.nextCursor;
      }
      expect(seen).to.deep.equal(whole.body.items.map(({ id }: { id: string }) => id));
      for (const query of [
        "limit=0",
        "limit=101",
        "limit=x",
        "limit=1.5",
        "cursor=!",
        "cursor=zzzz",
        "page=2",
      ]) {
        const { status, body } = await house.client.api("GET", `/events?${query}`);
        expect([query, status, body.code]).to.deep.equal([query, 400, "VALIDATION_FAILED"]);
      }
      const foreign = Buffer.from(randomUUID()).toString("base64url");
      expect((await house.client.api("GET", `/events?cursor=${foreign}`)).status).to.be.oneOf([200, 400]);
      const { body } = await house.client.api("GET", "/events", { expect: 200 });
      expect(body.items.length).to.be.at.most(20);
    });
  });
});

const json = { "Content-Type": "application/json" };

/** Sends bytes and reads until the other side has closed, or until what it said has `enough`. */
function rawly(house: House, request: string, enough?: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(new URL(house.client.url).port), "127.0.0.1", () =>
      socket.write(request),
    );
    let answer = "";
    socket.setTimeout(5_000, () => socket.destroy(new Error("the connection was not ended")));
    socket.setEncoding("utf8").on("data", (text: string) => {
      answer += text;
      if (enough?.test(answer)) socket.destroy();
    });
    socket.on("error", reject);
    socket.on("end", () => socket.end());
    socket.on("close", () => resolve(answer));
  });
}
