import { expect } from "chai";
import Joi from "joi";
import request from "supertest";
import { echo, exchange, type Served, serve } from "./harness.ts";

const id = Joi.object({ id: Joi.string().required() });

describe("methods and paths", () => {
  let served: Served;

  before(async () => {
    served = await serve({
      routes: [
        echo({ method: "get", path: "/api/v1/things/:id", params: id }),
        echo({
          method: "delete",
          path: "/api/v1/things/:thing",
          params: Joi.object({ thing: Joi.string().required() }),
        }),
        echo({ method: "post", path: "/api/v1/things", body: Joi.object({}), access: "account" }),
      ],
    });
  });
  after(() => served.close());

  it("HEAD · of a path with GET · answers its headers and no body", async () => {
    const head = await request(served.url).head("/api/v1/things/1");
    const get = await request(served.url).get("/api/v1/things/1");
    expect(head.status).to.equal(200);
    expect(head.text ?? "").to.equal("");
    expect(head.headers["content-length"]).to.equal(get.headers["content-length"]);
    expect(head.headers["content-type"]).to.equal(get.headers["content-type"]);
  });

  it("HEAD · of a path that is not there · answers 404 and no body", async () => {
    const response = await request(served.url).head("/api/v1/nothing");
    expect([response.status, response.text ?? ""]).to.deep.equal([404, ""]);
    expect(response.headers["content-type"]).to.match(/^application\/problem\+json/);
  });

  it("OPTIONS · of a known path · answers 204 and the methods, without a token", async () => {
    const response = await request(served.url).options("/api/v1/things");
    expect(response.status).to.equal(204);
    expect(response.headers.allow).to.equal("POST, OPTIONS");
  });

  it("OPTIONS · from another site · allows it nothing", async () => {
    const response = await request(served.url)
      .options("/api/v1/things")
      .set("Origin", "https://elsewhere.example")
      .set("Access-Control-Request-Method", "POST");
    expect(Object.keys(response.headers).filter((name) => name.startsWith("access-control"))).to.deep.equal(
      [],
    );
  });

  it("another method · answers 405 with Allow, also across routes that name the parameter differently", async () => {
    for (const method of ["put", "patch", "post"] as const) {
      const response = await request(served.url)[method]("/api/v1/things/1");
      expect([response.status, response.body.code], method).to.deep.equal([405, "METHOD_NOT_ALLOWED"]);
      expect(response.headers.allow).to.equal("GET, HEAD, DELETE, OPTIONS");
    }
    expect((await request(served.url).head("/api/v1/things")).status).to.equal(405);
  });

  it("a method nobody heard of · gets an answer and no stack trace", async () => {
    for (const method of ["TRACE", "PROPFIND", "FOO"]) {
      const answer = await exchange(served.port, [
        `${method} /api/v1/things/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      ]);
      expect(answer, method).to.match(/^HTTP\/1.1 40[05] /);
      expect(answer).to.not.match(/\bat .+:\d+:\d+/);
    }
  });

  it("an unknown path · under /api and elsewhere · is 404 problem JSON", async () => {
    for (const path of [
      "/api/v1/nothing",
      "/api",
      "/",
      "/nothing.html",
      "/api/v1/things/1/more",
      "/API/v1/things/1",
      "//",
    ]) {
      const response = await request(served.url).get(path).set("Accept", "text/html");
      expect([response.status, response.body.code], path).to.deep.equal([404, "NOT_FOUND"]);
      expect(response.headers["content-type"]).to.match(/^application\/problem\+json/);
      expect(response.body.instance).to.equal(path);
    }
  });

  it("what is observed · names the route, never the path", async () => {
    await request(served.url).get("/api/v1/things/a-secret");
    await request(served.url).put("/api/v1/things/a-secret");
    await request(served.url).get("/a-secret");
    expect(served.observed.slice(-3)).to.deep.equal([
      { method: "GET", route: "/api/v1/things/:id", status: 200 },
      { method: "PUT", route: "/api/v1/things/:id", status: 405 },
      { method: "GET", route: "none", status: 404 },
    ]);
  });
});
