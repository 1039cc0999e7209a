import { expect } from "chai";
import Joi from "joi";
import request from "supertest";
import { ERRORS, type ErrorCode, Problem } from "../../../src/platform/errors.ts";
import { unavailable } from "../../../src/platform/http/availability.ts";
import type { Reply, RequestContext } from "../../../src/platform/http/route.ts";
import { isDatabaseAway } from "../../../src/platform/postgres.ts";
import { echo, type Served, serve } from "./harness.ts";

const throws = (path: string, fault: () => unknown) =>
  echo({
    method: "get",
    path,
    handler: (): Promise<Reply> => {
      throw fault();
    },
  });
const rejects = (path: string, fault: () => unknown) =>
  echo({ method: "get", path, handler: () => Promise.reject(fault()) });

describe("errors", () => {
  let served: Served;

  before(async () => {
    served = await serve({
      classifyFault: (fault) => (isDatabaseAway(fault) ? unavailable("database", fault) : null),
      routes: [
        throws("/throws", () => new Error("the password is hunter2")),
        rejects("/rejects", () => new TypeError("x is not a function")),
        rejects("/text", () => "just a text"),
        rejects("/undefined", () => undefined),
        rejects("/store", () => Object.assign(new Error("connect refused"), { code: "ECONNREFUSED" })),
        throws("/busy", () => new Problem("BUSY", { retryAfterSeconds: 3.2 })),
        throws(
          "/taken",
          () => new Problem("SEAT_TAKEN", { extensions: { seats: [{ id: "a", ordinal: 1, state: "H" }] } }),
        ),
        throws(
          "/detail",
          () =>
            new Problem("VALIDATION_FAILED", {
              detail: "a is needed",
              errors: [{ path: "a", message: "a is needed" }],
            }),
        ),
        echo({
          method: "get",
          path: "/late",
          handler: async ({ res }: RequestContext) => {
            res.statusCode = 200;
            res.write("half");
            res.end();
            throw new Error("after the answer");
          },
        }),
        ...(Object.keys(ERRORS) as ErrorCode[]).map((code) =>
          throws(`/codes/${code}`, () => new Problem(code)),
        ),
        echo({ method: "get", path: "/fine", query: Joi.object({ token: Joi.string() }) }),
      ],
    });
  });
  after(() => served.close());

  const get = (path: string) => request(served.url).get(path);

  it("every code of the catalogue · is answered as an RFC 9457 problem", async () => {
    for (const [code, { status, title, retryable }] of Object.entries(ERRORS)) {
      const response = await get(`/codes/${code}`).set("X-Request-Id", "abc");
      expect(response.status, code).to.equal(status);
      expect(response.headers["content-type"]).to.equal("application/problem+json; charset=utf-8");
      expect(response.headers["cache-control"]).to.equal("no-store");
      expect(response.body).to.deep.equal({
        type: `/docs/errors#${code}`,
        title,
        status,
        detail: title,
        instance: `/codes/${code}`,
        code,
        retryable,
        requestId: "abc",
        // Always says what was wrong, if only the request as a whole.
        ...(code === "VALIDATION_FAILED" ? { errors: [{ path: "", message: title }] } : {}),
      });
      expect("retry-after" in response.headers, code).to.equal(status === 429 || status === 503);
      expect("www-authenticate" in response.headers, code).to.equal(status === 401);
    }
  });

  it("a problem with a detail, fields and members of its own · carries them", async () => {
    expect((await get("/taken")).body.seats).to.deep.equal([{ id: "a", ordinal: 1, state: "H" }]);
    const { detail, errors } = (await get("/detail")).body;
    expect({ detail, errors }).to.deep.equal({
      detail: "a is needed",
      errors: [{ path: "a", message: "a is needed" }],
    });
  });

  it("Retry-After · is in whole seconds, rounded up", async () => {
    expect((await get("/busy")).headers["retry-after"]).to.equal("4");
  });

  it("any other fault · is 500 INTERNAL, says nothing of itself, and is logged with the request id", async () => {
    for (const path of ["/throws", "/rejects", "/text", "/undefined"]) {
      const before = served.log.lines.length;
      const response = await get(path).set("X-Request-Id", `id${path.slice(1)}`);
      expect([response.status, response.body.code], path).to.deep.equal([500, "INTERNAL"]);
      expect(response.text).to.not.match(/hunter2|not a function|\bat .+:\d+:\d+|\.ts\b/);
      const line = served.log.lines.slice(before).find(({ level }) => level === "error");
      expect(line?.fields.requestId, path).to.equal(`id${path.slice(1)}`);
    }
  });

  it("a store's fault · is 503 with Retry-After, and its cause is logged", async () => {
    const before = served.log.lines.length;
    const response = await get("/store");
    expect([response.status, response.body.code]).to.deep.equal([503, "DATABASE_UNAVAILABLE"]);
    expect(Number(response.headers["retry-after"])).to.be.at.least(1);
    expect(response.text).to.not.include("refused");
    const line = served.log.lines.slice(before).find(({ level }) => level === "error");
    expect(line?.fields.fault).to.be.an("error").with.property("message", "connect refused");
  });

  it("a refusal · is not logged as an error", async () => {
    const before = served.log.lines.length;
    await get("/taken");
    expect(served.log.lines.slice(before).filter(({ level }) => level === "error")).to.deep.equal([]);
  });

  it("a fault after the answer has begun · ends in the log, not in the answer", async () => {
    const response = await get("/late");
    expect([response.status, response.text]).to.deep.equal([200, "half"]);
  });

  describe("X-Request-Id", () => {
    it("a sane one · comes back", async () => {
      for (const id of ["abc", "0198c0de-0000-7000-8000-000000000000", "A.b_c-1", "x".repeat(128)]) {
        expect((await get("/fine").set("X-Request-Id", id)).headers["x-request-id"]).to.equal(id);
      }
    });

    it("none, or one that is not sane · is replaced by one of ours, also in errors", async () => {
      for (const id of ["", "a b", "x".repeat(129), "<script>", "a;b", "é"]) {
        const call = get("/nothing");
        const response = await (id === "é"
          ? call.set("X-Request-Id", Buffer.from(id).toString("latin1"))
          : call.set("X-Request-Id", id));
        expect(response.headers["x-request-id"], id).to.match(/^[0-9a-f-]{36}$/);
        expect(response.body.requestId).to.equal(response.headers["x-request-id"]);
      }
      const [first, second] = [await get("/fine"), await get("/fine")];
      expect(first.headers["x-request-id"]).to.not.equal(second.headers["x-request-id"]);
    });
  });

  it("the log line of a request · has its id and path, and no query", async () => {
    await get("/fine?token=a-secret-token")
      .set("X-Request-Id", "logged")
      .set("Authorization", "Bearer another-secret");
    const line = served.log.lines.find(({ fields }) => fields.requestId === "logged");
    expect(line?.fields).to.include({ method: "GET", path: "/fine", status: 200 });
    expect(JSON.stringify(served.log.lines)).to.not.match(/a-secret-token|another-secret/);
  });

  it("every answer · carries the headers that keep browsers from harm, and no word of Express", async () => {
    for (const path of ["/fine", "/throws", "/nothing"]) {
      const { headers } = await get(path);
      expect(headers["content-security-policy"], path).to.equal("default-src 'none';frame-ancestors 'none'");
      expect(headers["x-content-type-options"]).to.equal("nosniff");
      expect(headers).to.not.have.property("x-powered-by");
    }
  });
});
