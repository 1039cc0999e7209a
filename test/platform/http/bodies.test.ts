import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { expect } from "chai";
import Joi from "joi";
import request from "supertest";
import { echo, exchange, type Served, serve } from "./harness.ts";

const LIMIT = 64 * 1024;
const form = Joi.object({
  name: Joi.string().required(),
  count: Joi.number().integer().min(1),
  nested: Joi.object({ flag: Joi.boolean() }),
  list: Joi.array().items(Joi.number().integer()),
});

describe("request bodies", () => {
  let served: Served;

  before(async () => {
    served = await serve({
      routes: [
        echo({ method: "post", path: "/form", body: form }),
        echo({
          method: "post",
          path: "/optional",
          body: form.fork("name", (name) => name.optional()),
          bodyOptional: true,
        }),
        echo({ method: "post", path: "/raw", rawBody: true }),
        echo({
          method: "get",
          path: "/page",
          query: Joi.object({ limit: Joi.number().integer().max(100).default(20) }),
        }),
        echo({
          method: "get",
          path: "/things/:id",
          params: Joi.object({ id: Joi.string().uuid().required() }),
        }),
      ],
    });
  });
  after(() => served.close());

  const post = (path: string) => request(served.url).post(path);
  const json = (path: string) => post(path).set("Content-Type", "application/json");

  describe("form", () => {
    it("fields as documented · are handed on unchanged", async () => {
      const body = { name: " a ", count: 2, nested: { flag: true }, list: [1] };
      const response = await json("/form").send(body);
      expect(response.status).to.equal(200);
      expect(response.body.body).to.deep.equal(body);
    });

    it("several wrong fields · are listed each with its path", async () => {
      const response = await json("/form").send({
        count: 0.5,
        nested: { flag: 1 },
        list: [1, "b"],
        extra: 1,
      });
      expect(response.status).to.equal(400);
      const paths = response.body.errors.map(({ path }: { path: string }) => path);
      expect(paths).to.have.members(["name", "count", "count", "nested.flag", "list.1", "extra"]);
      expect(response.body.errors[0].message).to.be.a("string").that.does.not.include('"');
    });

    it("a number as a string · is refused, not converted", async () => {
      expect((await json("/form").send({ name: "a", count: "2" })).status).to.equal(400);
    });

    it("unknown fields · anywhere · are refused by name", async () => {
      for (const [path, body] of Object.entries({
        extra: { name: "a", extra: 1 },
        "nested.extra": { name: "a", nested: { extra: 1 } },
        constructor: JSON.parse('{"name":"a","constructor":{}}'),
      })) {
        const response = await json("/form").send(body);
        expect(response.status, path).to.equal(400);
        expect(response.body.errors[0].path).to.equal(path);
      }
    });

    it("__proto__ · in a body · is refused like any unknown field, and reaches nothing", async () => {
      const response = await json("/form").send('{"name":"a","__proto__":{"count":1}}');
      expect([response.status, response.body.errors?.[0]?.path]).to.deep.equal([400, "__proto__"]);
      expect(({} as { count?: number }).count).to.equal(undefined);
    });

    it("a body that is no object · is refused", async () => {
      for (const text of ["null", "1", '"text"', "[]", "true"]) {
        expect((await json("/form").send(text)).status, text).to.equal(400);
      }
    });

    it("thousands of wrong items · are not all listed", async () => {
      const response = await json("/form").send({ name: "a", list: Array(20_000).fill("") });
      expect(response.status).to.equal(400);
      expect(response.body.errors).to.have.length(1);
    });

    it("deeply nested arrays · are refused like any other wrong body", async () => {
      const response = await json("/form").send(`{"name":${"[".repeat(30_000)}${"]".repeat(30_000)}}`);
      expect([response.status, response.body.code]).to.deep.equal([400, "VALIDATION_FAILED"]);
    });
  });

  describe("JSON", () => {
    it("malformed · answers 400 MALFORMED_JSON without echoing it", async () => {
      for (const text of [
        "{",
        '{"name":"a",}',
        "{'name':1}",
        "\u0000",
        '{"name": "secret-text" oops}',
        "NaN",
      ]) {
        const response = await json("/form").send(text);
        expect([response.status, response.body.code], text).to.deep.equal([400, "MALFORMED_JSON"]);
        expect(response.text).to.not.include("secret-text");
      }
    });

    it("a JSON type with parameters or of a vendor · is taken", async () => {
      for (const type of [
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "application/vnd.api+json",
      ]) {
        const response = await post("/form")
          .set("Content-Type", type)
          .serialize((value) => value as unknown as string)
          .send('{"name":"é"}');
        expect(response.status, type).to.equal(200);
        expect(response.body.body.name).to.equal("é");
      }
    });

    it("another type, none at all, or another character set · answers 415", async () => {
      const types = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
      ];
      for (const type of [...types, "application/json; charset=latin1"]) {
        const response = await post("/form").set("Content-Type", type).send('{"name":"a"}');
        expect([response.status, response.body.code], type).to.deep.equal([415, "UNSUPPORTED_MEDIA_TYPE"]);
      }
      const head = "POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n";
      expect(await exchange(served.port, [head, "{}"])).to.match(/^HTTP\/1.1 415 /);
    });

    it("a compressed body · answers 415", async () => {
      const text = JSON.stringify({ name: "a" });
      for (const [encoding, bytes] of Object.entries({
        gzip: gzipSync(text),
        deflate: deflateSync(text),
        br: brotliCompressSync(text),
        unknown: Buffer.from(text),
      })) {
        for (const path of ["/form", "/raw"]) {
          const response = await json(path)
            .set("Content-Encoding", encoding)
            .serialize((value) => value)
            .send(bytes);
          expect([response.status, response.body.code], `${encoding} ${path}`).to.deep.equal([
            415,
            "UNSUPPORTED_MEDIA_TYPE",
          ]);
        }
      }
    });
  });

  describe("absence", () => {
    it("no body where one is needed · answers 400", async () => {
      const response = await post("/form");
      expect([response.status, response.body.code]).to.deep.equal([400, "VALIDATION_FAILED"]);
    });

    it("no body where it may be left out · is an empty object", async () => {
      const response = await post("/optional");
      expect([response.status, response.body.body]).to.deep.equal([200, {}]);
    });

    it("no bytes where bytes are taken · are an empty buffer", async () => {
      const response = await post("/raw");
      expect([response.status, response.body.raw]).to.deep.equal([200, ""]);
    });
  });

  describe("size", () => {
    const ofLength = (length: number) => JSON.stringify({ name: "x".repeat(length - '{"name":""}'.length) });

    it("exactly 64 KiB · is taken", async () => {
      expect((await json("/form").send(ofLength(LIMIT))).status).to.equal(200);
      expect((await post("/raw").set("Content-Type", "text/plain").send("x".repeat(LIMIT))).status).to.equal(
        200,
      );
    });

    it("one byte more · answers 413, with bytes as with JSON", async () => {
      for (const path of ["/form", "/raw"]) {
        const response = await json(path).send(ofLength(LIMIT + 1));
        expect([response.status, response.body.code], path).to.deep.equal([413, "BODY_TOO_LARGE"]);
      }
    });

    it("a huge size announced · answers 413 before any of it is sent", async () => {
      for (const path of ["/form", "/raw"]) {
        const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9000000000\r\n\r\n`;
        const answer = await exchange(served.port, [head], /"requestId"/);
        expect(answer, path).to.match(/^HTTP\/1.1 413 /);
        expect(answer).to.include("application/problem+json").and.include("BODY_TOO_LARGE");
      }
    });

    it("in chunks, without a size · is counted and answers 413", async () => {
      const head =
        "POST /form HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
      const chunk = `4000\r\n${"x".repeat(0x4000)}\r\n`;
      const answer = await exchange(served.port, [head, chunk, chunk, chunk, chunk, chunk, "0\r\n\r\n"]);
      expect(answer)
        .to.match(/^HTTP\/1.1 413 /)
        .and.include("BODY_TOO_LARGE");
    });

    it("in chunks, small · is read as any other", async () => {
      const head =
        "POST /form HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
      const answer = await exchange(served.port, [head, '7\r\n{"name"\r\n5\r\n:"a"}\r\n0\r\n\r\n']);
      expect(answer)
        .to.match(/^HTTP\/1.1 200 /)
        .and.include('"name":"a"');
    });

    it("after a refusal · the connection serves the next request", async () => {
      const large = "x".repeat(LIMIT + 10);
      const first = `POST /form HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${large.length}\r\n\r\n`;
      const second = "GET /page HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
      const answer = await exchange(served.port, [first, large, second]);
      expect(answer.match(/HTTP\/1.1 \d+/g)).to.deep.equal(["HTTP/1.1 413", "HTTP/1.1 200"]);
    });
  });

  describe("query and path", () => {
    it("numbers in a query · are read as numbers, and defaults filled in", async () => {
      expect((await request(served.url).get("/page?limit=7")).body.query).to.deep.equal({ limit: 7 });
      expect((await request(served.url).get("/page")).body.query).to.deep.equal({ limit: 20 });
    });

    it("a wrong, repeated or unknown parameter · answers 400 with its name", async () => {
      for (const query of ["limit=x", "limit=101", "limit=1&limit=2", "limit[]=1", "other=1"]) {
        const response = await request(served.url).get(`/page?${query}`);
        expect([response.status, response.body.code], query).to.deep.equal([400, "VALIDATION_FAILED"]);
      }
      expect((await request(served.url).get("/page?other=1")).body.errors[0].path).to.equal("other");
    });

    it("an id of the wrong form · is 404 like one that names nothing", async () => {
      for (const id of ["1", "not-a-uuid", "%00", "0198c0de-0000-7000-8000-00000000000g"]) {
        const response = await request(served.url).get(`/things/${id}`);
        expect([response.status, response.body.code], id).to.deep.equal([404, "NOT_FOUND"]);
      }
    });

    it("a malformed escape in the path · answers 400", async () => {
      const answer = await exchange(served.port, [
        "GET /things/%E0%A4%A HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
      ]);
      expect(answer)
        .to.match(/^HTTP\/1.1 400 /)
        .and.include("VALIDATION_FAILED");
    });
  });
});
